//! Of pods and their containers.

use super::*;

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
    let (reason, message) = pair("Evicted", "low on memory");
    let mut evicted = container(json!({"state": exit(137)}));
    evicted["status"]["phase"] = json!("Failed");
    evicted["status"]["reason"] = json!(reason);
    evicted["status"]["message"] = json!(message);
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
fn a_container_that_is_ended_for_its_probe_says_so() {
    let message = |name: &str| {
        let said = format!("Container {name} failed liveness probe, will be restarted");
        let killing = event("Pod", "web-0", "Killing", &said, 1);
        let again = json!({"state": {"running": {}}, "lastState": exit(137)});
        match of_pod(container(again), &[killing]).map(|it| it.what) {
            Some(What::Exit { message, .. }) => message,
            other => panic!("{other:?}"),
        }
    };
    let said = "Container app failed liveness probe, will be restarted";
    assert_eq!(message("app"), said);
    assert_eq!(message("other"), "");
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
fn a_pod_that_nobody_may_place_yet_is_not_one_that_finds_no_node() {
    let gated = json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False",
        "reason": "SchedulingGated"}]}});
    let found = of_pod(gated, &[]).map(|it| it.what);
    assert_eq!(found, Some(What::NotReady(None)));
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
