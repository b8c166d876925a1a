//! A name, a namespace and a limit that environments share.

use serde_json::{Value, json};
use testbed::{github::DeploymentState, tools::Tool, wait_until};

use crate::{
    objects::config_map,
    site::{Site, echo},
};

#[test]
fn an_environment_too_many_is_refused_before_helm_is_touched() {
    let site = Site::new("room");
    let deploy = |branch: &str| {
        let deployment = site.push(branch);
        let program = site
            .helm_apply(Tool::Helm3, deployment)
            .release(&echo(json!({})));
        (deployment, program.args(["--max-environments", "1"]).run())
    };
    deploy("oldest").1.ends_with(0);
    let before = site.namespace.inventory();
    let (refused, ran) = deploy("newcomer");
    ran.ends_with(5).says("the oldest is hey-oldest");
    assert_eq!(site.states(refused), [DeploymentState::Failure]);
    assert_eq!(site.namespace.inventory(), before);
    deploy("oldest").1.ends_with(0);
}

#[test]
fn a_lease_that_a_run_left_which_died_before_it_began_takes_no_place() {
    let site = Site::new("dead-newcomer");
    forge(&site, "hey-dead", "dead", json!({}));
    let annotation = "branch-deploys/record";
    site.namespace
        .annotate("Lease", "hey-dead", annotation, None);
    let held = json!({"spec": {"holderIdentity": "dead", "leaseDurationSeconds": 1}});
    site.namespace.patch("Lease", "hey-dead", &held);
    wait_for_the_next_second(&site);
    let deploy = |branch: &str| {
        let program = site
            .helm_apply(Tool::Helm4, site.push(branch))
            .release(&echo(json!({})));
        program.args(["--max-environments", "1"]).run()
    };
    deploy("new")
        .ends_with(0)
        .says("waiting: hey-dead: nothing is up there yet, and the run may be dead");
    deploy("other").ends_with(5).says("the oldest is hey-new");
}

/// Until what is made now is younger than what was made before: Kubernetes counts whole seconds.
fn wait_for_the_next_second(site: &Site) {
    let time =
        |name| site.namespace.get("ConfigMap", name)["metadata"]["creationTimestamp"].clone();
    site.namespace.apply(&config_map("before").to_string());
    wait_until("the next second", || {
        site.namespace.apply(&config_map("after").to_string());
        let passed = time("after") != time("before");
        site.namespace.delete("ConfigMap", "after");
        passed.then_some(()).ok_or("the same one")
    });
}

/// A record as another environment would have it, with some of its labels changed.
fn forge(site: &Site, name: &str, branch: &str, labels: Value) {
    let mut all = json!({
        "app.kubernetes.io/managed-by": "branch-deploys",
        "branch-deploys/app": "hey",
        "branch-deploys/tier": "beta",
        "branch-deploys/slug": name.trim_start_matches("hey-"),
        "branch-deploys/repository-id": site.repository.id().to_string(),
    });
    for (key, value) in labels.as_object().unwrap() {
        all[key] = value.clone();
    }
    let record = json!({
        "version": 1, "phase": "up", "repository": "acme/hey",
        "repository_id": site.repository.id(), "branch": branch, "commit": null, "url": null,
        "releases": [{"name": name}], "deployed": null, "deployed_by": null, "keep_until": null,
    });
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": name, "labels": all,
            "annotations": {"branch-deploys/record": record.to_string()}},
    });
    site.namespace.apply(&lease.to_string());
}

/// What `new` gets where this record is, which stays as it is.
#[track_caller]
fn refused(site: &Site, name: &str, says: &str) {
    let before = site.namespace.get("Lease", name);
    let deployment = site.push("new");
    let program = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})));
    program.run().ends_with(2).says(says);
    let after = site.namespace.get("Lease", name);
    assert_eq!(
        after["metadata"]["annotations"],
        before["metadata"]["annotations"]
    );
    assert!(site.namespace.release_revisions("hey-new").is_empty());
}

#[test]
fn a_name_that_another_branch_has_is_refused() {
    let site = Site::new("same-slug");
    forge(&site, "hey-new", "new+", json!({}));
    refused(&site, "hey-new", "the name hey-new is taken by branch new+");
}

#[test]
fn a_name_that_another_repository_or_app_has_is_refused() {
    let site = Site::new("same-name");
    forge(
        &site,
        "hey-new",
        "new",
        json!({"branch-deploys/repository-id": "1"}),
    );
    refused(
        &site,
        "hey-new",
        "the name hey-new is taken: its branch-deploys/repository-id is 1",
    );
    forge(
        &site,
        "hey-new",
        "new",
        json!({"branch-deploys/app": "hey-n"}),
    );
    refused(
        &site,
        "hey-new",
        "the name hey-new is taken: its branch-deploys/app is hey-n",
    );
}

#[test]
fn a_lease_that_is_not_ours_is_left_alone() {
    let site = Site::new("foreign-lease");
    forge(
        &site,
        "hey-new",
        "new",
        json!({"app.kubernetes.io/managed-by": "Helm"}),
    );
    refused(&site, "hey-new", "the lease hey-new is not ours");
}

#[test]
fn a_second_tier_in_the_namespace_is_refused() {
    let site = Site::new("two-tiers");
    forge(
        &site,
        "hey-other",
        "other",
        json!({"branch-deploys/tier": "staging"}),
    );
    refused(
        &site,
        "hey-other",
        "this namespace holds environments of tier staging",
    );
    assert_eq!(site.namespace.objects("Lease"), ["hey-other"]);
}

#[test]
fn a_record_of_a_newer_version_is_left_alone() {
    let site = Site::new("newer-record");
    forge(&site, "hey-new", "new", json!({}));
    let record = json!({"version": 2, "branch": "new"}).to_string();
    site.namespace
        .annotate("Lease", "hey-new", "branch-deploys/record", Some(&record));
    let deployment = site.push("new");
    let program = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({})));
    program
        .run()
        .ends_with(1)
        .says("the record of hey-new is left alone");
    let lease = site.namespace.get("Lease", "hey-new");
    assert_eq!(
        lease["metadata"]["annotations"]["branch-deploys/record"],
        record
    );
}
