//! Faults on the wire.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::acme;
use crate::faults::{Effect, Gate, Matcher};

const DEPLOYMENTS: &str = "/repos/acme/hey/deployments";
const PATTERN: &str = "/repos/*/*/deployments";

#[test]
fn a_post_whose_answer_is_lost_was_made_all_the_same() {
    let (github, hey, client) = acme();
    github
        .faults()
        .when(Matcher::post(PATTERN).once())
        .then(Effect::cut_after());
    assert!(
        client
            .try_post(DEPLOYMENTS, json!({ "ref": "main" }))
            .is_none()
    );
    assert_eq!(hey.deployments().len(), 1);
    assert_eq!(github.requests()[0].status, None);
    assert_eq!(
        client.post(DEPLOYMENTS, json!({ "ref": "main" })).status,
        201
    );
}

#[test]
fn a_post_that_is_cut_before_was_not_made() {
    let (github, hey, client) = acme();
    github
        .faults()
        .when(Matcher::post(PATTERN))
        .then(Effect::cut_before());
    assert!(
        client
            .try_post(DEPLOYMENTS, json!({ "ref": "main" }))
            .is_none()
    );
    assert!(hey.deployments().is_empty());
    github.faults().clear();
    assert_eq!(
        client.post(DEPLOYMENTS, json!({ "ref": "main" })).status,
        201
    );
}

#[test]
fn only_the_second_page_fails() {
    let (github, hey, client) = acme();
    for _ in 0..3 {
        hey.deploy("main", "beta", "deploy", json!({}));
    }
    github
        .faults()
        .when(Matcher::get(PATTERN).page(2))
        .then(Effect::status(502));
    let status = |page| {
        client
            .get(&format!("{DEPLOYMENTS}?per_page=1&page={page}"))
            .status
    };
    assert_eq!([status(1), status(2), status(3)], [200, 502, 200]);
}

#[test]
fn bodies_come_broken_cut_empty_or_as_html() {
    let (github, hey, client) = acme();
    hey.deploy("main", "beta", "deploy", json!({}));
    let met = |effect| {
        github
            .faults()
            .when(Matcher::get(PATTERN).once())
            .then(effect);
        let answer = client.send("GET".parse().unwrap(), DEPLOYMENTS, &[], String::new());
        github.faults().clear();
        answer
    };
    let broken = met(Effect::broken_json()).unwrap();
    assert_eq!(broken.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&broken.text).is_err());
    assert!(met(Effect::truncated_body()).is_none());
    assert_eq!(met(Effect::empty_listing()).unwrap().json(), json!([]));
    let html = met(Effect::html(502)).unwrap();
    assert_eq!(html.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(met(Effect::status(204)).unwrap().status, 204);
}

#[test]
fn limits_come_in_all_their_forms() {
    let (github, _hey, client) = acme();
    let met = |effect| {
        github
            .faults()
            .when(Matcher::any("/user").once())
            .then(effect);
        let answer = client.get("/user");
        github.faults().clear();
        answer
    };
    let reset = chrono::Utc::now() + Duration::from_secs(60);
    let primary = met(Effect::rate_limited(429, reset));
    assert_eq!(
        (primary.status, primary.header("x-ratelimit-remaining")),
        (429, "0")
    );
    assert_eq!(
        primary.header("x-ratelimit-reset"),
        reset.timestamp().to_string()
    );
    let told = met(Effect::secondary_limit(403, Some(7)));
    assert_eq!((told.status, told.header("retry-after")), (403, "7"));
    let untold = met(Effect::secondary_limit(429, None));
    assert_eq!((untold.status, untold.header("retry-after")), (429, ""));
}

#[test]
fn slow_answers_take_their_time_and_come_whole() {
    let (github, _hey, client) = acme();
    let delay = Duration::from_millis(100);
    let effects = [
        Effect::late_request(delay),
        Effect::late_answer(delay),
        Effect::trickling_body(delay),
    ];
    for effect in effects {
        github
            .faults()
            .when(Matcher::any("/user").once())
            .then(effect);
        let start = Instant::now();
        assert_eq!(client.get("/user").json()["login"], "ada");
        assert!(start.elapsed() >= delay);
        github.faults().clear();
    }
}

#[test]
fn a_gate_holds_a_request_until_the_test_opens_it() {
    let (github, hey, client) = acme();
    let gate = Gate::default();
    github
        .faults()
        .when(Matcher::post(PATTERN))
        .then(Effect::hold_before(&gate));
    thread::scope(|scope| {
        let posting = scope.spawn(|| client.post(DEPLOYMENTS, json!({ "ref": "main" })).status);
        gate.reached();
        assert!(hey.deployments().is_empty());
        gate.open();
        assert_eq!(posting.join().unwrap(), 201);
    });
    let post = |request: &crate::github::Request| request.method == "POST";
    assert_eq!(github.wait_for_request(post).status, Some(201));
}
