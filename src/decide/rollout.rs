//! Which pods a workload waits for, and how far they are.

use serde_json::Value;

use crate::model::Scene;

/// The annotation by which a Deployment and its newest ReplicaSet tell that they belong together.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// The pods that a workload has made of its newest template: what the old ones do is not its fault.
/// None as long as its controller has not seen that template.
pub fn pods_of<'a>(scene: &'a Scene, kind: &str, workload: &'a Value) -> Vec<&'a Value> {
    let generation = workload["metadata"]["generation"].as_u64();
    let observed = workload["status"]["observedGeneration"].as_u64();
    if matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet") && observed < generation {
        return Vec::new();
    }
    let owned = |owner: &'a Value| {
        let pods = scene.of_kind("Pod");
        pods.filter(move |pod| is_owned(pod, owner) && !leaves(pod))
    };
    match kind {
        "Pod" => vec![workload],
        "Deployment" => {
            let newest = replica_set(scene, workload);
            newest.into_iter().flat_map(owned).collect()
        }
        "StatefulSet" => {
            let revision = &workload["status"]["updateRevision"];
            let is_newest = |pod: &&Value| is_told(pod, "controller-revision-hash", revision);
            owned(workload).filter(is_newest).collect()
        }
        "DaemonSet" => {
            let annotations = &workload["metadata"]["annotations"];
            let template = &annotations["deprecated.daemonset.template.generation"];
            let is_newest = |pod: &&Value| is_told(pod, "pod-template-generation", template);
            owned(workload).filter(is_newest).collect()
        }
        "ReplicaSet" => owned(workload).collect(),
        // Those of a Job tell how it came out, also when they are on their way out, or gone.
        "Job" => {
            let pods = scene.of_kind("Pod").chain(scene.past_of_kind("Pod"));
            pods.filter(|pod| is_owned(pod, workload)).collect()
        }
        _ => Vec::new(),
    }
}

/// All pods of a workload that are not on their way out, of its old templates too.
pub fn owned<'a>(
    scene: &'a Scene,
    kind: &str,
    workload: &'a Value,
) -> impl Iterator<Item = &'a Value> {
    let sets = scene.of_kind("ReplicaSet");
    let sets: Vec<_> = match kind {
        "Deployment" => sets.filter(|set| is_owned(set, workload)).collect(),
        _ => vec![workload],
    };
    let pods = scene.of_kind("Pod");
    pods.filter(move |pod| !leaves(pod) && sets.iter().any(|owner| is_owned(pod, owner)))
}

/// The ReplicaSet of a Deployment's newest template, once it is made.
pub fn replica_set<'a>(scene: &'a Scene, deployment: &Value) -> Option<&'a Value> {
    let revision = &deployment["metadata"]["annotations"][REVISION];
    let mut sets = scene.of_kind("ReplicaSet");
    sets.find(|set| {
        is_owned(set, deployment) && set["metadata"]["annotations"][REVISION] == *revision
    })
}

/// How many of a workload's pods are ready, of how many; none for what does not count them.
pub fn ready(kind: &str, workload: &Value, pods: &[&Value]) -> Option<(u64, u64)> {
    let wanted = match kind {
        "Deployment" | "StatefulSet" | "ReplicaSet" => {
            workload["spec"]["replicas"].as_u64().unwrap_or(1)
        }
        "DaemonSet" => workload["status"]["desiredNumberScheduled"].as_u64()?,
        _ => return None,
    };
    let ready = pods.iter().filter(|pod| is_ready(pod)).count();
    Some((ready as u64, wanted))
}

/// Without how many of its pods a workload is ready for Helm, which goes by what its rolling update may do
/// without (`deploymentReady` and `daemonSetReady` of Helm's `pkg/kube/ready.go`; Helm 4's watcher does without
/// none).
pub fn spared(kind: &str, workload: &Value, wanted: u64) -> u64 {
    let update = |strategy: &str| &workload["spec"][strategy]["rollingUpdate"];
    let number = |part: &Value, round: fn(f64) -> f64| match part {
        Value::String(share) => {
            let share: f64 = share.trim_end_matches('%').parse().unwrap_or_default();
            round(share * wanted as f64 / 100.0) as u64
        }
        part => part.as_u64().unwrap_or_default(),
    };
    let spared = match kind {
        "Deployment" => {
            let update = update("strategy");
            let surge = number(&update["maxSurge"], f64::ceil);
            // One of both has to be something, or nothing would ever be replaced.
            let least = u64::from(!update.is_null() && surge == 0);
            number(&update["maxUnavailable"], f64::floor).max(least)
        }
        "DaemonSet" => number(&update("updateStrategy")["maxUnavailable"], f64::ceil),
        _ => 0,
    };
    spared.min(wanted)
}

