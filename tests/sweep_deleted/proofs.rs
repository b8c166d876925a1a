//! What is swept, and what it takes.

use serde_json::{Value, json};
use testbed::{
    faults::{Effect, Gate, Matcher},
    github::DeploymentState::{InProgress, Inactive, Success},
    tools::Tool::{Helm3, Helm4},
};

use super::{ENVIRONMENT, deleted, is_empty, up};
use crate::site::{Program, Site};

const BRANCH: &str = "/repos/*/*/git/ref/heads/new";
const DEFAULT: &str = "/repos/*/*/git/ref/heads/main";

#[test]
fn the_delete_event_of_a_branch_removes_its_environment() {
    let (site, deployment) = up("sweep-event", Helm3);
    let event = site.repository.delete_branch("new");
    on_event(&site, &event)
        .run()
        .says("hey-new is gone")
        .ends_with(0);
    is_empty(&site);
    assert_eq!(site.states(deployment), [InProgress, Success, Inactive]);
}

#[test]
fn the_delete_event_of_a_tag_touches_nothing() {
    let (site, _) = up("sweep-tag", Helm4);
    site.repository.tag("new");
    let event = site.repository.delete_tag("new");
    untouched(&site, || {
        on_event(&site, &event)
            .run()
            .says("nothing to do")
            .ends_with(0);
    });
}

#[test]
fn the_delete_event_of_a_branch_that_is_never_deployed_has_nothing_to_do() {
    let site = Site::new("sweep-never");
    site.repository.push("{{.Values.x}}");
    let event = site.repository.delete_branch("{{.Values.x}}");
    on_event(&site, &event)
        .run()
        .says("nothing to do")
        .ends_with(0);
}

#[test]
fn the_default_branch_is_refused() {
    let site = Site::new("sweep-default");
    site.sweep_deleted(Helm3, "main")
        .run()
        .refuses(5, "main is the default branch");
}

#[test]
fn a_branch_that_is_there_keeps_its_environment() {
    let (site, _) = up("sweep-there", Helm3);
    untouched(&site, || {
        site.sweep_deleted(Helm3, "new")
            .run()
            .says("The branch new is there")
            .ends_with(0);
    });
}

#[test]
fn a_branch_that_is_back_by_the_time_the_lock_is_held_keeps_its_environment() {
    let (site, _) = deleted("sweep-back", Helm4);
    let gate = Gate::default();
    // The first two readings prove it gone, the third is made under the lock.
    let third = Matcher::get(BRANCH).nth(3);
    site.github
        .faults()
        .when(third)
        .then(Effect::hold_before(&gate));
    let all = site.namespace.inventory();
    let sweep = site.sweep_deleted(Helm4, "new").start();
    gate.reached();
    assert!(!site.is_free(ENVIRONMENT));
    site.repository.push("new");
    gate.open();
    sweep.end().says("The branch new is back").ends_with(0);
    assert_eq!(site.namespace.inventory(), all);
    assert!(site.is_free(ENVIRONMENT));
}

#[test]
fn nothing_up_is_a_success() {
    let site = Site::new("sweep-nothing");
    site.sweep_deleted(Helm3, "new")
        .run()
        .says("Nothing is up for new")
        .ends_with(0);
    is_empty(&site);
}

#[test]
fn an_answer_of_githubs_that_proves_nothing_removes_nothing() {
    let (site, _) = deleted("sweep-unproven", Helm4);
    for (matcher, effect) in [
        (Matcher::get(DEFAULT).nth(1), Effect::status(404)),
        (Matcher::get(DEFAULT).nth(2), Effect::status(404)),
        (Matcher::get(DEFAULT), Effect::html(200)),
        (Matcher::get(DEFAULT), Effect::broken_json()),
        (Matcher::get(DEFAULT), Effect::status(200)),
        (Matcher::get(BRANCH), Effect::html(200)),
        (Matcher::get(BRANCH), Effect::html(404)),
        (Matcher::get(BRANCH), Effect::status(410)),
        (Matcher::get("/repos/*/*"), Effect::broken_json()),
    ] {
        site.github.faults().clear();
        println!("{matcher:?}: {effect:?}");
        site.github.faults().when(matcher).then(effect);
        untouched(&site, || {
            site.sweep_deleted(Helm4, "new")
                .run()
                .refuses(1, "nothing is removed: ");
        });
    }
}

