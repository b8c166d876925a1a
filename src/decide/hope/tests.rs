use chrono::DateTime;
use serde_json::json;

use super::{
    patience::{OUTSIDE, REFUSED},
    *,
};
use crate::model::{Change, ObjectKey};

const MAX: u64 = 3;

fn object(kind: &str, hook: bool) -> Object {
    hooked(kind, hook.then_some("pre-upgrade"))
}

fn hooked(kind: &str, hook: Option<&str>) -> Object {
    let annotations = hook.map(|hook| json!({"helm.sh/hook": hook}));
    Object {
        key: ObjectKey::new("v1", kind, "web"),
        body: json!({"metadata": {"annotations": annotations}}),
    }
}

fn key(kind: &str, name: &str) -> (String, String) {
    (kind.into(), name.into())
}

/// A workload of that name, and a pod of it.
fn scene(kind: &str, pod: Option<&Value>, events: &[Event]) -> Scene {
    let mut scene = Scene::default();
    let body = json!({"metadata": {"name": "web", "uid": "web"}});
    scene.apply(Change::There(key(kind, "web"), body));
    if let Some(pod) = pod {
        let mut pod = pod.clone();
        pod["metadata"] =
            json!({"name": "web-0", "uid": "web-0", "ownerReferences": [{"uid": "web"}]});
        scene.apply(Change::There(key("Pod", "web-0"), pod));
    }
    for event in events {
        scene.apply(Change::Said(event.clone()));
    }
    scene
}

fn hope_of(pod: &Value, events: &[Event]) -> Hope {
    hope(
        &scene("StatefulSet", Some(pod), events),
        &[object("StatefulSet", false)],
        MAX,
        &Awaited::rollout(true),
    )
}

fn event(kind: &str, object: &str, reason: &str, message: &str, at: i64) -> Event {
    Event {
        kind: kind.into(),
        object: object.into(),
        reason: reason.into(),
        message: message.into(),
        at: DateTime::from_timestamp(at, 0),
        ..Event::default()
    }
}

fn container(restarts: u64, state: Value) -> Value {
    let mut status = json!({"name": "app", "restartCount": restarts, "ready": false});
    for (key, value) in state.as_object().into_iter().flatten() {
        status[key] = value.clone();
    }
    json!({"status": {"phase": "Pending", "containerStatuses": [status]}})
}

fn waiting(reason: &str, message: &str) -> Value {
    container(
        0,
        json!({"state": {"waiting": {"reason": reason, "message": message}}}),
    )
}

fn crash(restarts: u64) -> Value {
    container(
        restarts,
        json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1}}}),
    )
}

fn unscheduled(message: &str) -> Value {
    json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False",
        "reason": "Unschedulable", "message": message}]}})
}

fn time(hope: Hope) -> Option<Duration> {
    match hope {
        Hope::Waits => None,
        Hope::Fades(fading) => fading.first().map(|(_, time)| *time),
        Hope::Lost(_) => Some(Duration::ZERO),
    }
}

const LOST: Option<Duration> = Some(Duration::ZERO);

#[test]
fn an_image_that_is_not_there_does_not_come_and_a_registry_that_is_away_may() {
    for (reason, message, expected) in [
        ("ErrImagePull", "hey:1: Not Found", LOST),
        ("ErrImagePull", "manifest unknown", LOST),
        ("InvalidImageName", "couldn't parse", LOST),
        (
            "ErrImagePull",
            "pull access denied for hey, repository does not exist or may require 'docker login'",
            Some(OUTSIDE),
        ),
        ("ErrImagePull", "dial tcp: i/o timeout", None),
        ("ImagePullBackOff", "429 Too Many Requests", None),
        ("CreateContainerConfigError", "secret \"x\" not found", None),
        ("ContainerCreating", "", None),
    ] {
        assert_eq!(
            time(hope_of(&waiting(reason, message), &[])),
            expected,
            "{reason}"
        );
    }
}

