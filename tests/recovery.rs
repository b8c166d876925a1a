//! Killed at any instant, the next run converges: every state that Helm can be left in.

mod lost_kind;
mod old;
mod removed;

use std::slice;

use serde_json::json;
use testbed::tools::Tool;

use self::old::{Old, RELEASE};
use crate::{
    objects::{config_map, held, hook, objects, refused, stuck},
    site::HELMS,
};

#[test]
fn what_was_never_there_is_installed() {
    for_both(|old| {
        old.deploy(&[config_map("a")]);
        old.revisions_are(&[(1, "deployed")]);
    });
}

#[test]
fn a_deployed_release_is_upgraded() {
    for_both(|old| {
        old.up(&[config_map("a"), config_map("b")])
            .deploy(&[config_map("a")]);
        old.revisions_are(&[(1, "superseded"), (2, "deployed")]);
    });
}

#[test]
fn a_failed_upgrade_is_undone_and_what_only_it_made_goes() {
    for_both(|old| {
        old.up(&[config_map("a")]);
        old.fails(&[config_map("a"), config_map("b"), refused("c")])
            .is_left("failed");
        old.deploy(&[config_map("a")])
            .says("failed; rolling back to revision 1");
    });
}

#[test]
fn what_two_failed_upgrades_in_a_row_made_goes() {
    for_both(|old| {
        old.up(&[config_map("a")]);
        old.fails(&[config_map("a"), config_map("b"), refused("c")]);
        old.fails(&[config_map("a"), config_map("d"), refused("c")])
            .is_left("failed");
        old.deploy(&[config_map("a")]);
    });
}

#[test]
fn a_failed_install_is_done_anew_with_its_install_hooks() {
    for_both(|old| {
        let hook = hook("prepare", "pre-install", "");
        old.fails(&[hook.clone(), config_map("b"), refused("c")])
            .is_left("failed");
        let before = old.uid("Job", "prepare");
        old.deploy(&[hook, config_map("a")])
            .says("failed; removing it and installing it anew");
        assert_ne!(old.uid("Job", "prepare"), before);
        old.revisions_are(&[(1, "deployed")]);
    });
}

#[test]
fn an_install_that_was_killed_is_done_anew() {
    for_both(|old| {
        old.is_killed(&[config_map("b"), stuck("c")])
            .is_left("pending-install");
        old.deploy(&[config_map("a")])
            .says("pending-install; removing it");
    });
}

#[test]
fn an_upgrade_that_was_killed_is_undone_and_what_only_it_made_goes() {
    for_both(|old| {
        old.up(&[config_map("a")]);
        old.is_killed(&[config_map("a"), config_map("b"), stuck("c")])
            .is_left("pending-upgrade");
        old.deploy(&[config_map("a")])
            .says("pending-upgrade; rolling back to revision 1");
    });
}

#[test]
fn an_upgrade_over_a_failed_install_that_was_killed_is_done_anew() {
    for_both(|old| {
        old.fails(&[config_map("b"), refused("c")]);
        old.is_killed(&[config_map("d"), stuck("e")])
            .is_left("pending-upgrade");
        old.deploy(&[config_map("a")])
            .says("pending-upgrade; removing it");
    });
}

#[test]
fn an_upgrade_that_was_killed_after_the_deployed_revision_was_lost_is_undone() {
    for_both(|old| {
        old.up(&[config_map("a")]).up(&[config_map("a")]);
        old.is_killed(&[config_map("a"), config_map("b"), stuck("c")]);
        old.forget(2);
        old.deploy(&[config_map("a")])
            .says("pending-upgrade; rolling back to revision 1");
    });
}

#[test]
fn a_rollback_that_fails_once_costs_nothing_of_what_is_up() {
    for_both(|old| {
        old.up(&[config_map("a")]);
        let uid = old.uid("ConfigMap", "a");
        old.is_killed(&[config_map("a"), config_map("b"), stuck("c")]);
        old.deploy_by(&old.clumsy(), &[config_map("a")])
            .says("hey-new: no leader");
        assert_eq!(old.uid("ConfigMap", "a"), uid);
    });
}

#[test]
fn a_rollback_that_broke_off_is_done_anew() {
    for_both(|old| {
        let failing = hook("undo", "pre-rollback", "testbed/fail");
        old.up(&[config_map("a"), failing])
            .up(&[config_map("a"), config_map("b")]);
        old.helm_fails(&["rollback", RELEASE, "1"])
            .is_left("pending-rollback");
        old.deploy(&[config_map("a")])
            .says("pending-rollback; rolling back to revision 2");
    });
}

