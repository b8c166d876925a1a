//! Gone means gone.

use rustix::process::Signal;
use serde_json::{Value, json};
use testbed::{
    github::DeploymentState::{InProgress, Inactive},
    tools::Tool::{Helm3, Helm4},
    wait_until,
};

use super::{ENVIRONMENT, is_empty};
use crate::{
    objects::{companion_of, config_map, held, hook, kept, objects, refused, stateful_set, stuck},
    site::{HELMS, Site},
};

#[test]
fn nothing_is_left_but_what_its_chart_asks_to_keep() {
    for helm in HELMS {
        let site = Site::new("sweep-all");
        let prepare = hook("prepare", "pre-install", "");
        let mut deployments = Vec::new();
        // The second fails: it drops what the first made, and makes something of its own.
        for (all, status) in [
            (
                vec![config_map("a"), stateful_set("db"), kept("k"), prepare],
                0,
            ),
            (vec![config_map("b"), refused("c")], 1),
        ] {
            deployments.push(site.push("new"));
            let deploy = site.helm_apply(helm, *deployments.last().unwrap());
            let redis = companion_of("redis", &[stateful_set("redis")]);
            deploy
                .release(&objects(&all))
                .release(&redis)
                .run()
                .ends_with(status);
        }
        let all = site.namespace.inventory();
        for there in [
            "ConfigMap/b",
            "Job/prepare",
            "PersistentVolumeClaim/disk-redis-0",
        ] {
            assert!(
                all.iter().any(|found| found == there),
                "{there} is not in {all:?}"
            );
        }
        site.repository.delete_branch("new");
        let ran = site.sweep_deleted(helm, "new").run().ends_with(0);
        ran.says("ConfigMap/k stays, as its chart asks (resource-policy: keep)");
        assert_eq!(site.namespace.inventory(), ["ConfigMap/k"]);
        for id in deployments {
            assert_eq!(site.states(id).last(), Some(&Inactive));
        }
    }
}

#[test]
fn what_does_not_go_is_named_and_the_record_stays_for_the_next_sweep() {
    for helm in HELMS {
        let (site, deployment) = deployed_then_deleted("sweep-held", &[held("h")]);
        let sweep = site
            .sweep_deleted(helm, "new")
            .env("BRANCH_DEPLOYS_HELM_TIMEOUT", "2s");
        sweep
            .run()
            .says("ConfigMap/h (waits for example.test/held)")
            .ends_with(4);
        assert_eq!(site.namespace.inventory(), ["ConfigMap/h", "Lease/hey-new"]);
        assert_eq!(site.record(ENVIRONMENT)["phase"], "removing");
        assert_ne!(site.states(deployment).last(), Some(&Inactive));
        let_go(&site, "h");
        site.sweep_deleted(helm, "new").run().ends_with(0);
        is_empty(&site);
        assert_eq!(site.states(deployment).last(), Some(&Inactive));
    }
}

#[test]
fn a_hook_that_fails_does_not_hold_a_release() {
    for helm in HELMS {
        let drain = hook("drain", "pre-delete", "testbed/fail");
        let (site, _) = deployed_then_deleted("sweep-hook", &[config_map("a"), drain]);
        site.sweep_deleted(helm, "new")
            .run()
            .says("once more, without hooks")
            .ends_with(0);
        is_empty(&site);
    }
}

#[test]
fn what_a_killed_sweep_left_is_removed_by_the_next_though_helm_forgot_it() {
    let prepare = hook("prepare", "pre-install", "");
    let (site, _) = deployed_then_deleted("sweep-killed", &[held("h"), prepare]);
    let sweep = site
        .sweep_deleted(Helm4, "new")
        .env("BRANCH_DEPLOYS_HELM_TIMEOUT", "2s")
        .start();
    wait_until("Helm has forgotten the release", || {
        let revisions = site.namespace.release_revisions(ENVIRONMENT);
        revisions.is_empty().then_some(()).ok_or("it has not")
    });
    sweep.signal(Signal::KILL);
    drop(sweep);
    assert!(site.namespace.find("ConfigMap", "h").is_some());
    let_go(&site, "h");
    site.sweep_deleted(Helm4, "new").run().ends_with(0);
    is_empty(&site);
}

#[test]
fn work_that_still_runs_and_is_no_hook_goes_with_its_release() {
    let mut job = hook("work", "pre-install", "testbed/hold");
    job["metadata"]["annotations"] = serde_json::Value::Null;
    let (site, _) = deployed_then_deleted("sweep-work", &[job]);
    site.wait_for_pod();
    helm_forgot(&site, &json!([{"v": "batch/v1", "k": "Job", "n": "work"}]));
    site.sweep_deleted(Helm4, "new").run().ends_with(0);
    is_empty(&site);
}

