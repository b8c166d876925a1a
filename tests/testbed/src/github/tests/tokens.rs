//! Who may see what.

use serde_json::json;

use super::{
    super::{GitHub, Permission, Permissions},
    acme, everything,
};
use crate::client::Client;

#[test]
fn a_private_repository_is_a_404_without_a_token_and_a_401_with_a_wrong_one() {
    let (github, _hey, _client) = acme();
    let status = |token| {
        Client::new(github.url(), token)
            .get("/repos/acme/hey")
            .status
    };
    assert_eq!(status(None), 404);
    let wrong = Client::new(github.url(), Some("ghp_wrong")).get("/repos/acme/hey");
    assert_eq!(
        (wrong.status, wrong.message().as_str()),
        (401, "Bad credentials")
    );
}

#[test]
fn a_token_that_expired_or_was_revoked_is_a_401() {
    let github = GitHub::start();
    github.repository("acme/hey");
    for end in [GitHub::expire, GitHub::revoke] {
        let token = github.token(everything());
        let client = Client::new(github.url(), Some(&token));
        assert_eq!(client.get("/repos/acme/hey").status, 200);
        end(&github, &token);
        assert_eq!(client.get("/repos/acme/hey").status, 401);
    }
}

#[test]
fn a_token_that_lost_access_finds_nothing_at_all() {
    let (github, _hey, _client) = acme();
    let token = github.token(everything());
    github.lose_access(&token);
    let client = Client::new(github.url(), Some(&token));
    for path in ["", "/git/ref/heads/main", "/branches", "/deployments"] {
        let answer = client.get(&format!("/repos/acme/hey{path}"));
        assert_eq!(
            (answer.status, answer.message().as_str()),
            (404, "Not Found"),
            "{path}"
        );
    }
    assert_eq!(client.get("/user").json()["login"], "ada");
}

#[test]
fn a_classic_token_tells_its_scopes_and_finds_nothing_where_it_lacks_one() {
    let (github, hey, _client) = acme();
    hey.webhook("http://127.0.0.1:1/deliver/s3cret", &["push"], "");
    let with = |scopes: &[&str]| {
        let token = github.token(Permissions::classic("ada", scopes));
        Client::new(github.url(), Some(&token))
    };
    let all = with(&["repo", "gist"]).get("/repos/acme/hey/hooks");
    assert_eq!(all.status, 200);
    assert_eq!(all.headers["x-oauth-scopes"], "repo, gist");
    assert_eq!(all.json()[0]["events"], json!(["push"]));
    let narrow = with(&["repo_deployment"]);
    assert_eq!(narrow.get("/repos/acme/hey/hooks").status, 404);
    let asked = narrow.post("/repos/acme/hey/deployments", json!({"ref": "none"}));
    assert_eq!(asked.status, 422);
    let asked = with(&["gist"]).post("/repos/acme/hey/deployments", json!({"ref": "none"}));
    assert_eq!(asked.status, 404);
}

#[test]
fn webhooks_are_shown_to_those_alone_who_may_read_them() {
    let (github, _hey, _client) = acme();
    let token = github.token(everything());
    let refused = Client::new(github.url(), Some(&token)).get("/repos/acme/hey/hooks");
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.headers["x-accepted-github-permissions"],
        "repository_hooks=read"
    );
    let token = github.token(everything().read(Permission::Webhooks));
    let shown = Client::new(github.url(), Some(&token)).get("/repos/acme/hey/hooks");
    assert_eq!(shown.json(), json!([]));
}

#[test]
fn a_token_sees_its_own_repositories_only_also_after_a_rename() {
    let (github, hey, _client) = acme();
    github.repository("acme/other");
    let token = github.token(everything().only(&["acme/hey"]));
    let client = Client::new(github.url(), Some(&token));
    hey.rename("acme/new");
    assert_eq!(client.get("/repos/acme/new").status, 200);
    assert_eq!(client.get("/repos/acme/other").status, 404);
}

#[test]
fn a_missing_permission_is_a_403_that_names_it() {
    let (github, hey, _client) = acme();
    let path = "/repos/acme/hey/deployments";
    let body = || json!({ "ref": "main" });
    let reader = github.token(Permissions::named("ada").read(Permission::Deployments));
    let reader = Client::new(github.url(), Some(&reader));
    assert_eq!(reader.get(path).status, 200);
    let refused = reader.post(path, body());
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.message(),
        "Resource not accessible by personal access token"
    );
    assert_eq!(
        refused.header("x-accepted-github-permissions"),
        "deployments=write"
    );
    let app = github.token(Permissions::app("queue-deploy"));
    let app = Client::new(github.url(), Some(&app));
    let refused = app.get("/repos/acme/hey/git/ref/heads/main");
    assert_eq!(refused.message(), "Resource not accessible by integration");
    assert_eq!(
        refused.header("x-accepted-github-permissions"),
        "contents=read"
    );
    assert_eq!(app.get("/user").status, 403);
    assert!(hey.deployments().is_empty());
}

#[test]
fn what_an_app_makes_is_its_bot_s() {
    let (github, hey, _client) = acme();
    let app = github.token(Permissions::app("buildkite").write(Permission::Deployments));
    let app = Client::new(github.url(), Some(&app));
    app.post("/repos/acme/hey/deployments", json!({ "ref": "main" }));
    assert_eq!(hey.deployments()[0].creator.login, "buildkite[bot]");
}

#[test]
fn requests_need_an_agent_a_known_version_and_an_acceptable_accept() {
    let (_github, _hey, client) = acme();
    let status = |name, value| client.get_with("/user", &[(name, value)]).status;
    assert_eq!(status("no-agent", "1"), 403);
    assert_eq!(status("x-github-api-version", "2022-11-28"), 200);
    assert_eq!(status("x-github-api-version", "1999-01-01"), 400);
    assert_eq!(status("accept", "application/vnd.github+json"), 200);
    assert_eq!(status("accept", "text/html"), 415);
}

#[test]
fn every_request_is_on_record_with_its_token_s_owner() {
    let (github, _hey, client) = acme();
    client.get("/repos/acme/hey/branches?per_page=2");
    Client::new(github.url(), None).get("/user");
    let requests = github.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].path, "/repos/acme/hey/branches");
    assert_eq!(requests[0].query, "per_page=2");
    assert_eq!(
        (requests[0].token.as_deref(), requests[0].status),
        (Some("ada"), Some(200))
    );
    assert_eq!(
        (requests[1].token.as_deref(), requests[1].status),
        (None, Some(401))
    );
    github.clear_requests();
    assert!(github.requests().is_empty());
}