/// Helm marks all other revisions as superseded then, the one that is up among them.
#[test]
fn a_rollback_that_the_cluster_refused_costs_nothing_of_what_is_up() {
    for_both(|old| {
        let [red, blue] = ["red", "blue"].map(|color| {
            let mut mine = config_map("a");
            mine["data"] = json!({"color": color});
            mine
        });
        old.up(slice::from_ref(&red)).up(slice::from_ref(&blue));
        let fixed = json!({"immutable": true});
        old.site.namespace.patch("ConfigMap", "a", &fixed);
        old.helm_fails(&["rollback", RELEASE, "1"]);
        old.revisions_are(&[(1, "superseded"), (2, "superseded"), (3, "failed")]);
        let uid = old.uid("ConfigMap", "a");
        old.deploy(&[blue])
            .says("failed; rolling back to revision 2");
        assert_eq!(old.uid("ConfigMap", "a"), uid);
    });
}

#[test]
fn an_install_over_a_kept_history_that_failed_is_done_anew_with_its_install_hooks() {
    for_both(|old| {
        old.up(&[config_map("a")])
            .helm(&["uninstall", RELEASE, "--keep-history"]);
        let hook = hook("prepare", "pre-install", "");
        old.fails(&[hook.clone(), config_map("b"), refused("c")]);
        old.revisions_are(&[(1, "superseded"), (2, "failed")]);
        let before = old.uid("Job", "prepare");
        old.deploy(&[hook, config_map("a")])
            .says("failed; removing it and installing it anew");
        assert_ne!(old.uid("Job", "prepare"), before);
    });
}

#[test]
fn what_a_killed_upgrade_made_goes_even_if_its_rollback_broke_off() {
    for_both(|old| {
        let failing = hook("undo", "pre-rollback", "testbed/fail");
        old.up(&[config_map("a"), failing]);
        old.is_killed(&[config_map("a"), config_map("b"), stuck("c")]);
        old.helm_fails(&["rollback", RELEASE, "1"])
            .is_left("pending-rollback");
        let uid = old.uid("ConfigMap", "a");
        old.deploy(&[config_map("a")]);
        // By a rollback without the hook that fails, and not by a new install.
        assert_eq!(old.uid("ConfigMap", "a"), uid);
    });
}

#[test]
fn what_an_upgrade_made_in_the_middle_of_which_somebody_rolled_back_goes() {
    for_both(|old| {
        let (first, second) = (config_map("a"), config_map("b"));
        old.is_rolled_back_in_the_middle(slice::from_ref(&first), &[second]);
        old.deploy(&[first]);
    });
}

/// Helm says that it succeeded, and wrote down nothing.
#[test]
fn a_deploy_whose_release_is_uninstalled_meanwhile_fails_and_what_it_made_goes() {
    for_both(|old| {
        let migrate = hook("migrate", "pre-install", "testbed/hold");
        let site = &old.site;
        for then in ["deployed", "swept"] {
            let deploy = site.helm_apply(old.tool, site.push("new"));
            let deploy = deploy.release(&objects(&[migrate.clone(), config_map("b")]));
            let running = deploy.start();
            let pod = site.wait_for_pod();
            old.helm(&["uninstall", RELEASE]).let_go(&pod);
            let ran = running.end().ends_with(1);
            ran.says("Helm reports a success, but its storage does not: no record");
            assert!(site.namespace.find("ConfigMap", "b").is_some());
            if then == "deployed" {
                old.deploy(&[config_map("a")]);
                old.helm(&["uninstall", RELEASE]);
            } else {
                site.repository.delete_branch("new");
                old.sweep();
            }
        }
    });
}

/// Helm fails and knows nothing of the release any more, of which it made a part.
#[test]
fn an_upgrade_whose_release_is_uninstalled_meanwhile_fails_and_what_it_made_goes() {
    for_both(|old| {
        let migrate = hook("migrate", "pre-upgrade", "testbed/hold");
        let site = &old.site;
        for then in ["deployed", "swept"] {
            old.deploy(&[config_map("a")]);
            let deploy = site.helm_apply(old.tool, site.push("new"));
            let deploy = deploy.release(&objects(&[migrate.clone(), config_map("b")]));
            let running = deploy.start();
            let pod = site.wait_for_pod();
            old.helm(&["uninstall", RELEASE]).let_go(&pod);
            let ran = running.end().ends_with(1);
            assert!(site.is_free(RELEASE), "{then}: {ran}");
            let made = site.namespace.find("ConfigMap", "b");
            assert!(made.is_some(), "{then}: Helm made nothing: {ran}");
            if then == "deployed" {
                old.deploy(&[config_map("c")]);
            } else {
                site.repository.delete_branch("new");
                old.sweep();
            }
        }
    });
}

#[test]
fn a_removal_that_broke_off_is_ended_before_the_release_is_installed() {
    for_both(|old| {
        let failing = hook("drain", "pre-delete", "testbed/fail");
        old.up(&[config_map("b"), failing]);
        old.helm_fails(&["uninstall", RELEASE])
            .is_left("uninstalling");
        old.deploy(&[config_map("a")])
            .says("once more, without hooks");
        old.revisions_are(&[(1, "deployed")]);
    });
}

