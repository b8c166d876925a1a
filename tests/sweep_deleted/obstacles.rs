//! What stands in the way of a teardown: it is overcome, or named with its reason, and never forced.

use std::fs;

use http::Method;
use serde_json::{Value, json};
use testbed::{
    Cluster,
    faults::{Effect, Matcher},
    tools::Tool::Helm4,
    wait_until,
};

use super::{ENVIRONMENT, is_empty};
use crate::{
    objects::{config_map, hook, objects, slow_to_end, stateful_set},
    site::{HELMS, Program, Site},
    widgets::Widgets,
};

/// A branch that is up with these objects, and deleted since.
fn deleted_with(site: &Site, program: Program, all: &[Value]) {
    program.release(&objects(all)).run().ends_with(0);
    site.repository.delete_branch("new");
}

/// The sweep does not get all of it away, and says why.
#[track_caller]
fn is_held_up(sweep: Program, site: &Site, reason: &str, status: i32) {
    let sweep = sweep.env("BRANCH_DEPLOYS_HELM_TIMEOUT", "2s");
    sweep.run().says(reason).ends_with(status);
    assert_eq!(site.record(ENVIRONMENT)["phase"], "removing");
    assert!(site.is_free(ENVIRONMENT));
}

/// Helm has forgotten the release by the time that it fails.
#[test]
fn a_hook_that_fails_after_the_deletion_loses_nothing() {
    for helm in HELMS {
        let site = Site::new("sweep-post-delete");
        let deploy = site.helm_apply(helm, site.push("new"));
        let farewell = hook("farewell", "post-delete", "testbed/fail");
        deleted_with(
            &site,
            deploy,
            &[config_map("a"), slow_to_end("web"), farewell],
        );
        site.sweep_deleted(helm, "new").run().ends_with(0);
        is_empty(&site);
    }
}

/// Helm 4 is content when the first kind that it looks at is gone.
#[test]
fn pods_that_take_their_time_are_seen_gone() {
    for helm in HELMS {
        let site = Site::new("sweep-slow");
        let deploy = site.helm_apply(helm, site.push("new"));
        deleted_with(&site, deploy, &[config_map("a"), slow_to_end("web")]);
        site.sweep_deleted(helm, "new").run().ends_with(0);
        is_empty(&site);
    }
}

/// Of the right kind, and without a word of what it lists, or that it is all.
#[test]
fn a_listing_of_pods_that_is_cut_short_proves_nothing_gone() {
    let site = Site::new("sweep-cut");
    let deploy = site.helm_apply(Helm4, site.push("new"));
    deleted_with(&site, deploy, &[slow_to_end("web")]);
    let front = site.namespace.front(&site.kubeconfig);
    let cut = "k8s\0\x0a\x2b\x0a\x0emeta.k8s.io/v1\x12\x19PartialObjectMetadataList\x12\0";
    let pods = Matcher::get("/api/v1/namespaces/*/pods");
    front
        .faults()
        .when(pods)
        .then(Effect::status(200).body(cut));
    let sweep = site.sweep_deleted(Helm4, "new");
    let sweep = sweep.env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig());
    is_held_up(sweep, &site, "an answer cut short", 1);
}

/// As its controller writes down how many of its pods are ready.
#[test]
fn a_deployment_that_changes_after_it_was_read_is_asked_to_go_again() {
    let site = Site::new("sweep-changed");
    let deploy = site.helm_apply(Helm4, site.push("new"));
    deleted_with(&site, deploy, &[slow_to_end("web")]);
    let front = site.namespace.front(&site.kubeconfig);
    let deployment = Matcher::any("/apis/apps/v1/namespaces/*/deployments/web");
    let changed = deployment.method(Method::DELETE).once();
    let conflict = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "the object has been modified", "reason": "Conflict", "code": 409});
    let conflict = Effect::status(409).body(&conflict.to_string());
    front.faults().when(changed).then(conflict);
    let sweep = site.sweep_deleted(Helm4, "new");
    let sweep = sweep.env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig());
    sweep
        .env("BRANCH_DEPLOYS_HELM_TIMEOUT", "15s")
        .run()
        .ends_with(0);
    is_empty(&site);
}

#[test]
fn a_stuck_group_of_a_load_balancer_is_explained_by_the_events_of_its_members() {
    for helm in HELMS {
        let site = Site::new("sweep-group");
        let deploy = site.helm_apply(helm, site.push("new"));
        site.namespace.apply(&ingress("sibling").to_string());
        for (seconds, message) in [(1, "too many rules"), (2, "too many\ntarget groups")] {
            let event = failure("sibling", site.namespace.name(), seconds, message);
            site.namespace.apply(&event.to_string());
        }
        deleted_with(&site, deploy, &[ingress("web")]);
        let balancer = Cluster::shared().load_balancer();
        balancer.keep_finalizers(site.namespace.name());
        let reason = "Ingress/web (waits for group.ingress.k8s.aws/betas; its group betas is stuck, by \
                      Ingress/sibling: FailedDeployModel: too many target groups)";
        is_held_up(site.sweep_deleted(helm, "new"), &site, reason, 4);
        balancer.release_finalizers(site.namespace.name());
        site.sweep_deleted(helm, "new").run().ends_with(0);
        assert_eq!(site.namespace.inventory(), ["Ingress/sibling"]);
    }
}

