use serde_json::json;

use super::*;
use crate::model::{Container, Event, Log, ObjectKey};

fn object(kind: &str, name: &str) -> Object {
    Object {
        key: ObjectKey::new("v1", kind, name),
        body: json!({}),
    }
}

fn hook(name: &str) -> Object {
    let body = json!({"metadata": {"annotations": {"helm.sh/hook": "pre-upgrade"}}});
    Object {
        body,
        ..object("Job", name)
    }
}

/// A scene of these objects, each with its name as its uid.
fn scene(objects: &[(&str, &str, Value)], events: &[Event]) -> Scene {
    let objects = objects.iter().map(|(kind, name, body)| {
        let mut body = body.clone();
        body["metadata"]["name"] = json!(name);
        body["metadata"]["uid"] = json!(name);
        (((*kind).to_owned(), (*name).to_owned()), body)
    });
    Scene {
        objects: objects.collect(),
        events: events.to_vec(),
        ..Scene::default()
    }
}

fn of(owner: &str, mut pod: Value) -> Value {
    pod["metadata"]["ownerReferences"] = json!([{"uid": owner}]);
    pod
}

fn event(kind: &str, object: &str, reason: &str, message: &str, at: i64) -> Event {
    Event {
        kind: kind.into(),
        object: object.into(),
        warns: true,
        reason: reason.into(),
        message: message.into(),
        count: 1,
        at: DateTime::from_timestamp(at, 0),
        ..Event::default()
    }
}

/// What is wrong with a set of one pod that says this of itself.
fn of_pod(pod: Value, events: &[Event]) -> Option<Trouble> {
    let scene = scene(
        &[
            ("StatefulSet", "web", json!({})),
            ("Pod", "web-0", of("web", pod)),
        ],
        events,
    );
    let troubles = troubles(&scene, &[object("StatefulSet", "web")], None);
    troubles.into_iter().next()
}

fn container(state: Value) -> Value {
    let mut status = json!({"name": "app", "restartCount": 3, "ready": false});
    for (key, value) in state.as_object().into_iter().flatten() {
        status[key] = value.clone();
    }
    json!({"spec": {"containers": [{"name": "app", "image": "hey:1"}]},
        "status": {"phase": "Running", "containerStatuses": [status]}})
}

fn waiting(reason: &str, message: &str) -> Value {
    container(json!({"state": {"waiting": {"reason": reason, "message": message}}}))
}

fn exit(code: i64) -> Value {
    json!({"terminated": {"exitCode": code, "reason": "Error"}})
}

#[test]
fn each_state_of_a_pod_is_told_apart() {
    let what = |pod: Value, events: &[Event]| of_pod(pod, events).map(|it| it.what);
    let pair = |reason: &str, message: &str| (reason.to_owned(), message.to_owned());

    let (reason, message) = pair("ErrImagePull", "hey:1: not found");
    let pod = waiting(&reason, &message);
    assert_eq!(what(pod, &[]), Some(What::Image { reason, message }));

    let (reason, message) = pair("CreateContainerConfigError", "secret \"x\" not found");
    let pod = waiting(&reason, &message);
    assert_eq!(what(pod, &[]), Some(What::Start { reason, message }));

    let unscheduled = json!({"status": {"phase": "Pending", "conditions": [{"type": "PodScheduled",
        "status": "False", "reason": "Unschedulable", "message": "no room"}]}});
    assert_eq!(
        what(unscheduled, &[]),
        Some(What::Unschedulable("no room".into()))
    );

    let (reason, message) = pair("Evicted", "low on memory");
    let evicted = json!({"status": {"phase": "Failed", "reason": reason, "message": message}});
    assert_eq!(what(evicted, &[]), Some(What::Lost { reason, message }));

    let begins = || waiting("ContainerCreating", "");
    assert_eq!(what(begins(), &[]), Some(What::NotReady(None)));
    let (reason, message) = pair("FailedMount", "no such claim");
    let mounts = [event("Pod", "web-0", &reason, &message, 1)];
    assert_eq!(
        what(begins(), &mounts),
        Some(What::Waits { reason, message })
    );

    let runs = container(json!({"state": {"running": {}}}));
    let probe = [event("Pod", "web-0", "Unhealthy", "503", 1)];
    let unready = of_pod(runs, &probe).expect("it is not ready");
    assert_eq!(unready.what, What::NotReady(Some("503".into())));
    assert_eq!(unready.container.and_then(|it| it.log), Some(Log::Present));
}

