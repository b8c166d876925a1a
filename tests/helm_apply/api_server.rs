//! An API server that is busy, in doubt, or says too much.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use testbed::{
    Front,
    faults::{Effect, Gate, Matcher},
    tools::Tool,
};

use crate::site::{Program, Site, echo};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/*/leases";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/*/leases/*";

/// A deploy that reaches the API server by a front, with a lock that nobody would wait out.
fn deploy(site: &Site, front: &Front) -> Program {
    site.helm_apply(Tool::Helm3, site.push("new"))
        .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
        .env("BRANCH_DEPLOYS_LOCK_DURATION", "60s")
        .release(&echo(json!({})))
}

/// How often Leases were written by this method.
fn writes(front: &Front, method: &Method) -> usize {
    let passed = front.passed().into_iter();
    let leases = passed.filter(|it| it.method == method.as_str() && it.path.contains("/leases"));
    leases.count()
}

#[test]
fn an_api_server_that_wants_to_be_left_alone_is_waited_for_in_sight_and_not_for_long() {
    let site = Site::new("long-wait");
    let front = site.namespace.front(&site.kubeconfig);
    let told = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 429,
        "message": "too many requests", "reason": "TooManyRequests",
    });
    let busy = |seconds: &str| {
        let effect = Effect::status(429).body(&told.to_string());
        effect.header("retry-after", seconds)
    };
    let faults = front.faults();
    faults.when(Matcher::get(LEASE).once()).then(busy("2"));
    let deploy = || deploy(&site, &front).run();
    let waits = "waiting: the cluster is asked again in 2.0 s";
    deploy().ends_with(0).says(waits);
    faults.when(Matcher::get(LEASE)).then(busy("3600"));
    deploy().ends_with(1).says("too many requests (429)");
}

/// It takes the connection, and says nothing: for half a minute, and not once more for each attempt.
#[test]
fn an_api_server_that_is_silent_is_not_waited_for_for_ever() {
    let site = Site::new("silent");
    let (front, gate) = (site.namespace.front(&site.kubeconfig), Gate::default());
    let silence = Effect::hold_before(&gate);
    front.faults().when(Matcher::get(LEASE)).then(silence);
    let begun = Instant::now();
    let ran = deploy(&site, &front).run().ends_with(1);
    assert!(begun.elapsed() < Duration::from_secs(75), "{ran}");
    ran.says("the cluster does not answer");
    gate.open();
}

#[test]
fn an_api_server_that_stumbles_each_time_is_given_up() {
    let site = Site::new("stumbling");
    let front = site.namespace.front(&site.kubeconfig);
    front
        .faults()
        .when(Matcher::get(LEASE))
        .then(Effect::html(504));
    let begun = Instant::now();
    let ran = deploy(&site, &front).run().ends_with(1);
    assert!(
        begun.elapsed() > Duration::from_secs(7),
        "not asked again: {ran}"
    );
    assert!(begun.elapsed() < Duration::from_secs(40), "{ran}");
    ran.says("504");
}

#[test]
fn a_lock_that_was_made_though_the_answer_says_otherwise_is_ours_and_made_once() {
    for effect in [Effect::done_but(504), Effect::cut_after()] {
        let site = Site::new("lease-in-doubt");
        let front = site.namespace.front(&site.kubeconfig);
        let made = Matcher::post(LEASES).once();
        front.faults().when(made).then(effect);
        let begun = Instant::now();
        let ran = deploy(&site, &front).run().ends_with(0);
        assert!(!ran.to_string().contains("holds the lock"), "{ran}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{ran}");
        assert_eq!(writes(&front, &Method::POST), 1);
        assert!(site.is_free("hey-new"));
    }
}

#[test]
fn a_lock_that_was_not_made_is_asked_for_once_more() {
    let site = Site::new("lease-not-made");
    let front = site.namespace.front(&site.kubeconfig);
    let made = Matcher::post(LEASES).once();
    front.faults().when(made).then(Effect::status(503));
    deploy(&site, &front).run().ends_with(0);
    assert_eq!(writes(&front, &Method::POST), 2);
}

/// The lock is taken by the first write, and let go by the last.
#[test]
fn a_lock_that_was_taken_or_let_go_though_the_answer_says_otherwise_is_so() {
    let site = Site::new("lease-taken");
    let front = site.namespace.front(&site.kubeconfig);
    deploy(&site, &front).run().ends_with(0);
    let before = writes(&front, &Method::PUT);
    deploy(&site, &front).run().ends_with(0);
    let of_one = writes(&front, &Method::PUT) - before;
    for nth in [1, of_one] {
        front.faults().clear();
        let written = Matcher::any(LEASE).method(Method::PUT).nth(nth);
        front.faults().when(written).then(Effect::done_but(504));
        let begun = Instant::now();
        let ran = deploy(&site, &front).run().ends_with(0);
        let said = ran.to_string();
        let wrong = ["holds the lock", "release the lock"].map(|it| said.contains(it));
        assert_eq!(wrong, [false; 2], "write {nth} of {of_one}: {ran}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{ran}");
        assert!(site.is_free("hey-new"));
    }
}

#[test]
fn an_answer_that_is_too_large_is_none() {
    let site = Site::new("large-answer");
    let front = site.namespace.front(&site.kubeconfig);
    let large = format!("{{\"kind\": \"{}\"}}", "x".repeat(65 << 20));
    let read = Matcher::get(LEASE);
    front
        .faults()
        .when(read)
        .then(Effect::status(200).body(&large));
    let ran = deploy(&site, &front).run().ends_with(1);
    assert!(ran.to_string().len() < 10_000);
    ran.says("its answer is too large");
}