#[test]
fn a_container_that_crashes_is_given_so_many_restarts() {
    assert_eq!(time(hope_of(&crash(MAX - 1), &[])), None);
    assert_eq!(time(hope_of(&crash(MAX), &[])), LOST);
    // As long as it runs again it may stay up.
    let runs = json!({"state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1}}});
    assert_eq!(time(hope_of(&container(MAX, runs), &[])), None);
}

#[test]
fn a_node_may_come_free_or_be_made_unless_somebody_says_no() {
    let says = |reason, at| event("Pod", "web-0", reason, "", at);
    let [made, refused] = ["TriggeredScaleUp", "NotTriggerScaleUp"];
    let lack = unscheduled("0/3 nodes are available: 3 Insufficient cpu.");
    assert_eq!(time(hope_of(&lack, &[])), None);
    assert_eq!(time(hope_of(&lack, &[says(refused, 1)])), Some(OUTSIDE));
    assert_eq!(
        time(hope_of(&lack, &[says(refused, 1), says(made, 2)])),
        None
    );
    let never = unscheduled("0/3 nodes are available: 3 node(s) didn't match Pod's node selector.");
    assert_eq!(time(hope_of(&never, &[])), Some(OUTSIDE));
    assert_eq!(time(hope_of(&never, &[says(made, 1)])), None);
    assert_eq!(time(hope_of(&never, &[says(refused, 1)])), LOST);
}

/// It may be another branch's, which goes.
#[test]
fn a_node_that_is_full_comes_free_when_a_pod_goes() {
    for lack in [
        "2 Insufficient memory, 1 node(s) didn't match Pod's node selector",
        "3 Too many pods",
        "3 node(s) didn't have free ports for the requested pod ports",
        "3 node(s) exceed max volume count",
        "3 node(s) didn't match pod anti-affinity rules",
    ] {
        let pod = unscheduled(&format!("0/3 nodes are available: {lack}."));
        assert_eq!(time(hope_of(&pod, &[])), None, "{lack}");
        let refused = event("Pod", "web-0", "NotTriggerScaleUp", "", 1);
        assert_eq!(time(hope_of(&pod, &[refused])), Some(OUTSIDE), "{lack}");
    }
}

#[test]
fn a_claim_that_nobody_makes_is_waited_for_as_long_as_a_disk() {
    let lacks = |message: &str, events: &[Event]| {
        let pod = unscheduled(&format!(
            "0/1 nodes are available: {message}. preemption: 0/1."
        ));
        time(hope_of(&pod, events))
    };
    let missing = "persistentvolumeclaim \"data\" not found";
    assert_eq!(lacks(missing, &[]), Some(OUTSIDE));
    let made = event("Pod", "web-0", "TriggeredScaleUp", "", 1);
    assert_eq!(lacks(missing, &[made]), Some(OUTSIDE), "no node is a claim");
    let goes = "persistentvolumeclaim \"data\" is being deleted";
    assert_eq!(lacks(goes, &[]), None, "another comes in its place");
    // Of one that is there the claim itself tells.
    let unbound = "pod has unbound immediate PersistentVolumeClaims";
    assert_eq!(lacks(unbound, &[]), None);
    // The autoscaler, too, waits for the disk, and says no meanwhile.
    let refused = event("Pod", "web-0", "NotTriggerScaleUp", "", 1);
    assert_eq!(lacks(unbound, std::slice::from_ref(&refused)), None);
    let begins = "1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }";
    assert_eq!(lacks(begins, &[refused]), None);
}

/// The scheduler says why in other words each time.
#[test]
fn a_node_that_is_being_made_is_not_forgotten_for_what_is_said_since() {
    let mut events = vec![event("Pod", "web-0", "TriggeredScaleUp", "", 1)];
    let refusals = (2..20).map(|at| Event {
        warns: true,
        ..event(
            "Pod",
            "web-0",
            "FailedScheduling",
            &format!("0/{at} nodes"),
            at,
        )
    });
    events.extend(refusals);
    let never = unscheduled("0/3 nodes are available: 3 node(s) didn't match Pod's node selector.");
    assert_eq!(time(hope_of(&never, &events)), None);
}

#[test]
fn each_trouble_that_may_heal_is_told() {
    let object = |name: &str| Object {
        key: ObjectKey::new("v1", "StatefulSet", name),
        body: json!({}),
    };
    let never = unscheduled("0/3 nodes are available: 3 node(s) didn't match Pod's node selector.");
    let refused = event("StatefulSet", "db", "FailedCreate", "forbidden", 1);
    let mut scene = scene("StatefulSet", Some(&never), &[refused]);
    let db = json!({"metadata": {"name": "db", "uid": "db"}});
    scene.apply(Change::There(key("StatefulSet", "db"), db));
    let Hope::Fades(fading) = hope(
        &scene,
        &[object("web"), object("db")],
        MAX,
        &Awaited::rollout(true),
    ) else {
        panic!("they fade");
    };
    let times: Vec<_> = fading.iter().map(|(_, time)| *time).collect();
    assert_eq!(times, [OUTSIDE, REFUSED]);
}

#[test]
fn pods_that_are_refused_are_believed_after_a_while() {
    let found = |message: &str| {
        let refused = event("StatefulSet", "web", "FailedCreate", message, 1);
        let scene = scene("StatefulSet", None, &[refused]);
        time(hope(
            &scene,
            &[object("StatefulSet", false)],
            MAX,
            &Awaited::rollout(true),
        ))
    };
    let small = |used: &str| {
        let of = "requested: pods=1,requests.memory=2Gi, used: ";
        let limits = "limited: pods=20,requests.memory=1Gi";
        format!("pods \"web-0\" is forbidden: exceeded quota: small, {of}{used}, {limits}")
    };
    assert_eq!(
        found(&small("pods=20,requests.memory=0")),
        Some(REFUSED),
        "nobody can leave it"
    );
    assert_eq!(
        found(&small("pods=20,requests.memory=900Mi")),
        Some(OUTSIDE)
    );
    let denied = "admission webhook \"validate.kyverno.svc\" denied the request: no limits";
    assert_eq!(found(denied), Some(REFUSED));
    for words in ["forbidden", "violates PodSecurity"] {
        assert_eq!(found(words), Some(REFUSED));
    }
    assert_eq!(found("Internal error: webhook does not answer"), None);
}

/// Until it has gone it counts for the quota, and only who asks again learns of it.
#[test]
fn a_quota_that_a_pod_leaves_is_believed_when_another_was_refused_since() {
    let says = |at| event("StatefulSet", "web", "FailedCreate", "exceeded quota", at);
    let mut scene = scene("StatefulSet", None, &[says(1)]);
    let mut found = |change| {
        scene.apply(change);
        time(hope(
            &scene,
            &[object("StatefulSet", false)],
            MAX,
            &Awaited::rollout(true),
        ))
    };
    let leaves = json!({"metadata": {"uid": "web-1", "deletionTimestamp": "2026-11-28T22:00:30Z",
        "deletionGracePeriodSeconds": 30}});
    let stays = json!({"metadata": {"uid": "web-2", "deletionGracePeriodSeconds": 90}});
    assert_eq!(
        found(Change::There(key("Pod", "web-2"), stays)),
        Some(OUTSIDE)
    );
    let time = Some(OUTSIDE + Duration::from_secs(30));
    assert_eq!(
        found(Change::There(key("Pod", "web-1"), leaves.clone())),
        time
    );
    assert_eq!(found(Change::Gone(key("Pod", "web-1"), leaves)), None);
    assert_eq!(found(Change::Said(says(2))), Some(OUTSIDE));
    // One that had its end counted for nothing.
    let done = json!({"metadata": {"uid": "hook"}, "status": {"phase": "Succeeded"}});
    assert_eq!(found(Change::Gone(key("Pod", "hook"), done)), Some(OUTSIDE));
}

#[test]
fn a_load_balancer_that_nobody_could_ask_for_is_given_time() {
    let found = |message: &str| {
        let refused = event("Ingress", "web", "FailedBuildModel", message, 1);
        let scene = scene("Ingress", None, &[refused]);
        time(hope(
            &scene,
            &[object("Ingress", false)],
            MAX,
            &Awaited::rollout(true),
        ))
    };
    for words in [
        "Throttling: Rate exceeded",
        "api error RequestLimitExceeded: Request limit exceeded.",
        "RequestError: send request failed caused by: Post \"https://x/\": no such host",
        "request send failed, Post \"https://x/\": connection refused",
        "dial tcp 10.0.0.1:443: i/o timeout",
        "context deadline exceeded",
        "https response error StatusCode: 503, api error ServiceUnavailable: later",
        "api error InternalFailure: oh",
    ] {
        let message = format!("Failed build model due to {words}");
        assert_eq!(found(&message), Some(OUTSIDE), "{words}");
    }
    let refused = "Failed build model due to couldn't auto-discover subnets";
    assert_eq!(found(refused), Some(REFUSED));
}

#[test]
fn a_disk_that_cannot_be_made_is_believed_after_a_while() {
    let found = |reason: &str, message: &str| {
        let failed = event("PersistentVolumeClaim", "web", reason, message, 1);
        let mut scene = scene("PersistentVolumeClaim", None, &[failed]);
        let claim =
            json!({"metadata": {"name": "web", "uid": "web"}, "status": {"phase": "Pending"}});
        scene.apply(Change::There(key("PersistentVolumeClaim", "web"), claim));
        time(hope(
            &scene,
            &[object("PersistentVolumeClaim", false)],
            MAX,
            &Awaited::rollout(true),
        ))
    };
    let failed = "ProvisioningFailed";
    assert_eq!(found(failed, "storageclass \"x\" not found"), Some(REFUSED));
    assert_eq!(found(failed, "rate exceeded"), Some(OUTSIDE));
    let no_class = "no persistent volumes available for this claim and no storage class is set";
    assert_eq!(found("FailedBinding", no_class), Some(OUTSIDE));
}

#[test]
fn an_ingress_that_is_refused_is_believed_after_a_while() {
    let found = |reason: &str, before| {
        let refused = Event {
            before,
            ..event("Ingress", "web", reason, "no certificate", 1)
        };
        let scene = scene("Ingress", None, &[refused]);
        time(hope(
            &scene,
            &[object("Ingress", false)],
            MAX,
            &Awaited::rollout(true),
        ))
    };
    assert_eq!(found("FailedBuildModel", false), Some(REFUSED));
    assert_eq!(found("FailedDeployModel", false), Some(OUTSIDE));
    assert_eq!(found("FailedBuildModel", true), None, "of an older deploy");
}

#[test]
fn a_job_of_a_hook_that_failed_is_lost_and_another_is_nothing() {
    let found = |hook: bool| {
        let mut scene = scene("Job", None, &[]);
        let job = json!({"metadata": {"name": "web", "uid": "web"},
            "status": {"conditions": [{"type": "Failed", "status": "True"}]}});
        scene.apply(Change::There(key("Job", "web"), job));
        time(hope(
            &scene,
            &[object("Job", hook)],
            MAX,
            &Awaited::rollout(true),
        ))
    };
    assert_eq!(found(true), LOST);
    assert_eq!(found(false), None);
}

/// Its own limit of failures says when it has failed.
#[test]
fn a_hook_whose_container_is_started_again_and_again_is_waited_for() {
    let scene = scene("Job", Some(&crash(MAX)), &[]);
    assert_eq!(
        hope(&scene, &[object("Job", true)], MAX, &Awaited::rollout(true)),
        Hope::Waits
    );
}

#[test]
fn a_job_that_helm_does_not_wait_for_ends_nothing() {
    let scene = scene("Job", Some(&crash(MAX)), &[]);
    assert_eq!(
        hope(
            &scene,
            &[object("Job", false)],
            MAX,
            &Awaited::rollout(true)
        ),
        Hope::Waits
    );
}

#[test]
fn what_was_there_before_proves_nothing() {
    let pod = crash(MAX);
    let mut scene = scene("StatefulSet", Some(&pod), &[]);
    scene.before.insert("web-0".into());
    assert_eq!(
        hope(
            &scene,
            &[object("StatefulSet", false)],
            MAX,
            &Awaited::rollout(true)
        ),
        Hope::Waits
    );
}

#[test]
fn as_long_as_a_hook_runs_nothing_is_lost() {
    let lost = crash(MAX);
    let mut scene = scene("StatefulSet", Some(&lost), &[]);
    let job = json!({"metadata": {"name": "web", "uid": "job"}});
    scene.apply(Change::There(key("Job", "web"), job));
    let after = hooked("Job", Some("post-install,post-upgrade"));
    let chart = [object("StatefulSet", false), after];
    assert_eq!(
        time(hope(&scene, &chart, MAX, &Awaited::rollout(true))),
        LOST
    );
    let pod = json!({"metadata": {"name": "m", "uid": "m", "ownerReferences": [{"uid": "job"}]},
        "status": {"phase": "Running"}});
    scene.apply(Change::There(key("Pod", "m"), pod.clone()));
    assert_eq!(
        time(hope(&scene, &chart, MAX, &Awaited::rollout(true))),
        None
    );
    // Seen running last, and gone with its node.
    scene.apply(Change::Gone(key("Pod", "m"), pod));
    assert_eq!(
        time(hope(&scene, &chart, MAX, &Awaited::rollout(true))),
        LOST
    );
}

/// What is wrong with it is said of each Ingress that shares its load balancer.
#[test]
fn an_ingress_of_another_branch_that_is_refused_may_be_mended() {
    let message = "Failed build model due to ingress: betas/web: no such Service";
    let refused = event("Ingress", "web", "FailedBuildModel", message, 1);
    let mut scene = scene("Ingress", None, &[refused]);
    let mut of = |namespace: &str| {
        let ours = json!({"metadata": {"name": "web", "namespace": namespace, "uid": "web"}});
        scene.apply(Change::There(key("Ingress", "web"), ours));
        time(hope(
            &scene,
            &[object("Ingress", false)],
            MAX,
            &Awaited::rollout(true),
        ))
    };
    assert_eq!(of("elsewhere"), Some(OUTSIDE));
    assert_eq!(of("betas"), Some(REFUSED));
}

/// A database for the migration runs for good.
#[test]
fn a_hook_that_has_no_end_holds_nothing_off() {
    let time_beside = |kind: &str, phase: &str| {
        let mut scene = scene("StatefulSet", Some(&crash(MAX)), &[]);
        let body = json!({"metadata": {"name": "web", "uid": "hook"}, "status": {"phase": phase}});
        scene.apply(Change::There(key(kind, "web"), body));
        let pod = json!({"metadata": {"name": "db", "uid": "db", "ownerReferences": [{"uid": "hook"}]},
            "status": {"phase": phase}});
        scene.apply(Change::There(key("Pod", "db"), pod));
        let hook = hooked(kind, Some("post-install"));
        let chart = [object("StatefulSet", false), hook];
        time(hope(&scene, &chart, MAX, &Awaited::rollout(true)))
    };
    for kind in ["ReplicaSet", "DaemonSet"] {
        assert_eq!(time_beside(kind, "Running"), LOST, "{kind}");
    }
    for kind in ["Job", "Pod"] {
        assert_eq!(time_beside(kind, "Running"), None, "{kind}");
        assert_eq!(time_beside(kind, "Pending"), LOST, "{kind}");
    }
}

#[test]
fn what_is_wrong_with_a_hook_that_helm_does_not_wait_for_ends_nothing() {
    let missing = waiting("ErrImagePull", "hey:1: not found");
    let found = |kind: &str| {
        let scene = scene(kind, Some(&missing), &[]);
        time(hope(
            &scene,
            &[object(kind, true)],
            MAX,
            &Awaited::rollout(true),
        ))
    };
    assert_eq!(found("StatefulSet"), None);
    assert_eq!(found("Job"), LOST);

    let refused = event("Ingress", "web", "FailedBuildModel", "no certificate", 1);
    let scene = scene("Ingress", None, &[refused]);
    assert_eq!(
        time(hope(
            &scene,
            &[object("Ingress", true)],
            MAX,
            &Awaited::rollout(true)
        )),
        Some(REFUSED),
        "we wait for it"
    );
}

/// A sidecar whose registry is away may heal, and the app beside it does not.
#[test]
fn what_may_heal_hides_nothing_that_does_not() {
    let mut pod = crash(MAX);
    let away = json!({"name": "sidecar",
        "state": {"waiting": {"reason": "ErrImagePull", "message": "i/o timeout"}}});
    let statuses = pod["status"]["containerStatuses"].as_array_mut();
    statuses.expect("it has some").push(away);
    assert_eq!(time(hope_of(&pod, &[])), LOST);
}

#[test]
fn a_pod_that_was_there_before_hides_none_that_came() {
    let mut scene = scene("StatefulSet", Some(&crash(MAX + 1)), &[]);
    scene.before.insert("web-0".into());
    let chart = [object("StatefulSet", false)];
    assert_eq!(
        time(hope(&scene, &chart, MAX, &Awaited::rollout(true))),
        None
    );
    let mut came = crash(MAX);
    came["metadata"] =
        json!({"name": "web-1", "uid": "web-1", "ownerReferences": [{"uid": "web"}]});
    scene.apply(Change::There(key("Pod", "web-1"), came));
    assert_eq!(
        time(hope(&scene, &chart, MAX, &Awaited::rollout(true))),
        LOST
    );
}

/// The controller tries again only after minutes, and meanwhile does other things.
#[test]
fn what_is_said_since_of_something_else_makes_no_old_refusal_new() {
    let found = |kind: &str, reason: &str, before| {
        let refused = Event {
            before,
            ..event(kind, "web", reason, "forbidden", 1)
        };
        let since = event(kind, "web", "SuccessfulDelete", "", 2);
        let scene = scene(kind, None, &[refused, since]);
        time(hope(
            &scene,
            &[object(kind, false)],
            MAX,
            &Awaited::rollout(true),
        ))
    };
    for (kind, reason) in [
        ("StatefulSet", "FailedCreate"),
        ("Ingress", "FailedBuildModel"),
    ] {
        assert_eq!(found(kind, reason, true), None, "{kind}");
        assert_eq!(found(kind, reason, false), Some(REFUSED), "{kind}");
    }
}

/// A Deployment that wants so many pods: for these no node is right, and those that are not made are refused.
fn short(wanted: u64, pods: u64, nodeless: u64) -> Scene {
    let refused = event(
        "ReplicaSet",
        "set",
        "FailedCreate",
        "violates PodSecurity",
        1,
    );
    let mut scene = scene("Deployment", None, &[refused]);
    let update = json!({"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
    let deployment = json!({"metadata": {"name": "web", "uid": "web"},
        "spec": {"replicas": wanted, "strategy": update}});
    scene.apply(Change::There(key("Deployment", "web"), deployment));
    let of = |name: &str, owner: &str| json!({"name": name, "uid": name, "ownerReferences": [{"uid": owner}]});
    let set = json!({"metadata": of("set", "web")});
    scene.apply(Change::There(key("ReplicaSet", "set"), set));
    let lacks = unscheduled("0/3 nodes are available: 3 node(s) didn't match Pod's node selector.");
    for number in 0..pods {
        let is_nodeless = number < nodeless;
        let mut pod = if is_nodeless {
            lacks.clone()
        } else {
            json!({})
        };
        let name = format!("web-{number}");
        pod["metadata"] = of(&name, "set");
        scene.apply(Change::There(key("Pod", &name), pod));
    }
    scene
}

/// The controller makes no other before it.
#[test]
fn an_update_whose_first_pod_is_lost_goes_no_further() {
    let mut scene = scene("DaemonSet", Some(&crash(MAX)), &[]);
    let update = json!({"rollingUpdate": {"maxUnavailable": 1}});
    let set = json!({"metadata": {"name": "web", "uid": "web"},
        "spec": {"updateStrategy": update}, "status": {"desiredNumberScheduled": 3}});
    scene.apply(Change::There(key("DaemonSet", "web"), set));
    let chart = [object("DaemonSet", false)];
    let of = |scene: &Scene| time(hope(scene, &chart, MAX, &Awaited::rollout(true)));
    assert_eq!(of(&scene), LOST);
    let next = json!({"metadata": {"name": "web-1", "uid": "web-1",
        "ownerReferences": [{"uid": "web"}]}});
    scene.apply(Change::There(key("Pod", "web-1"), next));
    assert_eq!(of(&scene), None, "it may do without one of them");
    scene.objects.remove(&key("Pod", "web-1"));
    let up = time(hope(&scene, &chart, MAX, &Awaited::Answer));
    assert_eq!(up, None, "old ones answer");
}

/// An Ingress that is as its chart has it: its Service may be what is mended.
#[test]
fn an_old_ingress_has_time_and_before_a_hook_is_done_it_proves_nothing() {
    let refused = event("Ingress", "web", "FailedBuildModel", "no such Service", 1);
    let ingress = || json!({"metadata": {"name": "web", "uid": "web"}});
    let chart = [object("Ingress", false), object("Job", true)];
    let mut old = Scene::default();
    old.apply(Change::Found(key("Ingress", "web"), ingress()));
    old.apply(Change::Said(refused.clone()));
    let of = |scene: &Scene| time(hope(scene, &chart, MAX, &Awaited::rollout(true)));
    assert_eq!(of(&old), Some(OUTSIDE));
    let mut changed = ingress();
    changed["metadata"]["generation"] = json!(2);
    old.apply(Change::There(key("Ingress", "web"), changed));
    assert_eq!(of(&old), None, "that was said of it as it was");
    old.apply(Change::Said(event(
        "Ingress",
        "web",
        "FailedBuildModel",
        "no such Service",
        2,
    )));
    assert_eq!(of(&old), Some(REFUSED));
    let hook = |status| {
        let job = json!({"metadata": {"name": "web", "uid": "job"}, "status": status});
        Change::There(key("Job", "web"), job)
    };
    let mut new = scene("Ingress", None, &[refused]);
    assert_eq!(of(&new), Some(REFUSED));
    new.apply(hook(json!({})));
    assert_eq!(of(&new), None);
    new.apply(hook(
        json!({"conditions": [{"type": "Complete", "status": "True"}]}),
    ));
    assert_eq!(of(&new), Some(REFUSED));
}

#[test]
fn a_workload_has_enough_by_its_helms_measure() {
    let (scene, chart) = (short(4, 4, 1), [object("Deployment", false)]);
    let mut trouble = troubles(&scene, &chart, None).remove(0);
    for (ready, spares, expected) in [
        (3, true, true),
        (3, false, false),
        (4, false, true),
        (2, true, false),
        (0, true, false),
    ] {
        trouble.ready = Some((ready, 4));
        assert_eq!(has_enough(&scene, &chart, &trouble, spares), expected);
    }
}

#[test]
fn room_may_come_as_long_as_another_new_pod_begins() {
    let full = "pods \"web-1\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2";
    let refused = event("StatefulSet", "web", "FailedCreate", full, 1);
    let mut scene = scene("StatefulSet", None, &[refused]);
    let set = json!({"metadata": {"name": "web", "uid": "web"}, "spec": {"replicas": 2},
        "status": {"updateRevision": "new"}});
    scene.apply(Change::There(key("StatefulSet", "web"), set));
    let mut pod = |name: &str, revision: &str, conditions: Value| {
        let labels = json!({"controller-revision-hash": revision});
        let metadata = json!({"name": name, "uid": name, "labels": labels,
            "ownerReferences": [{"uid": "web"}]});
        let pod = json!({"metadata": metadata, "status": {"conditions": conditions}});
        scene.apply(Change::There(key("Pod", name), pod));
        let chart = [object("StatefulSet", false)];
        time(hope(&scene, &chart, MAX, &Awaited::rollout(true)))
    };
    assert_eq!(
        pod("web-0", "new", json!([])),
        Some(OUTSIDE),
        "no old one goes"
    );
    assert_eq!(pod("web-2", "old", json!([])), None);
    let mut of = |conditions| pod("web-0", "new", conditions);
    assert_eq!(
        of(json!([{"type": "Ready", "status": "True"}])),
        Some(OUTSIDE)
    );
}

/// One of a claim that its template makes, and which gets no disk.
#[test]
fn a_claim_of_a_sets_own_ends_it() {
    let lacks =
        unscheduled("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.");
    let mut pod = lacks;
    pod["spec"] = json!({"volumes": [{"persistentVolumeClaim": {"claimName": "data-web-0"}}]});
    let refused = event(
        "PersistentVolumeClaim",
        "data-web-0",
        "ProvisioningFailed",
        "storageclass \"nowhere\" not found",
        1,
    );
    let mut scene = scene("StatefulSet", Some(&pod), &[refused]);
    let claim = json!({"metadata": {"name": "data-web-0", "uid": "claim"},
        "spec": {"storageClassName": "nowhere"}, "status": {"phase": "Pending"}});
    scene.apply(Change::There(
        key("PersistentVolumeClaim", "data-web-0"),
        claim,
    ));
    let of = |awaited| time(hope(&scene, &[object("StatefulSet", false)], MAX, &awaited));
    for spares in [true, false] {
        assert_eq!(of(Awaited::rollout(spares)), Some(REFUSED));
    }
}

#[test]
fn a_pod_that_nobody_waits_for_ends_nothing() {
    let chart = [object("Deployment", false)];
    let of = |scene, awaited| time(hope(&scene, &chart, MAX, &awaited));
    for (scene, expected) in [
        (short(4, 4, 1), None),
        (short(4, 4, 2), Some(OUTSIDE)),
        (short(4, 3, 0), None),
        (short(4, 3, 1), Some(OUTSIDE)),
        (short(4, 2, 0), Some(REFUSED)),
        (short(1, 1, 1), Some(OUTSIDE)),
        (short(1, 0, 0), Some(REFUSED)),
    ] {
        assert_eq!(of(scene, Awaited::rollout(true)), expected);
    }
    assert_eq!(of(short(4, 4, 1), Awaited::rollout(false)), Some(OUTSIDE));
    let mut none_needed = short(1, 1, 1);
    let update = json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}});
    let deployment =
        json!({"metadata": {"name": "web", "uid": "web"}, "spec": {"strategy": update}});
    none_needed.apply(Change::There(key("Deployment", "web"), deployment));
    assert_eq!(
        of(none_needed, Awaited::rollout(true)),
        Some(OUTSIDE),
        "one at least"
    );
    assert_eq!(of(short(2, 2, 1), Awaited::rollout(true)), Some(OUTSIDE));
    assert_eq!(
        of(short(2, 2, 1), Awaited::Answer),
        None,
        "the other one answers"
    );
    assert_eq!(of(short(2, 2, 2), Awaited::Answer), Some(OUTSIDE));
}

/// Its controller says it anew while a hook is prepared.
#[test]
fn what_befalls_the_old_revision_before_helm_comes_to_it_ends_nothing() {
    let refused = |at| {
        let message = "violates PodSecurity";
        event("StatefulSet", "web", "FailedCreate", message, at)
    };
    let mut scene = scene("StatefulSet", None, &[]);
    let set = |generation: u64, image: &str| {
        let spec = json!({"replicas": 1, "template": {"image": image}});
        let metadata = json!({"name": "web", "uid": "web", "generation": generation});
        let status = json!({"observedGeneration": generation});
        json!({"metadata": metadata, "spec": spec, "status": status})
    };
    let mut chart = object("StatefulSet", false);
    chart.body["spec"] = json!({"template": {"image": "new"}});
    let (chart, mut awaited) = ([chart], Awaited::rollout(true));
    let mut judged = |change| {
        scene.apply(change);
        awaited.look(&scene, &chart);
        time(hope(&scene, &chart, MAX, &awaited))
    };
    let set = |generation, image| Change::There(key("StatefulSet", "web"), set(generation, image));
    assert_eq!(judged(set(1, "old")), None);
    assert_eq!(judged(Change::Said(refused(2))), None, "it is said again");
    assert_eq!(judged(set(2, "new")), None, "it was said of the old one");
    assert_eq!(judged(Change::Said(refused(3))), Some(REFUSED));
}
