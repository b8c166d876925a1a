//! In whatever state Helm was left, a sweep of the deleted branch leaves nothing.

use super::{
    for_both,
    old::{Old, RELEASE},
};
use crate::{
    objects::{config_map, hook, refused, stuck},
    site::HELMS,
};

#[test]
fn a_release_that_is_up_is_removed() {
    for_both(|old| {
        old.up(&[config_map("a")]).up(&[config_map("b")]);
        old.is_left("deployed").sweep();
    });
}

#[test]
fn a_release_of_nothing_but_superseded_revisions_is_removed() {
    for_both(|old| {
        old.up(&[config_map("a")]).up(&[config_map("a")]).forget(2);
        old.is_left("superseded").sweep();
    });
}

#[test]
fn a_release_whose_history_alone_was_kept_is_removed() {
    for_both(|old| {
        old.up(&[config_map("a")]);
        old.helm(&["uninstall", RELEASE, "--keep-history"]);
        old.is_left("uninstalled").sweep();
    });
}

#[test]
fn a_failed_install_is_removed() {
    for_both(|old| {
        let prepare = hook("prepare", "pre-install", "");
        old.fails(&[prepare, config_map("a"), refused("b")]);
        old.is_left("failed").sweep();
    });
}

/// What only the deployed revision has, and what only the first of the failed ones made.
#[test]
fn a_release_after_failed_upgrades_is_removed() {
    for_both(|old| {
        old.up(&[config_map("a")]);
        old.fails(&[config_map("b"), refused("x")]);
        old.fails(&[config_map("c"), refused("x")]);
        old.is_left("failed").sweep();
    });
}

#[test]
fn an_install_that_was_killed_is_removed() {
    for_both(|old| {
        old.is_killed(&[config_map("a"), stuck("b")]);
        old.is_left("pending-install").sweep();
    });
}

#[test]
fn an_upgrade_that_was_killed_is_removed() {
    for_both(|old| {
        old.up(&[config_map("a")]);
        old.is_killed(&[config_map("b"), stuck("c")]);
        old.is_left("pending-upgrade").sweep();
    });
}

/// The newest revision drops what is up, and was killed before it did.
#[test]
fn an_upgrade_that_was_killed_in_its_hook_is_removed() {
    for_both(|old| {
        old.up(&[config_map("a")]);
        old.is_killed_in(
            hook("migrate", "pre-upgrade", "testbed/hold"),
            &[config_map("b")],
        );
        old.is_left("pending-upgrade").sweep();
    });
}

/// The newest revision goes back to what the first had, and broke off before it did.
#[test]
fn a_rollback_that_broke_off_is_removed() {
    for_both(|old| {
        let failing = hook("undo", "pre-rollback", "testbed/fail");
        old.up(&[config_map("a"), failing]).up(&[config_map("b")]);
        old.helm_fails(&["rollback", RELEASE, "1"]);
        old.is_left("pending-rollback").sweep();
    });
}

#[test]
fn a_removal_that_broke_off_is_ended() {
    for_both(|old| {
        let failing = hook("drain", "pre-delete", "testbed/fail");
        old.up(&[config_map("a"), failing]);
        old.helm_fails(&["uninstall", RELEASE]);
        old.is_left("uninstalling").sweep();
    });
}

#[test]
fn a_release_with_two_deployed_revisions_is_removed() {
    for_both(|old| {
        old.is_rolled_back_in_the_middle(&[config_map("a")], &[config_map("b")]);
        old.sweep();
    });
}

#[test]
fn a_release_whose_status_nobody_can_interpret_is_named_and_left_alone() {
    for_both(|old| {
        old.up(&[config_map("a")]).mark("unknown");
        let all = old.site.namespace.inventory();
        let ran = old.site.sweep_deleted(old.tool, "new").run();
        ran.says("the release hey-new has the status `unknown`, which nobody can interpret")
            .ends_with(1);
        let left = old.site.namespace.inventory();
        let left: Vec<_> = left
            .into_iter()
            .filter(|it| it != "Lease/hey-new")
            .collect();
        assert_eq!(left, all);
    });
}

#[test]
fn what_helm_3_left_is_removed_by_helm_4_and_the_other_way_round() {
    for [left_by, removed_by] in [HELMS, [HELMS[1], HELMS[0]]] {
        let mut old = Old::new(left_by);
        old.up(&[config_map("a")]);
        old.is_killed(&[config_map("b"), stuck("c")]);
        old.tool = removed_by;
        old.sweep();
    }
}
