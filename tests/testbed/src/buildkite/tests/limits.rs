//! How many requests a minute are answered.

use std::time::Duration;

use super::{BUILDS, acme};
use crate::client::Client;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn every_answer_tells_what_is_left_to_the_organization_and_to_the_user() {
    let acme = acme();
    let answer = acme.client.get(BUILDS);
    for (name, value) in [
        ("ratelimit-scope", "rest"),
        ("ratelimit-limit", "200"),
        ("ratelimit-remaining", "199"),
        ("ratelimit-reset", "60"),
        ("ratelimit-user-scope", "rest_user"),
        ("ratelimit-user-limit", "50"),
        ("ratelimit-user-remaining", "49"),
        ("ratelimit-user-reset", "60"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
}

#[test]
fn an_exhausted_organization_is_a_429_until_its_reset() {
    let acme = acme();
    acme.buildkite.limit(1, MINUTE);
    assert_eq!(acme.client.get(BUILDS).status, 200);
    let refused = acme.client.get(BUILDS);
    assert_eq!(refused.status, 429);
    assert!(
        refused
            .message()
            .starts_with("You have exceeded your API rate limit")
    );
    assert_eq!(refused.json()["scope"], "rest");
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    let reset = refused.header("ratelimit-reset").parse::<u64>().unwrap();
    assert!((1..=60).contains(&reset), "{reset}");
    acme.buildkite.limit(0, Duration::ZERO);
    assert_eq!(acme.client.get(BUILDS).status, 200);
}

#[test]
fn the_fifty_first_request_of_a_user_is_refused_while_others_go_on() {
    let acme = acme();
    for _ in 0..50 {
        assert_eq!(acme.client.get(BUILDS).status, 200);
    }
    let refused = acme.client.get(BUILDS);
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["scope"], "rest_user");
    assert_eq!(refused.header("ratelimit-user-remaining"), "0");
    assert_eq!(refused.header("ratelimit-remaining"), "149");
    let other = acme.buildkite.token(&["read_builds"]);
    let other = Client::new(acme.buildkite.url(), Some(&other));
    assert_eq!(other.get(BUILDS).status, 200);
}

#[test]
fn the_agents_and_the_webhooks_cost_nothing() {
    let acme = acme();
    acme.buildkite.limit(1, MINUTE);
    let client = Client::new(acme.buildkite.url(), None);
    client.post("/v3/jobs/0/data/get", serde_json::json!({}));
    client.post("/deliver/0", serde_json::json!({}));
    assert_eq!(acme.client.get(BUILDS).status, 200);
}
