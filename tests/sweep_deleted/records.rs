//! What is known of an environment, and what is not.

use serde_json::json;
use testbed::{
    github::{DeploymentState::Inactive, User},
    tools::Tool::{Helm3, Helm4},
};

use super::{ENVIRONMENT, deleted, is_empty, up};
use crate::{
    objects::{companion_of, config_map, objects, stateful_set},
    site::Site,
};

#[test]
fn an_environment_whose_record_was_lost_is_found_by_its_labels() {
    let site = with_companion("sweep-lost");
    site.namespace.delete("Lease", ENVIRONMENT);
    site.sweep_deleted(Helm3, "new").run().ends_with(0);
    is_empty(&site);
}

#[test]
fn deployments_that_a_lost_record_knew_are_made_inactive_and_no_others() {
    let (site, deployment) = up("sweep-forgotten", Helm4);
    let other = site.push("other");
    let stranger = site.repository.deploy(
        "new",
        "beta",
        "deploy",
        json!({"app": "hey", "branch": "new"}),
    );
    // One that is inactive already is not told so again.
    let inactive = site.queue("new");
    site.repository
        .post_status(inactive, Inactive, User::bot("branch-deploys"));
    site.namespace.delete("Lease", ENVIRONMENT);
    site.repository.delete_branch("new");
    site.sweep_deleted(Helm4, "new").run().ends_with(0);
    assert_eq!(site.states(deployment).last(), Some(&Inactive));
    assert_eq!(site.states(inactive), [Inactive]);
    for others in [other, stranger] {
        assert_eq!(site.states(others), []);
    }
}

#[test]
fn a_branch_that_is_anothers_slug_does_not_sweep_it_when_the_record_is_lost() {
    let site = Site::new("sweep-slug");
    let deploy = site.helm_apply(Helm4, site.push("feature/new-inbox"));
    deploy
        .release(&objects(&[config_map("a")]))
        .run()
        .ends_with(0);
    let slug = "feature-new-inbox-c7787b";
    site.namespace.delete("Lease", &format!("hey-{slug}"));
    let all = site.namespace.inventory();
    let ran = site.sweep_deleted(Helm4, slug).run();
    ran.says("it was deployed for the branch feature/new-inbox")
        .ends_with(1);
    assert_eq!(site.namespace.inventory(), all);
}

#[test]
fn a_record_of_a_newer_version_is_left_alone() {
    let (site, _) = deleted("sweep-newer", Helm4);
    let mut record = site.record(ENVIRONMENT);
    record["version"] = json!(2);
    is_left_alone(&site, &record.to_string(), "it is of version 2");
}

#[test]
fn a_record_that_cannot_be_read_is_left_alone() {
    let (site, _) = deleted("sweep-unreadable", Helm3);
    is_left_alone(&site, "{\"version\": 1, \"pha", "it cannot be read");
}

#[test]
fn a_release_of_another_environment_that_the_record_names_is_left_alone() {
    let site = with_companion("sweep-anothers");
    let secret = "sh.helm.release.v1.hey-new--redis.v1";
    let labels = json!({"metadata": {"labels": {"branch-deploys/slug": "other"}}});
    site.namespace.patch("Secret", secret, &labels);
    let ran = site.sweep_deleted(Helm4, "new").run();
    ran.says("hey-new--redis is another environment's, and left alone")
        .ends_with(1);
    let left = ["ConfigMap/b", "Lease/hey-new", &format!("Secret/{secret}")];
    assert_eq!(site.namespace.inventory(), left);
}

#[test]
fn a_release_that_does_not_go_holds_up_nothing_of_the_others() {
    let site = Site::new("sweep-others");
    site.helm_apply(Helm4, site.push("new"))
        .release(&objects(&[config_map("a")]))
        .release(&companion_of("redis", &[stateful_set("redis")]))
        .run()
        .ends_with(0);
    site.repository.delete_branch("new");
    let secret = format!("sh.helm.release.v1.{ENVIRONMENT}.v1");
    let labels = json!({"metadata": {"labels": {"branch-deploys/slug": "other"}}});
    site.namespace.patch("Secret", &secret, &labels);
    let ran = site.sweep_deleted(Helm4, "new").run();
    ran.says("hey-new is another environment's, and left alone")
        .ends_with(1);
    let left = ["ConfigMap/a", "Lease/hey-new", &format!("Secret/{secret}")];
    assert_eq!(site.namespace.inventory(), left);
}

fn is_left_alone(site: &Site, record: &str, reason: &str) {
    site.namespace
        .annotate("Lease", ENVIRONMENT, "branch-deploys/record", Some(record));
    let all = site.namespace.inventory();
    site.sweep_deleted(Helm3, "new")
        .run()
        .says(reason)
        .ends_with(1);
    assert_eq!(site.namespace.inventory(), all);
    assert!(site.is_free(ENVIRONMENT));
}

/// A branch of two releases, deleted since.
fn with_companion(hint: &str) -> Site {
    let site = Site::new(hint);
    let deploy = site.helm_apply(Helm3, site.push("new"));
    let deploy = deploy.release(&objects(&[config_map("a")]));
    deploy
        .release(&companion_of("redis", &[config_map("b")]))
        .run()
        .ends_with(0);
    site.repository.delete_branch("new");
    site
}
