mod disks;
mod jobs;
mod pods;

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
fn the_last_word_on_an_ingress_counts() {
    let found = |events: &[Event]| {
        let scene = scene(&[("Ingress", "web", json!({}))], events);
        troubles(&scene, &[object("Ingress", "web")], None).pop()
    };
    let refused = event("Ingress", "web", "FailedBuildModel", "no certificate", 1);
    let done = event("Ingress", "web", "SuccessfullyReconciled", "done", 2);
    let (reason, message) = ("FailedBuildModel".to_owned(), "no certificate".to_owned());
    let trouble = found(std::slice::from_ref(&refused)).expect("it is refused");
    let culprit = None;
    let what = What::Ingress {
        reason,
        message,
        culprit,
    };
    assert_eq!(trouble.what, what);
    assert_eq!(trouble.workload, "Ingress/web");
    assert_eq!(found(&[refused, done]), None);
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
    let told = told(trouble.expect("it is not ready").events);
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