#[test]
fn an_object_whose_version_is_served_no_more_is_found_by_another_and_one_without_kind_is_gone() {
    let (site, _) = deployed_then_deleted("sweep-versions", &[config_map("a")]);
    let mut old = stuck("old");
    old["metadata"]["annotations"] = json!({
        "meta.helm.sh/release-name": ENVIRONMENT,
        "meta.helm.sh/release-namespace": site.namespace.name(),
    });
    site.namespace.apply(&old.to_string());
    let remains = json!([
        {"v": "v1", "k": "ConfigMap", "n": "a"},
        {"v": "apps/v1beta1", "k": "Deployment", "n": "old"},
        {"v": "example.test/v1", "k": "Widget", "n": "w"},
    ]);
    helm_forgot(&site, &remains);
    let ran = site.sweep_deleted(Helm3, "new").run().ends_with(0);
    ran.says("Widget/w: the cluster knows no kind Widget of example.test/v1 any more");
    is_empty(&site);
}

#[test]
fn what_the_cluster_refuses_to_show_holds_up_no_other_and_fails_the_sweep() {
    let (site, _) = deployed_then_deleted("sweep-refused", &[config_map("a")]);
    // The rights of examples/rbac.yaml end before it.
    let remains = json!([
        {"v": "v1", "k": "ServiceAccount", "n": "s"},
        {"v": "v1", "k": "ConfigMap", "n": "a"},
    ]);
    helm_forgot(&site, &remains);
    let ran = site.sweep_deleted(Helm3, "new").run().ends_with(1);
    ran.says("failed to read ServiceAccount/s: the cluster refuses (403)");
    assert_eq!(site.namespace.inventory(), ["Lease/hey-new"]);
    assert!(site.is_free(ENVIRONMENT));
}

#[test]
fn a_volume_claim_that_somebody_made_by_hand_under_a_charts_name_stays() {
    let (site, _) = deployed_then_deleted("sweep-claim", &[config_map("a")]);
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "standard",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    site.namespace.apply(&claim.to_string());
    let named = json!([
        {"v": "v1", "k": "ConfigMap", "n": "a"},
        {"v": "v1", "k": "PersistentVolumeClaim", "n": "data"},
    ]);
    helm_forgot(&site, &named);
    let ran = site.sweep_deleted(Helm4, "new").run().ends_with(0);
    ran.says("PersistentVolumeClaim/data is not proven ours, and is left alone");
    assert_eq!(site.namespace.inventory(), ["PersistentVolumeClaim/data"]);
}

#[test]
fn a_sweep_that_is_killed_in_the_middle_of_helm_is_ended_by_the_next() {
    let drain = hook("drain", "pre-delete", "testbed/hold");
    let (site, _) = deployed_then_deleted("sweep-killed-helm", &[config_map("a"), drain]);
    let sweep = site.sweep_deleted(Helm3, "new").start();
    let pod = site.wait_for_pod();
    sweep.signal(Signal::KILL);
    drop(sweep);
    let next = site.sweep_deleted(Helm3, "new").start();
    site.namespace.annotate("Pod", &pod, "testbed/hold", None);
    wait_until("the hook's next run is there", || {
        let found = site.wait_for_pod();
        (found != pod).then_some(()).ok_or("it is not")
    });
    site.namespace
        .annotate("Pod", &site.wait_for_pod(), "testbed/hold", None);
    next.end().ends_with(0);
    is_empty(&site);
}

#[test]
fn an_object_with_the_name_of_ours_and_the_marks_of_nobody_is_left_and_named() {
    let site = Site::new("sweep-stranger");
    for names in [&["a", "b"][..], &["a"]] {
        let all: Vec<Value> = names.iter().map(|name| config_map(name)).collect();
        site.helm_apply(Helm4, site.push("new"))
            .release(&objects(&all))
            .run()
            .ends_with(0);
    }
    site.namespace.apply(&config_map("b").to_string());
    site.repository.delete_branch("new");
    let ran = site.sweep_deleted(Helm4, "new").run().ends_with(0);
    ran.says("ConfigMap/b is not proven ours, and is left alone");
    assert_eq!(site.namespace.inventory(), ["ConfigMap/b"]);
}

