//! Events, and their deliveries.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, http::HeaderMap, routing::post};
use serde_json::json;

use super::acme;
use crate::serve::Server;

type Received = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// Somebody else's server, which takes all it gets.
fn listener() -> (Server, Received) {
    let received = Received::default();
    let inbox = Arc::clone(&received);
    let server = Server::start(|_| {
        let take = move |headers: HeaderMap, body: String| async move {
            inbox.lock().unwrap().push((headers, body));
        };
        Router::new().route("/", post(take))
    });
    (server, received)
}

#[test]
fn a_deployment_is_told_with_a_signature_to_those_who_asked_for_it() {
    let (_github, hey, _client) = acme();
    let (server, received) = listener();
    let hook = hey.webhook(&server.url(), &["deployment"], "s3cret");
    hey.push("x");
    let id = hey.deploy("x", "beta", "deploy", json!({ "app": "hey" }));
    let answered = hook.wait_for_answers(1);
    let received = received.lock().unwrap();
    let (headers, body) = &received[0];
    assert_eq!(received.len(), 1);
    assert_eq!(headers["x-github-event"], "deployment");
    assert_eq!(headers["x-github-delivery"], answered[0].id.as_str());
    assert!(
        headers["x-hub-signature-256"]
            .to_str()
            .unwrap()
            .starts_with("sha256=")
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["deployment"]["id"], id);
    assert_eq!(body["deployment"]["payload"], json!({ "app": "hey" }));
    assert_eq!(body["repository"]["full_name"], "acme/hey");
}

#[test]
fn deliveries_get_lost_come_twice_come_late_and_come_again() {
    let (_github, hey, _client) = acme();
    let (server, received) = listener();
    let hook = hey.webhook(&server.url(), &["push"], "");
    hook.lose_next();
    hook.next_twice();
    hook.next_late(Duration::from_millis(200));
    for branch in ["lost", "twice", "late", "plain"] {
        hey.push(branch);
    }
    let answered = hook.wait_for_answers(4);
    assert_eq!(answered[0].id, answered[1].id);
    hook.redeliver(&hook.deliveries()[0].id);
    hook.wait_for_answers(5);
    let received = received.lock().unwrap();
    let branch = |body: &String| {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        body["ref"]
            .as_str()
            .unwrap()
            .trim_start_matches("refs/heads/")
            .to_owned()
    };
    let order: Vec<_> = received.iter().map(|(_, body)| branch(body)).collect();
    assert_eq!(order, ["twice", "twice", "plain", "late", "lost"]);
}

#[test]
fn pushes_and_deletions_are_events_even_when_nobody_listens() {
    let (_github, hey, client) = acme();
    hey.push("x");
    let forced = "0123456789012345678901234567890123456789";
    hey.force_push("x", forced);
    hey.delete_branch("x");
    let id = hey.deploy("main", "beta", "deploy", json!({}));
    let path = format!("/repos/acme/hey/deployments/{id}/statuses");
    client.post(&path, json!({ "state": "success" }));
    let events = hey.events();
    let names: Vec<_> = events.iter().map(|event| event.name).collect();
    assert_eq!(
        names,
        [
            "push",
            "push",
            "push",
            "delete",
            "deployment",
            "deployment_status"
        ]
    );
    assert_eq!(
        (&events[0].payload["created"], &events[0].payload["forced"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        (&events[1].payload["forced"], &events[1].payload["after"]),
        (&json!(true), &json!(forced))
    );
    assert_eq!(events[2].payload["deleted"], true);
    assert_eq!(
        hey.next_event(5).payload["deployment_status"]["state"],
        "success"
    );
}
