//! Builds that GitHub's webhooks start.

use std::time::Duration;

use super::{acme, commit};
use crate::{buildkite::Step, github::Webhook};

#[test]
fn a_push_starts_a_build_of_its_commit_and_a_deletion_none() {
    let acme = acme();
    acme.buildkite.stop_agents();
    let hey = acme.hey.clone().on_pushes(&acme.repository);
    let head = acme.repository.push("feature/x");
    let build = hey.await_build(|build| build.branch == "feature/x").data();
    assert_eq!((build.commit, build.source), (head, "webhook"));
    acme.repository.delete_branch("feature/x");
    acme.repository.tag("v1");
    hey.webhook().wait_for_answers(3);
    assert_eq!(hey.builds().len(), 1);
}

#[test]
fn a_tag_is_built_where_that_is_wanted() {
    let acme = acme();
    acme.buildkite.stop_agents();
    let hey = acme.hey.clone().on_pushes(&acme.repository).build_tags();
    acme.repository.tag("v1");
    let build = hey.await_build(|build| build.tag.is_some()).data();
    assert_eq!(
        (build.branch.as_str(), build.tag.as_deref()),
        ("v1", Some("v1"))
    );
}

#[test]
fn a_condition_keeps_builds_from_starting() {
    let acme = acme();
    acme.buildkite.stop_agents();
    let hey = acme.hey.clone().on_pushes(&acme.repository);
    let hey = hey.only_if(|push| push["ref"] != "refs/heads/quiet");
    acme.repository.push("quiet");
    acme.repository.push("loud");
    hey.webhook().wait_for_answers(2);
    let branches: Vec<_> = hey
        .builds()
        .iter()
        .map(|build| build.data().branch)
        .collect();
    assert_eq!(branches, ["loud"]);
}

#[test]
fn a_webhook_that_is_lost_comes_twice_or_late_is_as_many_builds() {
    let acme = acme();
    acme.buildkite.stop_agents();
    let hey = acme.hey.clone().on_pushes(&acme.repository);
    let webhook: Webhook = hey.webhook().clone();
    webhook.lose_next();
    webhook.next_twice();
    webhook.next_late(Duration::from_millis(200));
    for branch in ["lost", "twice", "late", "plain"] {
        acme.repository.push(branch);
    }
    webhook.wait_for_answers(4);
    webhook.redeliver(&webhook.deliveries()[0].id);
    webhook.wait_for_answers(5);
    let branches: Vec<_> = hey
        .builds()
        .iter()
        .map(|build| build.data().branch)
        .collect();
    assert_eq!(branches, ["twice", "twice", "plain", "late", "lost"]);
}

#[test]
fn a_build_of_which_nothing_ran_is_skipped_for_a_newer_one_of_its_branch() {
    let acme = acme();
    acme.buildkite.stop_agents();
    let hey = acme.hey.clone().skip_queued().step(Step::new("deploy"));
    let first = hey.start_build("x", &commit("a"));
    let other = hey.start_build("y", &commit("a"));
    let second = hey.start_build("x", &commit("b"));
    assert_eq!(first.state(), "skipped");
    assert_eq!(first.job("deploy").state(), "skipped");
    acme.buildkite.start_agents();
    assert_eq!(other.await_finished(), "passed");
    assert_eq!(second.await_finished(), "passed");
    let third = hey.start_build("x", &commit("c"));
    assert_eq!(third.await_finished(), "passed");
    assert_eq!(second.state(), "passed");
}