/// The older revision is `deployed` still, so that Helm would upgrade it in the middle of its removal.
#[test]
fn a_removal_of_a_failed_upgrade_that_broke_off_is_ended_first() {
    for_both(|old| {
        let failing = hook("drain", "pre-delete", "testbed/fail");
        old.up(&[config_map("b")]);
        old.fails(&[config_map("c"), refused("x"), failing]);
        old.helm_fails(&["uninstall", RELEASE]);
        old.revisions_are(&[(1, "deployed"), (2, "uninstalling")]);
        old.deploy(&[config_map("a")])
            .says("once more, without hooks");
        old.revisions_are(&[(1, "deployed")]);
    });
}

#[test]
fn a_removed_release_whose_history_was_kept_is_installed() {
    for_both(|old| {
        old.up(&[config_map("b")])
            .helm(&["uninstall", RELEASE, "--keep-history"]);
        old.is_left("uninstalled").deploy(&[config_map("a")]);
        old.revisions_are(&[(1, "superseded"), (2, "deployed")]);
    });
}

#[test]
fn a_release_with_nothing_but_superseded_revisions_is_upgraded() {
    for_both(|old| {
        old.up(&[config_map("a")]).up(&[config_map("a")]).forget(2);
        old.is_left("superseded").deploy(&[config_map("a")]);
    });
}

#[test]
fn a_status_that_nobody_can_interpret_is_reported_and_left_alone() {
    for_both(|old| {
        old.up(&[config_map("b")]).mark("unknown");
        let site = &old.site;
        let ran = site
            .helm_apply(old.tool, site.push("new"))
            .release(&objects(&[]))
            .run();
        ran.says("its newest revision has the status `unknown`")
            .ends_with(1);
        old.revisions_are(&[(1, "unknown")]);
        assert_eq!(
            site.namespace.objects("ConfigMap"),
            ["b", "kube-root-ca.crt"]
        );
    });
}

#[test]
fn an_environment_may_change_between_helm_3_and_4() {
    let mut old = Old::new(Tool::Helm3);
    for (tool, objects) in [
        (Tool::Helm3, ["a", "b"]),
        (Tool::Helm4, ["a", "c"]),
        (Tool::Helm3, ["a", "d"]),
    ] {
        old.tool = tool;
        old.deploy(&objects.map(config_map));
    }
}

#[test]
fn a_field_that_somebody_edited_is_overcome() {
    for_both(|old| {
        let mut mine = config_map("a");
        mine["data"] = json!({"color": "blue"});
        old.deploy(&[mine.clone()]);
        old.site
            .namespace
            .patch("ConfigMap", "a", &json!({"data": {"color": "red"}}));
        old.deploy(&[mine]);
        assert_eq!(
            old.site.namespace.get("ConfigMap", "a")["data"]["color"],
            "blue"
        );
    });
}

#[test]
fn a_field_that_somebody_edited_is_no_hindrance_to_the_way_back() {
    for_both(|old| {
        let mut mine = config_map("a");
        mine["data"] = json!({"color": "blue"});
        old.deploy(&[mine.clone()]);
        let namespace = &old.site.namespace;
        let edit = json!({"data": {"color": "red"}});
        namespace.patch("ConfigMap", "a", &edit);
        old.fails(&[mine.clone(), config_map("b"), refused("c")]);
        namespace.patch("ConfigMap", "a", &edit);
        let uid = old.uid("ConfigMap", "a");
        let ran = old.is_left("failed").deploy(&[mine]);
        ran.says("failed; rolling back to revision 1");
        assert_eq!(old.uid("ConfigMap", "a"), uid);
        let data = &namespace.get("ConfigMap", "a")["data"];
        assert_eq!(data["color"], "blue");
    });
}

#[test]
fn objects_of_an_earlier_life_that_are_still_going_are_waited_for() {
    for_both(|old| {
        old.site.namespace.apply(&held("a").to_string());
        old.site.namespace.delete("ConfigMap", "a");
        let dying = old.uid("ConfigMap", "a");
        let site = &old.site;
        let deployment = site.push("new");
        let running = site
            .helm_apply(old.tool, deployment)
            .release(&objects(&[config_map("a")]))
            .start();
        site.repository
            .wait_for_deployment(|found| found.id == deployment && found.state().is_some());
        site.wait_for_renewals(RELEASE, 2);
        assert_eq!(old.uid("ConfigMap", "a"), dying);
        assert_eq!(site.namespace.release_revisions(RELEASE), []);
        site.namespace
            .patch("ConfigMap", "a", &json!({"metadata": {"finalizers": null}}));
        running
            .end()
            .says("ConfigMap/a of an earlier run is still going")
            .ends_with(0);
        assert_ne!(old.uid("ConfigMap", "a"), dying);
    });
}

fn for_both(test: impl Fn(&Old)) {
    for tool in HELMS {
        test(&Old::new(tool));
    }
}