#[test]
fn a_github_that_is_down_removes_nothing() {
    for effect in [Effect::html(502), Effect::truncated_body()] {
        let (site, _) = deleted("sweep-down", Helm3);
        site.github
            .faults()
            .when(Matcher::get(DEFAULT))
            .then(effect);
        untouched(&site, || {
            site.sweep_deleted(Helm3, "new")
                .run()
                .refuses(1, "nothing is removed: ");
        });
    }
}

#[test]
fn a_token_that_lost_access_removes_nothing() {
    let (site, _) = deleted("sweep-access", Helm4);
    site.github.lose_access(&site.token);
    untouched(&site, || {
        site.sweep_deleted(Helm4, "new")
            .run()
            .refuses(1, "nothing is removed: ");
    });
}

#[test]
fn a_token_that_loses_access_between_two_readings_removes_nothing() {
    let (site, _) = deleted("sweep-access-late", Helm3);
    let gate = Gate::default();
    site.github
        .faults()
        .when(Matcher::get(BRANCH).nth(2))
        .then(Effect::hold_before(&gate));
    let sweep = site.sweep_deleted(Helm3, "new").start();
    gate.reached();
    site.github.lose_access(&site.token);
    gate.open();
    untouched(&site, || {
        sweep.end().says("nothing is removed: ").ends_with(1);
    });
}

#[test]
fn a_token_that_expired_removes_nothing() {
    let (site, _) = deleted("sweep-expired", Helm3);
    site.github.expire(&site.token);
    untouched(&site, || {
        site.sweep_deleted(Helm3, "new")
            .run()
            .refuses(1, "it is wrong or has expired");
    });
}

#[test]
fn a_renamed_repository_is_still_itself_and_its_former_name_may_be_anothers() {
    let (site, _) = up("sweep-renamed", Helm4);
    site.repository.rename("acme/hello");
    untouched(&site, || {
        site.sweep_deleted(Helm4, "new")
            .run()
            .says("The branch new is there")
            .ends_with(0);
    });
    site.github.repository("acme/hey");
    untouched(&site, || {
        site.sweep_deleted(Helm4, "new")
            .run()
            .refuses(2, "branch-deploys/repository-id");
    });
    site.repository.delete_branch("new");
    let sweep = site
        .sweep_deleted(Helm4, "new")
        .env("BRANCH_DEPLOYS_REPOSITORY", "acme/hello");
    sweep.run().ends_with(0);
    is_empty(&site);
}

#[test]
fn a_dry_run_says_what_would_go_and_removes_nothing() {
    let (site, _) = deleted("sweep-dry", Helm3);
    untouched(&site, || {
        let sweep = site.sweep_deleted(Helm3, "new").args(["--dry-run"]);
        sweep.run().says("Would remove hey-new").ends_with(0);
    });
}

#[test]
fn the_result_as_json_names_all_that_went() {
    let (site, _) = deleted("sweep-json", Helm4);
    let ran = site
        .sweep_deleted(Helm4, "new")
        .args(["--output", "json"])
        .run()
        .ends_with(0);
    let result: Value = serde_json::from_str(&ran.stdout).unwrap();
    let message = result["message"].clone();
    assert_eq!(
        result,
        json!({
            "environment": ENVIRONMENT, "branch": "new", "state": "removed", "kept": [],
            "left": [], "removed": ["ConfigMap/a"], "message": message,
        })
    );
}

/// `sweep-deleted` as a workflow on `delete` runs it.
fn on_event(site: &Site, event: &Value) -> Program {
    let path = site.kubeconfig.with_extension("event.json");
    std::fs::write(&path, event.to_string()).unwrap();
    let program = site
        .program(env!("CARGO_BIN_EXE_sweep-deleted"))
        .helm(Helm3);
    program
        .env("GITHUB_EVENT_NAME", "delete")
        .env("GITHUB_EVENT_PATH", path)
}

/// Does something that leaves everything in the namespace as it is.
#[track_caller]
fn untouched(site: &Site, act: impl FnOnce()) {
    let (all, lease) = (
        site.namespace.inventory(),
        site.namespace.get("Lease", ENVIRONMENT),
    );
    act();
    assert_eq!(site.namespace.inventory(), all);
    assert_eq!(site.namespace.get("Lease", ENVIRONMENT), lease);
}
