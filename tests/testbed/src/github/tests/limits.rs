//! Rate limits and conditional requests.

use std::time::Duration;

use serde_json::json;

use super::{
    super::{GitHub, Permissions},
    acme, everything,
};
use crate::client::Client;

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn every_answer_tells_the_limit_and_the_date() {
    let (_github, _hey, client) = acme();
    let answer = client.get("/repos/acme/hey");
    assert_eq!(answer.header("x-ratelimit-limit"), "5000");
    assert_eq!(answer.header("x-ratelimit-remaining"), "4999");
    assert_eq!(answer.header("x-ratelimit-used"), "1");
    assert_eq!(answer.header("x-ratelimit-resource"), "core");
    assert!(!answer.header("date").is_empty());
    assert_eq!(
        client.get("/nowhere").header("x-ratelimit-remaining"),
        "4998"
    );
}

#[test]
fn an_exhausted_limit_is_a_403_until_its_reset() {
    let github = GitHub::start();
    let token = github.token(Permissions::named("ada"));
    let client = Client::new(github.url(), Some(&token));
    github.limit(&token, 1, HOUR);
    assert_eq!(client.get("/user").status, 200);
    let refused = client.get("/user");
    assert_eq!(refused.status, 403);
    assert!(
        refused
            .message()
            .starts_with("API rate limit exceeded for user ID")
    );
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let reset: i64 = refused.header("x-ratelimit-reset").parse().unwrap();
    assert!(reset > chrono::Utc::now().timestamp() + 3_000);
    assert_eq!(client.get("/rate_limit").json()["rate"]["remaining"], 0);
    github.limit(&token, 0, Duration::ZERO);
    assert_eq!(client.get("/user").status, 200);
}

#[test]
fn a_workflow_s_token_has_a_thousand_requests_an_hour() {
    let github = GitHub::start();
    github.repository("acme/hey");
    let client = Client::new(github.url(), Some(&github.token(Permissions::workflow())));
    assert_eq!(
        client.get("/repos/acme/hey").header("x-ratelimit-limit"),
        "1000"
    );
}

#[test]
fn the_eighty_first_creation_in_a_minute_is_a_secondary_limit_with_quota_left() {
    let github = GitHub::start();
    github.repository("acme/hey");
    let client = Client::new(github.url(), Some(&github.token(everything())));
    let post = || client.post("/repos/acme/hey/deployments", json!({ "ref": "nowhere" }));
    for _ in 0..80 {
        assert_eq!(post().status, 422);
    }
    let refused = post();
    assert_eq!(refused.status, 403);
    assert!(
        refused
            .message()
            .starts_with("You have exceeded a secondary rate limit")
    );
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 60);
    assert_eq!(refused.header("x-ratelimit-remaining"), "4920");
}

#[test]
fn an_unchanged_body_is_a_304_that_costs_nothing() {
    let (_github, hey, client) = acme();
    let path = "/repos/acme/hey/git/ref/heads/main";
    let first = client.get(path);
    let etag = first.header("etag");
    let same = client.get_with(path, &[("if-none-match", etag)]);
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    assert_eq!(
        same.header("x-ratelimit-remaining"),
        first.header("x-ratelimit-remaining")
    );
    assert_eq!(same.header("etag"), etag);
    hey.push("main");
    assert_eq!(
        client.get_with(path, &[("if-none-match", etag)]).status,
        200
    );
}
