//! The cluster does what a real one does, for pods that run nothing.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api, Client, Config,
    api::ListParams,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::Value;
use testbed::{Cluster, Namespace, wait_until};

#[test]
fn a_namespace_starts_with_nothing_in_it() {
    let cluster = Cluster::shared();
    println!("the cluster was up in {:?}", cluster.startup());
    let namespace = cluster.namespace("empty");
    wait_until("nothing counts", || match namespace.inventory() {
        all if all.is_empty() => Ok(()),
        all => Err(format!("{all:?}")),
    });
}

#[test]
fn the_claim_of_a_stateful_set_is_bound_and_its_volume_goes_with_it() {
    let namespace = Cluster::shared().namespace("claim");
    namespace.apply(
        r#"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis}
spec:
  serviceName: redis
  selector: {matchLabels: {app: redis}}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers: [{name: redis, image: redis, ports: [{containerPort: 6379}]}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"#,
    );
    status(
        &namespace,
        "StatefulSet",
        "redis",
        "/status/readyReplicas",
        "1",
    );
    status(
        &namespace,
        "PersistentVolumeClaim",
        "data-redis-0",
        "/status/phase",
        "Bound",
    );
    namespace.delete("StatefulSet", "redis");
    wait_until("all of it is gone", || match namespace.inventory() {
        all if all
            .iter()
            .all(|object| object.starts_with("ControllerRevision/")) =>
        {
            Ok(())
        }
        all => Err(format!("{all:?}")),
    });
}

#[test]
fn a_held_job_goes_on_when_it_is_let_go() {
    let namespace = Cluster::shared().namespace("held");
    namespace.apply(&job("migrate", r#"testbed/hold: "true""#));
    status(&namespace, "Job", "migrate", "/status/ready", "1");
    let pod = &namespace.objects("Pod")[0];
    namespace.annotate("Pod", pod, "testbed/hold", None);
    status(&namespace, "Job", "migrate", "/status/succeeded", "1");
}

#[test]
fn a_job_that_fails_has_failed() {
    let namespace = Cluster::shared().namespace("failing");
    namespace.apply(&job("migrate", r#"testbed/fail: "true""#));
    status(&namespace, "Job", "migrate", "/status/failed", "1");
}

#[test]
fn pods_are_as_their_annotations_say() {
    let namespace = Cluster::shared().namespace("pods");
    let waiting = "/status/containerStatuses/0/state/waiting/reason";
    namespace.apply(&pod("plain", "{}"));
    namespace.apply(&pod("late", r#"{testbed/ready-after: "1s"}"#));
    namespace.apply(&pod("never", r#"{testbed/never-ready: "true"}"#));
    namespace.apply(&pod("crashing", r#"{testbed/fail: "true"}"#));
    namespace.apply(&pod("missing", r#"{testbed/image-missing: "true"}"#));
    status(&namespace, "Pod", "crashing", waiting, "CrashLoopBackOff");
    status(
        &namespace,
        "Pod",
        "crashing",
        "/status/containerStatuses/0/restartCount",
        "1",
    );
    status(&namespace, "Pod", "missing", waiting, "ImagePullBackOff");
    for (name, ready) in [("plain", "true"), ("late", "true"), ("never", "false")] {
        status(
            &namespace,
            "Pod",
            name,
            "/status/containerStatuses/0/ready",
            ready,
        );
    }
    namespace.annotate("Pod", "never", "testbed/never-ready", None);
    status(
        &namespace,
        "Pod",
        "never",
        "/status/containerStatuses/0/ready",
        "true",
    );
}

#[test]
fn a_pod_that_fits_no_node_is_not_scheduled() {
    let namespace = Cluster::shared().namespace("nowhere");
    let pod = pod("nowhere", "{}");
    namespace.apply(&format!("{pod}  nodeSelector: {{no: where}}\n"));
    let reason = "/status/conditions/0/reason";
    status(&namespace, "Pod", "nowhere", reason, "Unschedulable");
}

#[test]
fn a_pod_may_take_its_time_to_end() {
    let namespace = Cluster::shared().namespace("slow");
    namespace.apply(&pod("slow", r#"{testbed/slow-delete: "1s"}"#));
    status(&namespace, "Pod", "slow", "/status/phase", "Running");
    let asked = Instant::now();
    namespace.delete("Pod", "slow");
    wait_until("it is gone", || {
        namespace.find("Pod", "slow").map_or(Ok(()), Err)
    });
    assert!(
        asked.elapsed() >= Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
}

#[test]
fn a_service_account_may_do_what_its_manifest_says_in_its_own_namespace_only() {
    let cluster = Cluster::shared();
    let (own, other) = (cluster.namespace("own"), cluster.namespace("other"));
    let manifest = include_str!("../../../examples/rbac.yaml");
    let kubeconfig = own.service_account("branch-deploys", manifest);
    let may = |namespace: &Namespace| {
        let config = Kubeconfig::read_from(&kubeconfig).unwrap();
        cluster.block_on(async {
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(config, &options)
                .await
                .unwrap();
            let client = Client::try_from(config).unwrap();
            let leases: Api<Lease> = Api::namespaced(client, namespace.name());
            leases.list(&ListParams::default()).await.is_ok()
        })
    };
    wait_until("the rights are known", || {
        if may(&own) { Ok(()) } else { Err("refused") }
    });
    assert!(!may(&other));
    assert!(own.inventory().is_empty(), "{:?}", own.inventory());
}

/// Waits until a field has a value, strings without their quotes.
#[track_caller]
fn status(namespace: &Namespace, kind: &str, name: &str, pointer: &str, expected: &str) {
    wait_until(&format!("{kind} {name} has {pointer} {expected}"), || {
        let object = namespace.find(kind, name);
        let value = object.as_ref().and_then(|object| object.pointer(pointer));
        let text = match value {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "nothing".to_owned(),
        };
        if text == expected { Ok(()) } else { Err(text) }
    });
}

fn job(name: &str, annotation: &str) -> String {
    format!(
        "
apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
  backoffLimit: 0
  template:
    metadata: {{annotations: {{{annotation}}}}}
    spec:
      restartPolicy: Never
      containers: [{{name: {name}, image: app}}]
"
    )
}

fn pod(name: &str, annotations: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata: {{name: {name}, annotations: {annotations}}}
spec:
  containers: [{{name: app, image: app}}]
"
    )
}

#[test]
fn an_object_can_be_made_in_the_past() {
    let namespace = Cluster::shared().namespace("past");
    let secret = |name: &str| serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}});
    namespace.apply(&secret("old").to_string());
    let made = "2026-01-02T03:04:05Z";
    namespace.date_back("Secret", "old", made.parse().unwrap());
    let old = namespace.get("Secret", "old");
    assert_eq!(old["metadata"]["creationTimestamp"], made);
    namespace.annotate("Secret", "old", "still", Some("writable"));

    let mut other = old;
    other["metadata"]["name"] = "other".into();
    namespace.store([other]);
    assert_eq!(namespace.objects("Secret"), ["old", "other"]);
    namespace.delete("Secret", "other");
    assert_eq!(namespace.objects("Secret"), ["old"]);
}

#[test]
fn a_front_shows_the_server_with_a_wrong_clock_and_with_faults() {
    use testbed::faults::{Effect, Matcher};
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("front");
    let rights = include_str!("../../../examples/rbac.yaml");
    let account = namespace.service_account("branch-deploys", rights);
    let front = namespace.front(&account);
    let kubeconfig = Kubeconfig::read_from(front.kubeconfig()).unwrap();
    let path = format!("/api/v1/namespaces/{}/secrets", namespace.name());
    let ask = |path: &str| {
        let request = http::Request::get(path).body(kube::client::Body::empty());
        cluster.block_on(async {
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(kubeconfig.clone(), &options);
            let mut config = config.await.unwrap();
            config.default_retry = false;
            let client = Client::try_from(config).unwrap();
            client.send(request.unwrap()).await.unwrap()
        })
    };
    let minutes = |date: &str| {
        let date = chrono::DateTime::parse_from_rfc2822(date).unwrap();
        (date.to_utc() - chrono::Utc::now()).num_minutes()
    };
    for ahead in [0, 60, -60] {
        front.set_clock(chrono::TimeDelta::minutes(ahead));
        let answer = ask(&path);
        assert_eq!(answer.status(), 200);
        let date = answer.headers()["date"].to_str().unwrap();
        assert!((minutes(date) - ahead).abs() <= 1, "{date}");
    }
    // The rights are those of the account.
    assert_eq!(ask("/api/v1/nodes").status(), 403);
    let once = Matcher::get("/api/v1/namespaces/*/secrets").once();
    front.faults().when(once).then(Effect::status(504));
    assert_eq!(ask(&path).status(), 504);
    assert_eq!(ask(&path).status(), 200);
}
