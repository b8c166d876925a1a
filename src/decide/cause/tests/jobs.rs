//! Of Jobs, and of hooks that Helm waits for.

use super::*;

/// What is wrong with a hook of which this is known, and with its pod.
fn of_hook(job: Value, mut pod: Value) -> Option<Trouble> {
    pod["metadata"]["creationTimestamp"] = json!("2026-11-24T09:00:02Z");
    let mut first = container(json!({"state": exit(2)}));
    first["metadata"]["creationTimestamp"] = json!("2026-11-24T09:00:01Z");
    let scene = scene(
        &[
            ("Job", "migrate", job),
            ("Pod", "migrate-a", of("migrate", pod)),
            ("Pod", "migrate-b", of("migrate", first)),
        ],
        &[],
    );
    troubles(&scene, &[hook("migrate")], None)
        .into_iter()
        .next()
}

fn runs() -> Value {
    container(json!({"ready": true, "state": {"running": {}}}))
}

fn condition(name: &str, reason: &str) -> Value {
    json!({"status": {"conditions": [{"type": name, "status": "True", "reason": reason}]}})
}

#[test]
fn a_job_that_took_too_long_is_told_by_that_and_by_the_log_of_its_newest_pod() {
    // A container that is told to end does so with a status of its own.
    let ended = container(json!({"state": exit(143)}));
    for pod in [runs(), ended] {
        let late = condition("Failed", "DeadlineExceeded");
        let trouble = of_hook(late, pod).expect("it failed");
        assert!(matches!(trouble.what, What::Job { .. }), "{trouble:?}");
        assert_eq!(trouble.pod.as_deref(), Some("migrate-a"));
        assert_eq!(trouble.container.and_then(|it| it.log), Some(Log::Present));
    }
}

#[test]
fn of_the_tries_of_a_job_the_newest_tells() {
    let failed = condition("Failed", "BackoffLimitExceeded");
    let trouble = of_hook(failed, container(json!({"state": exit(1)})));
    let trouble = trouble.expect("it failed");
    assert!(
        matches!(trouble.what, What::Exit { code: 1, .. }),
        "{trouble:?}"
    );
}

#[test]
fn a_hook_runs_until_it_is_done() {
    let of_one = |kind: &str, body: Value| {
        let scene = scene(&[(kind, "migrate", body)], &[]);
        let mut hook = hook("migrate");
        hook.key.kind = kind.to_owned();
        troubles(&scene, &[hook], None).pop().map(|it| it.what)
    };
    assert_eq!(of_one("Job", json!({})), Some(What::Runs));
    assert_eq!(of_one("Job", condition("Complete", "")), None);
    let pod = |phase: &str| {
        let ready = json!([{"type": "Ready", "status": "True"}]);
        json!({"status": {"phase": phase, "conditions": ready}})
    };
    assert_eq!(of_one("Pod", pod("Running")), Some(What::Runs));
    assert_eq!(of_one("Pod", pod("Succeeded")), None);
    assert_eq!(of_one("ConfigMap", json!({})), None);

    let scene = scene(&[("Job", "migrate", json!({}))], &[]);
    assert_eq!(troubles(&scene, &[object("Job", "migrate")], None), []);
}