#[test]
fn a_pod_that_is_ready_or_has_done_its_work_is_no_trouble() {
    let ready = json!({"status": {"phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}]}});
    assert_eq!(of_pod(ready, &[]), None);
    assert_eq!(of_pod(json!({"status": {"phase": "Succeeded"}}), &[]), None);
}

#[test]
fn the_log_is_that_of_the_container_that_failed() {
    let log = |pod: Value| {
        let trouble = of_pod(pod, &[]).expect("it fails");
        assert!(
            matches!(trouble.what, What::Exit { code: 2, .. }),
            "{trouble:?}"
        );
        trouble.container.and_then(|it| it.log)
    };
    assert_eq!(
        log(container(json!({"state": exit(2)}))),
        Some(Log::Present)
    );
    let backs_off = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let loops = json!({"state": backs_off, "lastState": exit(2)});
    assert_eq!(log(container(loops)), Some(Log::Previous));
    let again = json!({"state": {"running": {}}, "lastState": exit(2)});
    assert_eq!(log(container(again)), Some(Log::Previous));
}

#[test]
fn of_several_containers_the_one_that_crashed_most_is_told() {
    let mut pod = container(json!({"state": exit(1)}));
    let mut other = pod["status"]["containerStatuses"][0].clone();
    other["name"] = json!("sidecar");
    other["restartCount"] = json!(9);
    let statuses = pod["status"]["containerStatuses"].as_array_mut();
    statuses.expect("it has some").push(other);
    let trouble = of_pod(pod, &[]).expect("it fails");
    assert_eq!(
        trouble.container.map(|it| it.name).as_deref(),
        Some("sidecar")
    );
}

#[test]
fn one_that_ends_well_and_should_not_end_is_told_too() {
    let backs_off = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let pod = container(json!({"state": backs_off, "lastState": exit(0)}));
    let trouble = of_pod(pod, &[]).expect("it is none that should end");
    let container = trouble.container.expect("it has a container");
    let Container {
        name,
        image,
        restarts,
        ..
    } = container;
    assert_eq!(
        (name.as_str(), image.as_str(), restarts),
        ("app", "hey:1", 3)
    );
    assert!(matches!(trouble.what, What::Exit { code: 0, .. }));
}

#[test]
fn what_the_registry_said_is_found_behind_the_wait_for_the_next_try() {
    let pull = event(
        "Pod",
        "web-0",
        "Failed",
        "Failed to pull image: not found",
        1,
    );
    let waits = waiting("ImagePullBackOff", "Back-off pulling image");
    let again = event("Pod", "web-0", "Failed", "Error: ErrImagePull", 2);
    let trouble = of_pod(waits, &[pull, again]).expect("it has no image");
    let What::Image { message, .. } = trouble.what else {
        panic!("{trouble:?}");
    };
    assert_eq!(message, "Failed to pull image: not found");
}

#[test]
fn what_the_registry_said_of_another_containers_image_is_not_said_of_this_one() {
    let says = |image: &str, at| {
        let message = format!("Failed to pull image \"{image}\": of {image}");
        event("Pod", "web-0", "Failed", &message, at)
    };
    let waits = || waiting("ImagePullBackOff", "Back-off pulling image");
    let message = |events: &[Event]| match of_pod(waits(), events).map(|it| it.what) {
        Some(What::Image { message, .. }) => message,
        other => panic!("{other:?}"),
    };
    let [ours, other] = [says("hey:1", 1), says("proxy:2", 2)];
    assert!(message(&[ours, other.clone()]).ends_with("of hey:1"));
    assert_eq!(message(&[other]), "Back-off pulling image");
}

#[test]
fn pods_that_are_refused_are_told_until_one_is_made() {
    let quota = event("StatefulSet", "web", "FailedCreate", "exceeded quota", 1);
    let made = event("StatefulSet", "web", "SuccessfulCreate", "created", 2);
    let found = |events: &[Event], since| {
        let scene = scene(&[("StatefulSet", "web", json!({}))], events);
        let since = DateTime::from_timestamp(since, 0);
        troubles(&scene, &[object("StatefulSet", "web")], since).pop()
    };
    let refused = found(std::slice::from_ref(&quota), 1).expect("it has no pods");
    assert_eq!(refused.what, What::NotMade("exceeded quota".into()));
    assert_eq!(refused.ready, Some((0, 1)));
    assert_eq!(found(&[quota.clone(), made.clone()], 1), None);
    let at_once = Event {
        at: quota.at,
        ..made
    };
    assert!(found(&[quota.clone(), at_once], 1).is_some(), "of another");
    assert_eq!(found(&[quota], 2), None, "an older deploy's");
}

#[test]
fn pods_that_are_refused_to_a_deployments_newest_set_are_told() {
    let revision = json!({"annotations": {"deployment.kubernetes.io/revision": "2"}});
    let mut set = of("web", json!({}));
    set["metadata"]["annotations"] = revision["annotations"].clone();
    let objects = [
        ("Deployment", "web", json!({"metadata": revision})),
        ("ReplicaSet", "web-1", set),
    ];
    let quota = event("ReplicaSet", "web-1", "FailedCreate", "exceeded quota", 1);
    let scene = scene(&objects, &[quota]);
    let found = troubles(&scene, &[object("Deployment", "web")], None).pop();
    let found = found.map(|it| it.what);
    assert_eq!(found, Some(What::NotMade("exceeded quota".into())));
}

#[test]
fn a_job_that_did_not_fail_and_what_is_no_job_are_no_failed_jobs() {
    let found = |kind: &str, status: &str| {
        let failed = json!([{"type": "Failed", "status": status}]);
        let live = json!({"status": {"conditions": failed}});
        let scene = scene(&[(kind, "web", live)], &[]);
        !troubles(&scene, &[object(kind, "web")], None).is_empty()
    };
    assert!(found("Job", "True"));
    assert!(!found("Job", "False"));
    assert!(!found("StatefulSet", "True"));
}

#[test]
fn a_pod_that_nobody_may_place_yet_is_not_one_that_finds_no_node() {
    let gated = json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False",
        "reason": "SchedulingGated"}]}});
    let found = of_pod(gated, &[]).map(|it| it.what);
    assert_eq!(found, Some(What::NotReady(None)));
}

