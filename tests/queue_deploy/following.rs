//! `--wait`: until our own last word.

use rustix::process::Signal;
use testbed::{
    faults::{Effect, Matcher},
    github::{DeploymentState, NewStatus, User},
};

use super::forge::Forge;
use crate::site::Running;

const BUILD: &str = "https://buildkite.com/acme/hey-deploy/builds/812";

fn theirs(state: DeploymentState) -> NewStatus {
    NewStatus::bare(state, User::bot("buildkite"))
        .saying("Build #812")
        .log(BUILD)
}

fn ours(state: DeploymentState, words: &str) -> NewStatus {
    NewStatus::bare(state, User::bot("deployer")).saying(&format!("branch-deploys: {words}"))
}

/// A deployment that is waited for, which nobody has answered yet.
fn waiting(forge: &Forge) -> (u64, Running) {
    let commit = forge.repository.push("new");
    let running = forge.in_a_build("new", &commit).args(["--wait"]).start();
    let id = forge.repository.wait_for_deployment(|_| true).id;
    (id, running)
}

#[test]
fn a_builds_success_is_not_taken_for_ours() {
    let forge = Forge::new();
    let (id, running) = waiting(&forge);
    forge.repository.post(id, theirs(DeploymentState::Pending));
    forge
        .repository
        .post(id, ours(DeploymentState::InProgress, "deploying"));
    forge.repository.post(id, theirs(DeploymentState::Success));
    forge.wait_until_read(id);
    let up = ours(DeploymentState::Success, "200").at("https://new.beta.example.com");
    forge.repository.post(id, up);
    running
        .end()
        .ends_with(0)
        .says("Deploy success! App URL: https://new.beta.example.com");
}

#[test]
fn what_failed_is_told_with_where_its_log_is() {
    let forge = Forge::new();
    let (id, running) = waiting(&forge);
    forge.repository.post(id, theirs(DeploymentState::Pending));
    forge.wait_until_read(id);
    let failed = ours(
        DeploymentState::Failure,
        "Deploy failed: hey-new: a pod crashed",
    )
    .log(BUILD);
    forge.repository.post(id, failed);
    running
        .end()
        .ends_with(1)
        .says(&format!("deploy build: {BUILD}"))
        .says(&format!(
            "\nDeploy failed: hey-new: a pod crashed (log: {BUILD})"
        ));
}

#[test]
fn a_newer_deployment_supersedes_whatever_the_builds_end_says() {
    let forge = Forge::new();
    let (id, running) = waiting(&forge);
    let inactive = ours(DeploymentState::Inactive, "Superseded by deployment 7");
    forge.repository.post(id, inactive);
    forge.repository.post(id, theirs(DeploymentState::Failure));
    running
        .end()
        .ends_with(3)
        .says("Superseded by deployment 7");
}

#[test]
fn a_build_that_passes_without_landing_it_is_a_failure() {
    let forge = Forge::new();
    let (id, running) = waiting(&forge);
    forge.repository.post(id, theirs(DeploymentState::Success));
    running.end().ends_with(1).says("did not land").says(BUILD);
}

#[test]
fn an_outage_of_githubs_does_not_end_the_wait() {
    let forge = Forge::new();
    let statuses = Matcher::get("/repos/acme/hey/deployments/*/statuses").times(6);
    forge
        .github
        .faults()
        .when(statuses)
        .then(Effect::status(502));
    let (id, running) = waiting(&forge);
    let up = ours(DeploymentState::Success, "200").at("https://x");
    forge.repository.post(id, up);
    running.end().ends_with(0).says("502");
}

#[test]
fn what_is_unchanged_costs_nothing_of_the_limit() {
    let forge = Forge::new();
    let (id, running) = waiting(&forge);
    forge
        .github
        .wait_for_request(|request| request.status == Some(304));
    forge
        .repository
        .post(id, ours(DeploymentState::Failure, "x"));
    running.end().ends_with(1);
}

#[test]
fn a_wait_that_is_long_enough_ends_in_its_own_status() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let output = forge.path("output");
    forge
        .in_a_build("new", &commit)
        .env("GITHUB_OUTPUT", &output)
        .args(["--wait", "--timeout", "1s"])
        .run()
        .ends_with(4)
        .says("has not ended within 1.0 s");
    let text = std::fs::read_to_string(output).expect("the outputs are written");
    let id = forge.only().id.to_string();
    assert!(text.lines().any(|line| line == id), "{text}");
}

#[test]
fn who_stops_waiting_is_told_that_the_deploy_goes_on() {
    let forge = Forge::new();
    let (id, running) = waiting(&forge);
    forge.wait_until_read(id);
    running.signal(Signal::INT);
    running.end().ends_with(130).says("goes on");
    assert!(forge.repository.deployment(id).statuses.is_empty());
}
