//! The newest deployment wins, and what is deleted stays deleted.

use serde_json::json;
use testbed::{
    faults::{Effect, Matcher},
    github::DeploymentState,
    tools::Tool,
};

use crate::site::{Ran, Site, echo};

fn deploy(site: &Site, helm: Tool, deployment: u64) -> Ran {
    site.helm_apply(helm, deployment)
        .release(&echo(json!({})))
        .run()
}

#[test]
fn a_deployment_gives_way_to_a_newer_one() {
    let site = Site::new("superseded");
    let older = site.push("new");
    let newer = site.push("new");
    let hint = format!("Superseded by deployment {newer}");
    deploy(&site, Tool::Helm4, older).ends_with(3).says(&hint);
    assert_eq!(site.states(older), [DeploymentState::Inactive]);
    assert_eq!(
        site.namespace.inventory(),
        Vec::<String>::new(),
        "no record is left either"
    );
}

#[test]
fn a_newer_deployment_of_another_branch_or_app_does_not_count() {
    let site = Site::new("not-superseded");
    let mine = site.push("new");
    site.push("other");
    let payload = json!({"app": "hay", "branch": "new", "nonce": "n"});
    site.repository
        .deploy("new", "beta", "branch-deploys:hay", payload.clone());
    site.repository
        .deploy("new", "beta", "branch-deploys:hey", payload);
    deploy(&site, Tool::Helm3, mine).ends_with(0);
}

#[test]
fn a_rerun_changes_nothing_and_an_older_one_does_not_come_back() {
    let site = Site::new("rerun");
    let older = site.push("new");
    deploy(&site, Tool::Helm4, older).ends_with(0);
    let newer = site.push("new");
    deploy(&site, Tool::Helm4, newer).ends_with(0);
    let record = site.record("hey-new");

    deploy(&site, Tool::Helm4, newer)
        .ends_with(0)
        .says("up already");
    deploy(&site, Tool::Helm4, older)
        .ends_with(3)
        .says("to go back on purpose");
    assert_eq!(site.namespace.release_revisions("hey-new").len(), 2);
    assert_eq!(site.record("hey-new"), record);
    assert_eq!(
        site.states(newer),
        [DeploymentState::InProgress, DeploymentState::Success]
    );
    assert_eq!(site.states(older).last(), Some(&DeploymentState::Inactive));
}

#[test]
fn a_rerun_of_what_is_up_ends_what_the_one_before_left() {
    let site = Site::new("rerun-settles");
    let older = site.push("new");
    deploy(&site, Tool::Helm4, older).ends_with(0);
    let newer = site.push("new");
    let retiring = format!("/repos/acme/hey/deployments/{older}/statuses");
    let faults = site.github.faults();
    faults
        .when(Matcher::post(&retiring))
        .then(Effect::status(422));
    deploy(&site, Tool::Helm3, newer)
        .ends_with(0)
        .says("stays active");
    faults.clear();
    deploy(&site, Tool::Helm4, newer)
        .ends_with(0)
        .says("up already");
    let last = [older, newer].map(|id| site.states(id).pop());
    assert_eq!(
        last,
        [
            Some(DeploymentState::Inactive),
            Some(DeploymentState::Success)
        ]
    );
}

#[test]
fn a_branch_that_moved_on_supersedes_nothing() {
    let site = Site::new("moved-on");
    let deployment = site.push("new");
    let deployed = site.repository.head("new").unwrap();
    site.repository.push("new");
    deploy(&site, Tool::Helm3, deployment).ends_with(0);
    assert_eq!(
        site.echoed("hey-new", "branch")["commit"],
        deployed.as_str()
    );
}

#[test]
fn a_deleted_branch_does_not_come_back() {
    let site = Site::new("deleted");
    let deployment = site.push("new");
    site.repository.delete_branch("new");
    site.repository.tag("new");
    deploy(&site, Tool::Helm3, deployment)
        .ends_with(3)
        .says("The branch new is deleted");
    assert_eq!(site.states(deployment), [DeploymentState::Inactive]);
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_rerun_of_what_is_up_that_does_not_come_far_leaves_its_success() {
    let site = Site::new("rerun-fails");
    let deployment = site.push("new");
    deploy(&site, Tool::Helm4, deployment).ends_with(0);
    let listing = Matcher::get("/repos/acme/hey/deployments").query("page=1");
    site.github.faults().when(listing).then(Effect::status(422));
    deploy(&site, Tool::Helm3, deployment).ends_with(1);
    site.github.faults().clear();
    site.repository.delete_branch("new");
    deploy(&site, Tool::Helm4, deployment).ends_with(3);
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Success)
    );
    site.sweep_deleted(Tool::Helm3, "new").run().ends_with(0);
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Inactive)
    );
}