#[test]
fn the_last_word_on_an_ingress_counts() {
    let found = |events: &[Event]| {
        let scene = scene(&[("Ingress", "web", json!({}))], events);
        troubles(&scene, &[object("Ingress", "web")], None).pop()
    };
    let refused = event("Ingress", "web", "FailedBuildModel", "no certificate", 1);
    let done = event("Ingress", "web", "SuccessfullyReconciled", "done", 2);
    let (reason, message) = ("FailedBuildModel".to_owned(), "no certificate".to_owned());
    let trouble = found(std::slice::from_ref(&refused)).expect("it is refused");
    assert_eq!(trouble.what, What::Ingress { reason, message });
    assert_eq!(trouble.workload, "Ingress/web");
    assert_eq!(found(&[refused, done]), None);
}

#[test]
fn a_claim_without_a_disk_explains_more_than_the_pod_that_waits_for_it() {
    let waits = json!({"spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]},
        "status": {"conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "pod has unbound PersistentVolumeClaims"}]}});
    let events = [event(
        "PersistentVolumeClaim",
        "data",
        "ProvisioningFailed",
        "no class",
        1,
    )];
    let objects = [
        ("StatefulSet", "db", json!({})),
        ("Pod", "db-0", of("db", waits)),
        (
            "PersistentVolumeClaim",
            "data",
            json!({"status": {"phase": "Pending"}}),
        ),
    ];
    let scene = scene(&objects, &events);
    let found = troubles(&scene, &[object("StatefulSet", "db")], None);
    let what = What::Claim {
        name: "data".into(),
        reason: "ProvisioningFailed".into(),
        message: "no class".into(),
    };
    assert_eq!(found[0].what, what);
}

#[test]
fn a_claim_that_names_no_class_where_none_is_the_default_gets_no_disk() {
    let says = |reason: &str, warns, at| Event {
        warns,
        ..event(
            "PersistentVolumeClaim",
            "data",
            reason,
            "no class is set",
            at,
        )
    };
    let found = |events: &[Event]| {
        let claim = json!({"status": {"phase": "Pending"}});
        let scene = scene(&[("PersistentVolumeClaim", "data", claim)], events);
        let troubles = troubles(&scene, &[object("PersistentVolumeClaim", "data")], None);
        troubles.into_iter().next().map(|it| it.what)
    };
    let unbound = says("FailedBinding", false, 2);
    let what = What::Claim {
        name: "data".into(),
        reason: "FailedBinding".into(),
        message: "no class is set".into(),
    };
    assert_eq!(found(std::slice::from_ref(&unbound)), Some(what.clone()));
    // What was said before, and with it, takes nothing back.
    let earlier = [1, 2].map(|at| says("ExternalProvisioning", false, at));
    let [before, with] = earlier;
    assert_eq!(found(&[before, unbound.clone(), with]), Some(what));
    for reason in [
        "WaitForFirstConsumer",
        "ExternalProvisioning",
        "Provisioning",
    ] {
        let later = says(reason, false, 3);
        assert_eq!(found(std::slice::from_ref(&later)), None, "{reason}");
        assert_eq!(found(&[unbound.clone(), later]), None, "{reason}");
        // A provisioner says so at each new try.
        let failed = says("ProvisioningFailed", true, 2);
        assert!(
            found(&[failed, says(reason, false, 3)]).is_some(),
            "{reason}"
        );
    }
}

#[test]
fn a_hook_stands_before_all_and_a_job_that_is_none_behind() {
    let fails = || container(json!({"state": exit(1)}));
    let objects = [
        ("Job", "migrate", json!({})),
        (
            "Pod",
            "migrate-1",
            of("migrate", waiting("ContainerCreating", "")),
        ),
        ("Job", "import", json!({})),
        ("Pod", "import-1", of("import", fails())),
        ("StatefulSet", "web", json!({})),
        (
            "Pod",
            "web-0",
            of("web", container(json!({"state": {"running": {}}}))),
        ),
    ];
    let scene = scene(&objects, &[]);
    let of_chart = [
        object("Job", "import"),
        object("StatefulSet", "web"),
        hook("migrate"),
    ];
    let found = troubles(&scene, &of_chart, None);
    let workloads: Vec<_> = found.iter().map(|it| it.workload.as_str()).collect();
    assert_eq!(workloads, ["Job/migrate", "StatefulSet/web", "Job/import"]);
    assert_eq!(found[0].hook.as_deref(), Some("pre-upgrade"));
}

#[test]
fn a_hook_of_an_older_deploy_is_none_of_this_ones() {
    let job = json!({"metadata": {"creationTimestamp": "2026-11-24T09:00:00Z"},
        "status": {"conditions": [{"type": "Failed", "status": "True",
            "reason": "DeadlineExceeded", "message": "too long"}]}});
    let scene = scene(&[("Job", "migrate", job)], &[]);
    let found = |since: &str| {
        let since = since.parse().expect("it is a time");
        troubles(&scene, &[hook("migrate")], Some(since)).pop()
    };
    let (reason, message) = ("DeadlineExceeded".into(), "too long".into());
    let trouble = found("2026-11-24T09:00:00Z").expect("it failed");
    assert_eq!(trouble.what, What::Job { reason, message });
    assert_eq!(found("2026-11-24T09:00:01Z"), None);
}

#[test]
fn warnings_are_not_crowded_out_and_what_is_said_of_every_pod_is_left_out() {
    let usual = |at| Event {
        warns: false,
        ..event(
            "Pod",
            "web-0",
            if at % 2 == 0 { "Pulled" } else { "Killing" },
            "",
            at,
        )
    };
    let mut events: Vec<_> = (10..30).map(usual).collect();
    events.push(event("Pod", "web-0", "Unhealthy", "503", 1));
    let trouble = of_pod(container(json!({"state": {"running": {}}})), &events);
    let told = trouble.expect("it is not ready").events;
    let reasons: Vec<_> = told.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["Killing", "Killing", "Killing", "Killing", "Unhealthy"]
    );
}

proptest::proptest! {
    #[test]
    fn no_object_makes_it_panic(
        pod in crate::hostile::json(&["metadata", "status", "containerStatuses", "state", "waiting",
            "terminated", "lastState", "conditions", "spec", "volumes", "reason", "phase"]),
        set in crate::hostile::json(&["metadata", "status", "spec", "replicas", "conditions"]),
    ) {
        let objects = [("StatefulSet", "web"), ("Pod", "web-0"), ("Ingress", "web")];
        let bodies = [set.clone(), pod, set];
        let keyed = objects.iter().zip(bodies);
        let keyed = keyed.map(|((kind, name), body)| (((*kind).into(), (*name).into()), body));
        let scene = Scene { objects: keyed.collect(), ..Scene::default() };
        let of_chart = [object("StatefulSet", "web"), object("Pod", "web-0"), object("Ingress", "web")];
        let _ = troubles(&scene, &of_chart, None);
    }
}

#[test]
fn the_same_trouble_is_known_by_where_it_is_and_what_it_is() {
    let crash = |code: i64| {
        let ended = json!({"exitCode": code});
        let status = json!({"name": "app", "state": {"terminated": ended}});
        let pod = json!({"status": {"containerStatuses": [status]}});
        of_pod(pod, &[]).unwrap()
    };
    let (crash, later) = (crash(1), crash(2));
    assert!(is_same(&crash, &later));
    let elsewhere = Trouble {
        pod: Some("web-1".into()),
        ..crash.clone()
    };
    let what = What::NotReady(None);
    let another = Trouble {
        what,
        ..crash.clone()
    };
    for other in [elsewhere, another] {
        assert!(!is_same(&crash, &other), "{other:?}");
    }
}

/// What is wrong with a set of two of these pods.
fn of_two(pods: [Value; 2], events: &[Event]) -> Vec<Trouble> {
    let [first, second] = pods.map(|pod| of("web", pod));
    let set = json!({"spec": {"replicas": 2}});
    let objects = [
        ("StatefulSet", "web", set),
        ("Pod", "web-0", first),
        ("Pod", "web-1", second),
    ];
    troubles(
        &scene(&objects, events),
        &[object("StatefulSet", "web")],
        None,
    )
}

#[test]
fn what_one_container_has_hides_nothing_of_another() {
    let mut pod = container(json!({"state": exit(1)}));
    let lacks = json!({"name": "sidecar", "state": {"waiting": {"reason": "ErrImagePull"}}});
    let statuses = pod["status"]["containerStatuses"].as_array_mut();
    statuses.expect("it has some").push(lacks);
    let scene = scene(
        &[
            ("StatefulSet", "web", json!({})),
            ("Pod", "web-0", of("web", pod)),
        ],
        &[],
    );
    let found = troubles(&scene, &[object("StatefulSet", "web")], None);
    let found = found
        .iter()
        .map(|it| it.container.as_ref().map(|it| it.name.as_str()));
    assert_eq!(found.collect::<Vec<_>>(), [Some("sidecar"), Some("app")]);
}

#[test]
fn a_pod_that_is_not_ready_hides_none_that_crashes_nor_that_others_are_refused() {
    let unready = || container(json!({"state": {"running": {}}}));
    let found = of_two([unready(), container(json!({"state": exit(1)}))], &[]);
    let pods: Vec<_> = found.iter().map(|it| it.pod.as_deref()).collect();
    assert_eq!(pods, [Some("web-1"), Some("web-0")]);

    let quota = event("StatefulSet", "web", "FailedCreate", "exceeded quota", 1);
    let of_one = |replicas: u64| {
        let set = json!({"spec": {"replicas": replicas}});
        let objects = [
            ("StatefulSet", "web", set),
            ("Pod", "web-0", of("web", unready())),
        ];
        let scene = scene(&objects, std::slice::from_ref(&quota));
        let found = troubles(&scene, &[object("StatefulSet", "web")], None);
        found.into_iter().map(|it| it.what).collect::<Vec<_>>()
    };
    let soft = What::NotReady(None);
    assert_eq!(
        of_one(2),
        [What::NotMade("exceeded quota".into()), soft.clone()]
    );
    assert_eq!(of_one(1), [soft], "all pods are made by now");
}

#[test]
fn a_claim_that_two_pods_wait_for_is_told_once_and_in_place_of_their_wait() {
    let waits = || {
        json!({"spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]},
            "status": {"conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "pod has unbound PersistentVolumeClaims"}]}})
    };
    let failed = event(
        "PersistentVolumeClaim",
        "data",
        "ProvisioningFailed",
        "no class",
        1,
    );
    let objects = [
        ("StatefulSet", "db", json!({"spec": {"replicas": 2}})),
        ("Pod", "db-0", of("db", waits())),
        ("Pod", "db-1", of("db", waits())),
        (
            "PersistentVolumeClaim",
            "data",
            json!({"status": {"phase": "Pending"}}),
        ),
    ];
    let found = |events: &[Event]| {
        troubles(
            &scene(&objects, events),
            &[object("StatefulSet", "db")],
            None,
        )
    };
    let told = found(&[failed]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(matches!(told[0].what, What::Claim { .. }), "{told:?}");
    assert_eq!(found(&[]).len(), 2, "nobody says why");
}

#[test]
fn the_same_claim_is_known_whichever_workload_waits_for_it() {
    let claim = |workload: &str, name: &str| Trouble {
        workload: workload.into(),
        ..bare(What::Claim {
            name: name.into(),
            reason: String::new(),
            message: String::new(),
        })
    };
    let data = claim("StatefulSet/db", "data");
    assert!(is_same(&data, &claim("PersistentVolumeClaim/data", "data")));
    assert!(!is_same(&data, &claim("StatefulSet/db", "wal")));
}

#[test]
fn what_else_is_wrong_is_told_once_however_many_pods_have_it() {
    let of = |workload: &str, pod: &str, what: What| Trouble {
        workload: workload.into(),
        pod: Some(pod.into()),
        ..bare(what)
    };
    let node = || What::Unschedulable("no room".into());
    let first = of("Deployment/web", "web-0", node());
    let lost = || What::Lost {
        reason: "Evicted".into(),
        message: String::new(),
    };
    let troubles = vec![
        first.clone(),
        of("Deployment/web", "web-1", node()),
        of("Deployment/web", "web-2", lost()),
        of("Deployment/web", "web-3", lost()),
        of("Deployment/web", "web-4", What::NotReady(None)),
        of("Deployment/jobs", "jobs-0", node()),
    ];
    let expected = [troubles[2].clone(), troubles[5].clone()];
    assert_eq!(beside(troubles, &first), expected);
}

#[test]
fn one_that_ended_well_and_runs_again_is_not_ready_and_no_more() {
    let again = json!({"state": {"running": {}}, "lastState": exit(0)});
    let found = of_pod(container(again), &[]).map(|it| it.what);
    assert_eq!(found, Some(What::NotReady(None)));
}

#[test]
fn what_the_kubelet_says_of_an_image_itself_comes_before_what_it_said_earlier() {
    let earlier = event("Pod", "web-0", "Failed", "Failed to pull image: timeout", 1);
    let says = waiting("ErrImagePull", "hey:1: not found");
    let Some(What::Image { message, .. }) = of_pod(says, &[earlier]).map(|it| it.what) else {
        panic!("it has no image");
    };
    assert_eq!(message, "hey:1: not found");
}

#[test]
fn a_pod_that_has_started_waits_for_no_disk_any_more() {
    let what =
        |events: &[Event]| of_pod(waiting("ContainerCreating", ""), events).map(|it| it.what);
    let mount = event("Pod", "web-0", "FailedMount", "no such claim", 1);
    let others = ["Started", "Pulled"].map(|reason| event("Pod", "web-0", reason, "", 2));
    let [started, pulled] = others;
    assert_eq!(what(&[mount.clone(), started]), Some(What::NotReady(None)));
    assert!(matches!(what(&[mount, pulled]), Some(What::Waits { .. })));
}

#[test]
fn of_a_pod_that_is_not_ready_the_container_that_runs_tells() {
    let mut pod = container(json!({"state": {"running": {}}}));
    let begins = json!({"name": "sidecar", "ready": false,
        "state": {"waiting": {"reason": "ContainerCreating"}}});
    let statuses = pod["status"]["containerStatuses"].as_array_mut();
    statuses.expect("it has some").insert(0, begins);
    let container = of_pod(pod, &[]).and_then(|it| it.container);
    assert_eq!(container.map(|it| it.name), Some("app".to_owned()));
}

/// As long as nobody says why a disk does not come, the wait for it explains least of what is not soft.
#[test]
fn a_wait_for_disks_comes_after_what_is_refused() {
    let waits = json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False",
        "reason": "Unschedulable", "message": "pod has unbound PersistentVolumeClaims"}]}});
    let quota = event("StatefulSet", "web", "FailedCreate", "exceeded quota", 1);
    let objects = [
        ("StatefulSet", "web", json!({"spec": {"replicas": 2}})),
        ("Pod", "web-0", of("web", waits)),
    ];
    let found = troubles(
        &scene(&objects, &[quota]),
        &[object("StatefulSet", "web")],
        None,
    );
    let [first, second] = &found[..] else {
        panic!("{found:?}");
    };
    assert!(matches!(first.what, What::NotMade(_)), "{found:?}");
    assert!(matches!(second.what, What::Unschedulable(_)), "{found:?}");
}

#[test]
fn what_is_said_of_another_of_the_same_name_is_not_said_of_this_one() {
    let scene = |uid: &str, event: &Event| {
        let mut scene = scene(
            &[("StatefulSet", "web", json!({}))],
            std::slice::from_ref(event),
        );
        let live = scene.objects.values_mut().next().expect("it is there");
        live["metadata"]["uid"] = json!(uid);
        scene
    };
    let said = |of: &str, kind: &str, name: &str| Event {
        uid: of.into(),
        ..event(kind, name, "FailedCreate", "exceeded quota", 1)
    };
    let is_told = |uid: &str, event: &Event| {
        !troubles(&scene(uid, event), &[object("StatefulSet", "web")], None).is_empty()
    };
    let of = |uid: &str| said(uid, "StatefulSet", "web");
    assert!(is_told("1", &of("1")) && is_told("1", &of("")) && is_told("", &of("1")));
    assert!(!is_told("1", &of("2")), "an older one's");
    assert!(!is_told("1", &said("1", "Deployment", "web")));
    assert!(!is_told("1", &said("", "StatefulSet", "db")));
}
