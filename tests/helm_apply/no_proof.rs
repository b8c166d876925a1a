//! What goes wrong and keeps a release from nothing.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::{Cluster, tools::Tool, wait_until_within};

use super::{
    early_end::{objects, pods, say},
    explanation::migration,
};
use crate::site::{HELMS, Site, echo};

/// How often a lock is renewed in longer than what is refused is given.
const LONGER: usize = 9;

fn ingress(service: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "hey-new"},
        "spec": {"defaultBackend": {"service": {"name": service, "port": {"number": 80}}}},
    })
}

/// A load balancer's controller says it of the old Ingress while a hook is prepared, and needs its time for
/// the new one.
#[test]
fn what_is_said_again_of_the_old_revision_does_not_end_the_deploy_that_mends_it() {
    for helm in HELMS {
        let site = Site::new("old-refusal");
        let first = site.push("new");
        let wrong = objects(json!([ingress("wrong")]));
        let deploy = site.helm_apply(helm, first).release(&wrong);
        deploy.run().ends_with(0);
        let says = |reason: &str, words| say(&site, "Ingress", "hey-new", reason, words);
        let mut release = migration(&json!({}));
        let list = release["values"][0]["objects"].as_array_mut();
        let list = list.expect("a list");
        // No node is sought for it yet.
        list[0]["spec"]["template"]["spec"]["schedulingGates"] = json!([{"name": "test/late"}]);
        list.push(ingress("right"));
        let second = site.push("new");
        let running = site.helm_apply(helm, second).release(&release).start();
        let pod = wait_until_within(Duration::from_secs(40), "the hook's pod", || {
            site.namespace.objects("Pod").pop().ok_or("none")
        });
        says("FailedBuildModel", "no such Service wrong");
        site.wait_for_renewals("hey-new", LONGER);
        let open = json!({"spec": {"schedulingGates": null}});
        site.namespace.patch("Pod", &pod, &open);
        let ran = running.end().ends_with(0);
        assert!(!ran.stdout.contains("cannot come up"), "{ran}");
    }
}

/// As an autoscaler asks for it, and the namespace refuses it.
#[test]
fn a_pod_more_that_is_refused_does_not_end_the_wait_for_the_address() {
    let site = Site::new("one-more");
    let (balancers, name) = (Cluster::shared().load_balancer(), site.namespace.name());
    balancers.hold_addresses(name);
    let deployment = site.push("new");
    let port = balancers.port();
    let url = format!("http://{{slug}}-{name}.beta.example.test:{port}");
    let running = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({"web": true})))
        .args(["--url", &url, "--lookup", "ingress"])
        .start();
    wait_until_within(Duration::from_secs(40), "the wait for the address", || {
        let states = site.states(deployment).len();
        (states > 1).then_some(()).ok_or(states)
    });
    // It has no word on the pods that there are.
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let strict = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    site.namespace.apply(&strict.to_string());
    let two = json!({"spec": {"replicas": 2}});
    site.namespace.patch("Deployment", "hey-new", &two);
    site.wait_for_renewals("hey-new", LONGER);
    balancers.release_addresses(name);
    running.end().ends_with(0);
}

/// Helm 3 waits for none of so few.
#[test]
fn helm_4_is_ended_though_a_rolling_update_may_do_without_the_pod() {
    let site = Site::new("no-surge");
    let mut web = pods("hey-new", &json!({}));
    web["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}});
    let missing = json!({"testbed/image-missing": "true"});
    web["spec"]["template"]["metadata"]["annotations"] = missing;
    let release = objects(json!([web]));
    let deploy = site.helm_apply(Tool::Helm4, site.push("new"));
    let ran = deploy.release(&release).run().ends_with(1);
    ran.says("Helm is ended");
}