#[test]
fn a_running_deploy_of_a_deleted_branch_is_asked_to_stop_and_all_of_it_goes() {
    let site = Site::new("sweep-running");
    let deployment = site.push("new");
    let running = site
        .helm_apply(Helm3, deployment)
        .release(&objects(&[stuck("web")]))
        .start();
    site.wait_for_pod();
    site.repository.delete_branch("new");
    let sweep = site.sweep_deleted(Helm3, "new").start();
    running.end().says("The branch new is deleted").ends_with(3);
    sweep.end().ends_with(0);
    is_empty(&site);
    assert_eq!(site.states(deployment)[..2], [InProgress, Inactive]);
}

#[test]
fn a_migration_of_a_killed_deploy_is_waited_for() {
    let site = Site::new("sweep-migration");
    let migration = hook("migrate", "pre-install", "testbed/hold");
    let deploy = site
        .helm_apply(Helm4, site.push("new"))
        .release(&objects(&[migration]))
        .start();
    let pod = site.wait_for_pod();
    deploy.signal(Signal::KILL);
    drop(deploy);
    site.repository.delete_branch("new");
    let dead = site.holder(ENVIRONMENT);
    let sweep = site.sweep_deleted(Helm4, "new").start();
    wait_until("the lock has changed hands", || {
        (site.holder(ENVIRONMENT) != dead)
            .then_some(())
            .ok_or("the dead one has it")
    });
    site.wait_for_renewals(ENVIRONMENT, 2);
    assert_eq!(site.wait_for_pod(), pod);
    site.namespace.annotate("Pod", &pod, "testbed/hold", None);
    sweep
        .end()
        .says("the hook Job/migrate of an earlier run still runs")
        .ends_with(0);
    is_empty(&site);
}

#[test]
fn whoever_lost_the_lock_waits_for_no_migration() {
    let site = Site::new("sweep-lost-lock");
    let migration = hook("migrate", "pre-install", "testbed/hold");
    let deploy = site
        .helm_apply(Helm3, site.push("new"))
        .release(&objects(&[migration]))
        .start();
    site.wait_for_pod();
    deploy.signal(Signal::KILL);
    drop(deploy);
    site.repository.delete_branch("new");
    let dead = site.holder(ENVIRONMENT);
    let sweep = site.sweep_deleted(Helm3, "new").start();
    wait_until("the sweep waits for the hook", || {
        let waits = site.record(ENVIRONMENT)["phase"] == "removing";
        (waits && site.holder(ENVIRONMENT) != dead)
            .then_some(())
            .ok_or("it does not")
    });
    let another = json!({"spec": {"holderIdentity": "somebody"}});
    site.namespace.patch("Lease", ENVIRONMENT, &another);
    sweep
        .end()
        .says("the lock is lost: somebody has it")
        .ends_with(1);
    let pod = site.namespace.get("Pod", &site.wait_for_pod());
    assert_eq!(pod["metadata"]["annotations"]["testbed/hold"], "true");
}

#[test]
fn a_release_without_hooks_of_its_deletion_needs_no_helm() {
    let site = Site::new("sweep-by-hand");
    let all = [
        config_map("a"),
        stateful_set("db"),
        hook("prepare", "pre-install", ""),
    ];
    site.helm_apply(Helm4, site.push("new"))
        .release(&objects(&all))
        .run()
        .ends_with(0);
    site.repository.delete_branch("new");
    let tells = "#!/bin/sh\n[ \"$1\" = version ] && echo v4.3.1 || exit 1\n";
    let sweep = site
        .sweep_deleted(Helm4, "new")
        .env("BRANCH_DEPLOYS_HELM", site.script("helm", tells));
    sweep.run().says("hey-new: uninstalled").ends_with(0);
    is_empty(&site);
}

/// A branch that was deployed with these objects, and deleted since, with its deployment.
fn deployed_then_deleted(hint: &str, all: &[Value]) -> (Site, u64) {
    let site = Site::new(hint);
    let deployment = site.push("new");
    site.helm_apply(Helm3, deployment)
        .release(&objects(all))
        .run()
        .ends_with(0);
    site.repository.delete_branch("new");
    (site, deployment)
}

fn let_go(site: &Site, name: &str) {
    site.namespace.patch(
        "ConfigMap",
        name,
        &json!({"metadata": {"finalizers": null}}),
    );
}

/// Leaves the environment as a sweep does that was killed once Helm had forgotten the release.
fn helm_forgot(site: &Site, remains: &Value) {
    let mut record = site.record(ENVIRONMENT);
    record["remains"] = remains.clone();
    let (annotation, text) = ("branch-deploys/record", record.to_string());
    site.namespace
        .annotate("Lease", ENVIRONMENT, annotation, Some(&text));
    let secret = format!("sh.helm.release.v1.{ENVIRONMENT}.v1");
    site.namespace.delete("Secret", &secret);
}
