//! Who may ask for what, and what cannot be done.

use axum::http::Method;
use serde_json::json;

use super::{BUILDS, acme, commit};
use crate::client::Client;

#[test]
fn without_a_token_that_holds_nobody_is_known() {
    let acme = acme();
    let revoked = acme.buildkite.token(&["read_builds"]);
    acme.buildkite.revoke(&revoked);
    for token in [None, Some("bkua_wrong"), Some(&*revoked)] {
        let refused = Client::new(acme.buildkite.url(), token).get(BUILDS);
        assert_eq!(refused.status, 401);
        assert!(refused.message().starts_with("Authentication required"));
    }
}

#[test]
fn a_missing_scope_is_a_403_that_names_it() {
    let acme = acme();
    acme.hey.pretend_build("main", &commit("a"));
    let token = acme.buildkite.token(&["read_pipelines"]);
    let reader = Client::new(acme.buildkite.url(), Some(&token));
    assert_eq!(reader.get("/v2/organizations/acme/pipelines").status, 200);
    assert_eq!(
        reader.get("/v2/access-token").json()["scopes"],
        json!(["read_pipelines"])
    );
    let refused = reader.get(BUILDS);
    assert_eq!(refused.status, 403);
    assert!(
        refused.message().contains("read_builds"),
        "{}",
        refused.text
    );
    let refused = reader.put(&format!("{BUILDS}/1/rebuild"), json!({}));
    assert!(
        refused.message().contains("write_builds"),
        "{}",
        refused.text
    );
}

#[test]
fn what_is_not_there_is_a_404() {
    let acme = acme();
    let there = acme.hey.pretend_build("main", &commit("a"));
    assert_eq!(
        acme.client
            .get(&format!("{BUILDS}/{}", there.number()))
            .status,
        200
    );
    for path in [
        "/v2/organizations/acmee/pipelines/hey/builds",
        "/v2/organizations/acme/pipelines/hay/builds",
        "/v2/organizations/acme/pipelines/hey/builds/2",
        "/v2/organizations/acme/pipelines/hey/builds/x",
        "/v2/organizations/acme",
    ] {
        assert_eq!(acme.client.get(path).status, 404, "{path}");
    }
    let nobodys = "/v2/organizations/acme/jobs/0/retry";
    assert_eq!(acme.client.put(nobodys, json!({})).status, 404);
}

#[test]
fn a_build_is_made_of_a_commit_and_a_branch() {
    let acme = acme();
    acme.buildkite.stop_agents();
    let body = json!({
        "commit": "HEAD", "branch": "main", "message": "Again",
        "env": { "MIGRATE": "true" }, "meta_data": { "asked": "by a test" },
    });
    let made = acme.client.post(BUILDS, body);
    assert_eq!(made.status, 201);
    assert_eq!(made.json()["source"], "api");
    assert_eq!(made.json()["env"]["MIGRATE"], "true");
    assert_eq!(made.json()["meta_data"]["asked"], "by a test");
    for lacking in [
        json!({ "commit": "HEAD" }),
        json!({ "branch": "main", "commit": "" }),
    ] {
        let refused = acme.client.post(BUILDS, lacking);
        assert_eq!(refused.status, 422);
        assert!(
            refused.message().contains("can't be blank"),
            "{}",
            refused.text
        );
    }
    let garbled = acme.client.send(Method::POST, BUILDS, &[], "{".to_owned());
    assert_eq!(garbled.expect("an answer").status, 400);
}

#[test]
fn a_build_that_has_ended_is_not_canceled() {
    let acme = acme();
    acme.hey
        .pretend_build("main", &commit("a"))
        .set_state("passed");
    let refused = acme.client.put(&format!("{BUILDS}/1/cancel"), json!({}));
    assert_eq!(refused.status, 422);
    let message = "Build can't be canceled because it's already finished.";
    assert_eq!(refused.message(), message);
}

#[test]
fn only_what_failed_is_retried_and_only_once() {
    let acme = acme();
    let build = acme.hey.pretend_build("main", &commit("a"));
    let retry = |id: &str| {
        let path = format!("/v2/organizations/acme/jobs/{id}/retry");
        acme.client.put(&path, json!({}))
    };
    let passed = build.pretend_job("base-image", "passed").data().id;
    assert_eq!(retry(&passed).status, 400);
    let failed = build.pretend_job("tests", "failed").data().id;
    let again = retry(&failed);
    assert_eq!(
        (again.status, again.json()["state"].as_str()),
        (200, Some("scheduled"))
    );
    assert_eq!(again.json()["retries_count"], 1);
    assert_eq!(retry(&failed).status, 400);
    let job = build.pretend_job("lint", "canceled").data().id;
    build.set_state("canceled");
    assert_eq!(retry(&job).status, 422);
}
