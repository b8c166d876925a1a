//! Statuses of deployments.

use serde_json::{Value, json};

use super::{super::DeploymentState::*, acme};

fn path(id: u64) -> String {
    format!("/repos/acme/hey/deployments/{id}/statuses")
}

#[test]
fn a_status_keeps_its_urls_and_a_listing_has_the_newest_first() {
    let (_github, hey, client) = acme();
    let id = hey.deploy("main", "beta", "deploy", json!({}));
    assert_eq!(
        client
            .post(&path(id), json!({ "state": "in_progress" }))
            .status,
        201
    );
    let made = client.post(
        &path(id),
        json!({
            "state": "success", "description": "up",
            "log_url": "https://ci.example.com/1", "environment_url": "https://x.example.com",
        }),
    );
    let (made, listed) = (made.json(), client.get(&path(id)));
    assert_eq!(listed.each("state"), ["success", "in_progress"]);
    assert_eq!(listed.json()[0], made);
    assert_eq!(made["target_url"], "https://ci.example.com/1");
    assert_eq!(made["environment_url"], "https://x.example.com");
    assert_eq!(made["environment"], "beta");
    let one = client.get(&format!("{}/{}", path(id), made["id"]));
    assert_eq!(one.json(), made);
    assert_eq!(hey.deployment(id).states(), [InProgress, Success]);
}

#[test]
fn what_a_status_may_not_say_is_a_422() {
    let (_github, hey, client) = acme();
    let id = hey.deploy("main", "beta", "deploy", json!({}));
    let post = |body: Value| client.post(&path(id), body);
    let long = post(json!({ "state": "failure", "description": "ü".repeat(141) }));
    assert_eq!(
        (long.status, long.message().as_str()),
        (422, "Validation Failed")
    );
    let error = &long.json()["errors"][0];
    assert_eq!(
        error["message"],
        "description is too long (maximum is 140 characters)"
    );
    assert_eq!(error["resource"], "DeploymentStatus");
    let fits = post(json!({ "state": "failure", "description": "ü".repeat(140) }));
    assert_eq!(fits.status, 201);
    assert_eq!(post(json!({ "state": "done" })).status, 422);
    assert_eq!(post(json!({ "description": "no state" })).status, 422);
    let url = json!({ "state": "success", "environment_url": "x.example.com" });
    assert_eq!(post(url).status, 422);
    assert_eq!(
        client.post(&path(1), json!({ "state": "success" })).status,
        404
    );
}

#[test]
fn only_so_many_statuses_fit_one_deployment() {
    let (_github, hey, client) = acme();
    let id = hey.deploy("main", "beta", "deploy", json!({}));
    hey.most_statuses(2);
    let post = || client.post(&path(id), json!({ "state": "in_progress" }));
    assert_eq!(
        [post().status, post().status, post().status],
        [201, 201, 422]
    );
    assert!(post().text.contains("maximum number of statuses"));
}

#[test]
fn a_success_makes_earlier_lasting_successes_of_its_environment_inactive_and_no_others() {
    let (_github, hey, client) = acme();
    let make = |environment: &str, transient: bool, state: &str| {
        let body = json!({
            "ref": "main", "environment": environment, "transient_environment": transient,
        });
        let made = client.post("/repos/acme/hey/deployments", body).json();
        let id = made["id"].as_u64().unwrap();
        let status = json!({ "state": state, "auto_inactive": false });
        assert_eq!(client.post(&path(id), status).status, 201);
        id
    };
    let lasting = make("beta", false, "success");
    let transient = make("beta", true, "success");
    let failed = make("beta", false, "failure");
    let elsewhere = make("staging", false, "success");
    let production = make("production", false, "success");
    let newest = make("beta", false, "in_progress");
    client.post(&path(newest), json!({ "state": "success" }));
    assert_eq!(hey.deployment(lasting).states(), [Success, Inactive]);
    assert_eq!(hey.deployment(transient).states(), [Success]);
    assert_eq!(hey.deployment(failed).states(), [Failure]);
    assert_eq!(hey.deployment(elsewhere).states(), [Success]);
    assert_eq!(hey.deployment(production).states(), [Success]);
}