/// Whether a pod is ready.
pub fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|ready| ready["status"] == "True")
}

/// What an object says of itself under this name.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let mut conditions = object["status"]["conditions"].as_array()?.iter();
    conditions.find(|condition| condition["type"] == kind)
}

fn is_owned(object: &Value, owner: &Value) -> bool {
    let uid = &owner["metadata"]["uid"];
    let owners = object["metadata"]["ownerReferences"].as_array();
    !uid.is_null() && owners.is_some_and(|owners| owners.iter().any(|it| it["uid"] == *uid))
}

/// Whether a pod bears this value; any does where there is none to bear.
fn is_told(pod: &Value, label: &str, value: &Value) -> bool {
    value.is_null() || pod["metadata"]["labels"][label] == *value
}

/// Whether a pod is on its way out.
pub fn leaves(pod: &Value) -> bool {
    !pod["metadata"]["deletionTimestamp"].is_null()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scene(objects: &[Value]) -> Scene {
        let keyed = objects.iter().map(|object| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let key = (text(&object["kind"]), text(&object["metadata"]["name"]));
            (key, object.clone())
        });
        Scene {
            objects: keyed.collect(),
            ..Scene::default()
        }
    }

    fn owned(kind: &str, name: &str, owner: &str) -> Value {
        json!({"kind": kind, "metadata": {"name": name, "uid": name,
            "ownerReferences": [{"uid": owner}]}})
    }

    fn owned_by<'a>(scene: &'a Scene, kind: &str, workload: &'a Value) -> Vec<&'a str> {
        names(&super::owned(scene, kind, workload).collect::<Vec<_>>())
    }

    fn names<'a>(pods: &[&'a Value]) -> Vec<&'a str> {
        let names = pods.iter().map(|pod| pod["metadata"]["name"].as_str());
        names.map(|name| name.expect("a pod has a name")).collect()
    }

    #[test]
    fn a_deployments_old_pods_are_not_waited_for() {
        let deployment = json!({"kind": "Deployment", "metadata": {"name": "web", "uid": "web",
            "generation": 2, "annotations": {REVISION: "2"}}, "status": {"observedGeneration": 2}});
        let mut sets = [
            owned("ReplicaSet", "old", "web"),
            owned("ReplicaSet", "new", "web"),
        ];
        for (set, revision) in sets.iter_mut().zip(["1", "2"]) {
            set["metadata"]["annotations"] = json!({REVISION: revision});
        }
        let [old, new] = sets;
        let scene = scene(&[
            old,
            new,
            owned("Pod", "of-old", "old"),
            owned("Pod", "of-new", "new"),
            owned("Pod", "of-another", "x"),
        ]);
        let pods = pods_of(&scene, "Deployment", &deployment);
        assert_eq!(names(&pods), ["of-new"]);
        assert_eq!(
            owned_by(&scene, "Deployment", &deployment),
            ["of-new", "of-old"]
        );
        assert_eq!(ready("Deployment", &deployment, &pods), Some((0, 1)));

        let mut unseen = deployment.clone();
        unseen["metadata"]["generation"] = json!(3);
        assert_eq!(names(&pods_of(&scene, "Deployment", &unseen)), [""; 0]);
    }

    #[test]
    fn a_sets_pods_are_told_by_its_revision() {
        let mut pods = [owned("Pod", "db-0", "db"), owned("Pod", "db-1", "db")];
        pods[0]["metadata"]["labels"] = json!({"controller-revision-hash": "old"});
        pods[1]["metadata"]["labels"] = json!({"controller-revision-hash": "new"});
        let scene = scene(&pods);
        let set = json!({"metadata": {"uid": "db"}, "spec": {"replicas": 2},
            "status": {"updateRevision": "new"}});
        assert_eq!(names(&pods_of(&scene, "StatefulSet", &set)), ["db-1"]);
        assert_eq!(owned_by(&scene, "StatefulSet", &set), ["db-0", "db-1"]);
    }

    #[test]
    fn a_daemon_sets_pods_are_told_by_its_templates_generation_and_wanted_where_it_says() {
        let mut pods = [owned("Pod", "log-a", "log"), owned("Pod", "log-b", "log")];
        for (pod, generation) in pods.iter_mut().zip(["1", "2"]) {
            pod["metadata"]["labels"] = json!({"pod-template-generation": generation});
        }
        let scene = scene(&pods);
        let mut set = json!({"metadata": {"uid": "log",
            "annotations": {"deprecated.daemonset.template.generation": "2"}}});
        let found = pods_of(&scene, "DaemonSet", &set);
        assert_eq!(names(&found), ["log-b"]);
        assert_eq!(ready("DaemonSet", &set, &found), None, "nobody counted yet");
        set["status"] = json!({"desiredNumberScheduled": 3});
        assert_eq!(ready("DaemonSet", &set, &[]), Some((0, 3)));
    }

    #[test]
    fn a_workload_is_ready_without_what_its_update_may_do_without() {
        let deployment = |update: Value| json!({"spec": {"strategy": {"rollingUpdate": update}}});
        let usual = || json!({"maxSurge": "25%", "maxUnavailable": "25%"});
        for (wanted, expected) in [(1, 0), (3, 0), (4, 1), (9, 2)] {
            let deployment = deployment(usual());
            assert_eq!(spared("Deployment", &deployment, wanted), expected);
        }
        let given = deployment(json!({"maxSurge": 1, "maxUnavailable": 5}));
        assert_eq!(spared("Deployment", &given, 3), 3);
        let neither = deployment(json!({"maxSurge": 0, "maxUnavailable": "25%"}));
        assert_eq!(spared("Deployment", &neither, 3), 1);
        assert_eq!(spared("Deployment", &json!({}), 8), 0, "it is made anew");
        let set = json!({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "10%"}}}});
        assert_eq!(spared("DaemonSet", &set, 5), 1);
        assert_eq!(spared("StatefulSet", &set, 5), 0);
    }

    #[test]
    fn a_pod_is_its_own_and_a_set_without_revisions_has_all_that_it_owns() {
        let pod = owned("Pod", "web-1", "web");
        let scene = scene(std::slice::from_ref(&pod));
        assert_eq!(names(&pods_of(&scene, "Pod", &pod)), ["web-1"]);
        let set = json!({"metadata": {"uid": "web"}});
        assert_eq!(names(&pods_of(&scene, "ReplicaSet", &set)), ["web-1"]);
    }

    #[test]
    fn a_set_of_another_deployment_at_the_same_revision_is_none_of_this_one() {
        let mut others = owned("ReplicaSet", "a-other", "other");
        others["metadata"]["annotations"] = json!({REVISION: "2"});
        let deployment = json!({"metadata": {"uid": "web", "annotations": {REVISION: "2"}}});
        assert_eq!(replica_set(&scene(&[others]), &deployment), None);
    }

    #[test]
    fn a_pod_that_leaves_is_waited_for_only_where_it_is_a_jobs() {
        let mut leaving = owned("Pod", "web-1", "web");
        leaving["metadata"]["deletionTimestamp"] = json!("2026-11-24T09:00:00Z");
        let owner = json!({"metadata": {"uid": "web"}});
        let mut scene = scene(&[leaving, owned("Pod", "web-2", "web")]);
        let past = owned("Pod", "web-0", "web");
        scene.past.insert(("Pod".into(), "web-0".into()), past);
        assert_eq!(names(&pods_of(&scene, "StatefulSet", &owner)), ["web-2"]);
        let of_job = ["web-1", "web-2", "web-0"];
        assert_eq!(names(&pods_of(&scene, "Job", &owner)), of_job);
        assert_eq!(names(&pods_of(&scene, "ConfigMap", &owner)), [""; 0]);
    }
}
