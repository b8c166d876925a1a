//! The traps of creating a deployment.

use serde_json::{Value, json};

use super::acme;

const PATH: &str = "/repos/acme/hey/deployments";

/// A deployment without the traps.
fn plain(more: Value) -> Value {
    let mut body = json!({ "ref": "main", "auto_merge": false, "required_contexts": [] });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn a_branch_behind_is_merged_into_and_no_deployment_is_made() {
    let (_github, hey, client) = acme();
    let before = hey.push("feature/x");
    hey.push("main");
    let merged = client.post(PATH, json!({ "ref": "feature/x" }));
    assert_eq!(merged.status, 202);
    assert_eq!(
        merged.message(),
        "Auto-merged main into feature/x on deployment."
    );
    assert!(hey.deployments().is_empty());
    assert_ne!(hey.head("feature/x"), Some(before));
    assert_eq!(client.post(PATH, json!({ "ref": "feature/x" })).status, 201);
}

#[test]
fn a_merge_conflict_is_a_409() {
    let (_github, hey, client) = acme();
    hey.push("x");
    hey.push("main");
    hey.conflict("x");
    let refused = client.post(PATH, json!({ "ref": "x" }));
    assert_eq!(
        (refused.status, refused.message().as_str()),
        (409, "Conflict merging main into x.")
    );
}

#[test]
fn all_contexts_are_required_unless_the_list_says_otherwise() {
    let (_github, hey, client) = acme();
    let sha = hey.push("main");
    hey.commit_status(&sha, "ci/test", "pending");
    let refused = client.post(PATH, json!({ "ref": "main" }));
    assert_eq!(refused.status, 409);
    assert_eq!(
        refused.message(),
        "Conflict: Commit status checks failed for main."
    );
    let contexts = &refused.json()["errors"][0]["contexts"];
    assert_eq!(
        *contexts,
        json!([{ "context": "ci/test", "state": "pending" }])
    );
    assert_eq!(client.post(PATH, plain(json!({}))).status, 201);
    hey.commit_status(&sha, "ci/test", "success");
    assert_eq!(client.post(PATH, json!({ "ref": "main" })).status, 201);
    let named = json!({ "ref": "main", "required_contexts": ["never/seen"] });
    assert_eq!(client.post(PATH, named).status, 409);
}

#[test]
fn without_more_it_is_for_production() {
    let (_github, hey, client) = acme();
    let sha = hey.push("main");
    let made = client.post(PATH, json!({ "ref": "main" })).json();
    assert_eq!(made["environment"], "production");
    assert_eq!(made["production_environment"], true);
    assert_eq!(made["transient_environment"], false);
    assert_eq!(made["task"], "deploy");
    assert_eq!(made["sha"], json!(sha));
    assert_eq!(made["creator"]["login"], "ada");
}

#[test]
fn an_unknown_ref_is_named_in_a_422() {
    let (_github, _hey, client) = acme();
    let refused = client.post(PATH, plain(json!({ "ref": "nowhere" })));
    assert_eq!(
        (refused.status, refused.message().as_str()),
        (422, "No ref found for: nowhere")
    );
}

#[test]
fn a_ref_is_a_branch_a_tag_or_a_sha() {
    let (_github, hey, client) = acme();
    let sha = hey.push("main");
    hey.tag("v1");
    for name in ["main", "v1", "refs/heads/main", &sha, &sha[..9]] {
        let made = client.post(PATH, plain(json!({ "ref": name })));
        assert_eq!(
            (made.status, &made.json()["sha"]),
            (201, &json!(sha)),
            "{name}"
        );
        assert_eq!(made.json()["ref"], name);
    }
}

#[test]
fn the_payload_comes_back_as_it_was_given() {
    let (_github, _hey, client) = acme();
    for payload in [
        json!({ "nonce": "4f", "deep": [1, null] }),
        json!("{\"a\":1}"),
    ] {
        let made = client.post(PATH, plain(json!({ "payload": payload })));
        let id = made.json()["id"].as_u64().unwrap();
        assert_eq!(
            client.get(&format!("{PATH}/{id}")).json()["payload"],
            payload
        );
    }
    assert_eq!(
        client.post(PATH, plain(json!({ "payload": 7 }))).status,
        422
    );
    let long = "x".repeat(64 * 1024);
    assert_eq!(
        client.post(PATH, plain(json!({ "payload": long }))).status,
        422
    );
}

#[test]
fn a_body_that_is_no_json_is_a_400_and_a_wrong_type_a_422() {
    let (_github, _hey, client) = acme();
    let broken = client
        .send("POST".parse().unwrap(), PATH, &[], "{".into())
        .unwrap();
    assert_eq!(
        (broken.status, broken.message().as_str()),
        (400, "Problems parsing JSON")
    );
    assert_eq!(
        client
            .post(PATH, json!({ "ref": "main", "auto_merge": "no" }))
            .status,
        422
    );
    let missing = client.post(PATH, json!({}));
    assert_eq!(missing.status, 422);
    assert_eq!(
        missing.message(),
        "Invalid request.\n\n\"ref\" wasn't supplied."
    );
}
