//! Comments on pull requests.

use serde_json::json;

use super::{
    super::{Permission, Permissions, User},
    acme,
};
use crate::client::Client;

const COMMENTS: &str = "/repos/acme/hey/issues/1/comments";

#[test]
fn comments_are_listed_oldest_first_page_by_page() {
    let (_github, hey, client) = acme();
    hey.push("new");
    let number = hey.open_pull_request("new");
    for n in 0..3 {
        hey.comment(number, &format!("comment {n}"), &User::person("ada"));
    }
    let first = client.get(&format!("{COMMENTS}?per_page=2"));
    assert_eq!(first.each("body"), ["comment 0", "comment 1"]);
    assert!(first.header("link").contains("page=2>; rel=\"next\""));
    let second = client.get(&format!("{COMMENTS}?per_page=2&page=2"));
    assert_eq!(second.each("body"), ["comment 2"]);
    assert_eq!(second.json()[0]["user"]["login"], "ada");
    assert_eq!(client.get("/repos/acme/hey/issues/2/comments").status, 404);
}

#[test]
fn a_comment_is_written_and_edited() {
    let (_github, hey, client) = acme();
    hey.push("new");
    let number = hey.open_pull_request("new");
    let made = client.post(COMMENTS, json!({ "body": "first" }));
    assert_eq!(made.status, 201);
    let path = format!("/repos/acme/hey/issues/comments/{}", made.json()["id"]);
    let edited = client.patch(&path, json!({ "body": "second" }));
    assert_eq!(
        (edited.status, &edited.json()["body"]),
        (200, &json!("second"))
    );
    let comments = hey.comments(number);
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0].body, "second");
    assert_eq!(comments[0].author.login, "ada");
    for body in [json!({}), json!({ "body": " " }), json!({ "body": 1 })] {
        assert_eq!(client.patch(&path, body.clone()).status, 422, "{body}");
        assert_eq!(client.post(COMMENTS, body).status, 422);
    }
    let long = json!({ "body": "x".repeat(65_537) });
    assert_eq!(client.post(COMMENTS, long).status, 422);
    let other = client.patch("/repos/acme/hey/issues/comments/1", json!({ "body": "x" }));
    assert_eq!(other.status, 404);
}

#[test]
fn on_a_pull_request_either_of_two_permissions_is_enough() {
    let (github, hey, _client) = acme();
    hey.push("new");
    hey.open_pull_request("new");
    let status = |permissions| {
        let client = Client::new(github.url(), Some(&github.token(permissions)));
        client.post(COMMENTS, json!({ "body": "x" }))
    };
    let one = |permission| Permissions::named("ada").write(permission);
    assert_eq!(status(one(Permission::Issues)).status, 201);
    assert_eq!(status(one(Permission::PullRequests)).status, 201);
    let refused = status(one(Permission::Deployments));
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.header("x-accepted-github-permissions"),
        "issues=write; pull_requests=write"
    );
}