#[test]
fn a_volume_claim_that_somebody_uses_is_named_with_the_pod() {
    for helm in HELMS {
        let site = Site::new("sweep-used");
        let deploy = site.helm_apply(helm, site.push("new"));
        let deploy = deploy.release(&objects(&[stateful_set("db")]));
        deploy.run().ends_with(0);
        site.namespace.apply(&looks_into("disk-db-0").to_string());
        wait_until("the pod runs", || {
            let pod = site.namespace.get("Pod", "look");
            (pod["status"]["phase"] == "Running")
                .then_some(())
                .ok_or("not yet")
        });
        site.repository.delete_branch("new");
        let reason = "PersistentVolumeClaim/disk-db-0 (waits for kubernetes.io/pvc-protection; used by \
                      Pod/look)";
        is_held_up(site.sweep_deleted(helm, "new"), &site, reason, 4);
        site.namespace.delete("Pod", "look");
        site.sweep_deleted(helm, "new").run().ends_with(0);
        is_empty(&site);
    }
}

#[test]
fn a_kind_whose_definition_is_missing_is_named_and_its_release_goes_when_it_is_back() {
    let widgets = Widgets("proof.example.test");
    for helm in HELMS {
        let site = Site::with_rights("sweep-definition", &widgets.rights());
        // Of the kinds that there are before: no other test is to look for this one.
        is_empty(&site);
        widgets.define(&site);
        let widget = widgets.one("w");
        let drain = hook("drain", "pre-delete", "");
        let deploy = site.helm_apply(helm, site.push("new"));
        deleted_with(&site, deploy, &[widget, config_map("a"), drain]);
        widgets.undefine(&site);
        // As on another machine: Helm remembers the kinds that a cluster had.
        fs::remove_dir_all(site.kubeconfig.with_extension("home")).unwrap();
        let reason = "the cluster knows no kind Widget of proof.example.test/v1 any more";
        is_held_up(site.sweep_deleted(helm, "new"), &site, reason, 1);
        assert!(site.namespace.find("ConfigMap", "a").is_some());
        widgets.define(&site);
        fs::remove_dir_all(site.kubeconfig.with_extension("home")).unwrap();
        site.sweep_deleted(helm, "new").run().ends_with(0);
        is_empty(&site);
        widgets.undefine(&site);
    }
}

#[test]
fn objects_whose_release_helm_has_forgotten_are_found_by_their_marks() {
    let site = Site::new("sweep-forgotten");
    let mut prepare = hook("prepare", "pre-install", "");
    prepare["metadata"]["labels"] = instance();
    let mut lone = stateful_set("lone");
    lone["spec"]["volumeClaimTemplates"][0]["metadata"]["labels"] = instance();
    let all = [
        config_map("a"),
        slow_to_end("web"),
        stateful_set("db"),
        lone,
        prepare,
    ];
    deleted_with(&site, site.helm_apply(Helm4, site.push("new")), &all);
    site.namespace.apply(&config_map("strange").to_string());
    // Somebody cleaned up by hand: Helm's memory, and the set, but not its disk.
    let secret = format!("sh.helm.release.v1.{ENVIRONMENT}.v1");
    site.namespace.delete("Secret", &secret);
    site.namespace.delete("StatefulSet", "lone");
    wait_until("it is gone", || {
        match site.namespace.find("StatefulSet", "lone") {
            None => Ok(()),
            Some(_) => Err("it is there"),
        }
    });
    let ran = site.sweep_deleted(Helm4, "new").run().ends_with(0);
    let ran = ran.says("hey-new: Helm knows nothing of it, and there are Deployment/web, ");
    ran.says("PersistentVolumeClaim/disk-lone-0 is not proven ours, and is left alone");
    let left = ["ConfigMap/strange", "PersistentVolumeClaim/disk-lone-0"];
    assert_eq!(site.namespace.inventory(), left);
}

fn instance() -> Value {
    json!({"app.kubernetes.io/instance": ENVIRONMENT})
}

/// An Ingress of the shared load balancer.
fn ingress(name: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {
            "name": name, "annotations": {"alb.ingress.kubernetes.io/group.name": "betas"},
        },
        "spec": {
            "ingressClassName": "alb",
            "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
        },
    })
}

/// What the load balancer's controller tells of an Ingress.
fn failure(ingress: &str, namespace: &str, seconds: u64, message: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "type": "Warning",
        "metadata": {"name": format!("{ingress}.{seconds}")},
        "involvedObject": {
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": ingress,
            "namespace": namespace,
        },
        "reason": "FailedDeployModel", "message": message,
        "lastTimestamp": format!("2026-11-24T12:00:0{seconds}Z"),
    })
}

/// A pod of somebody who looks into a disk.
fn looks_into(claim: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "look"},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "look", "image": "example.test/look"}],
            "volumes": [{"name": "disk", "persistentVolumeClaim": {"claimName": claim}}],
        },
    })
}
