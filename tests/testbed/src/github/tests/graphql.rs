//! GraphQL, as strict as GitHub's.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{DeploymentState, GitHub, NewStatus, Permission, Permissions, User},
    acme, everything,
};
use crate::{
    client::{Answered, Client},
    faults::{Effect, Matcher},
};

fn ask(client: &Client, query: &str, variables: Value) -> Answered {
    let answered = client.post(
        "/graphql",
        json!({ "query": query, "variables": variables }),
    );
    assert_eq!(answered.status, 200, "{}", answered.text);
    answered
}

/// The data of an answer without errors.
fn data(client: &Client, query: &str) -> Value {
    let answer = ask(client, query, json!({})).json();
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"].clone()
}

fn hey(asked: &str) -> String {
    format!("{{ repository(owner: \"acme\", name: \"hey\") {{ {asked} }} }}")
}

#[test]
fn what_the_schema_does_not_hold_is_refused_as_a_whole() {
    let (_github, _hey, client) = acme();
    let declared = |kind: &str| {
        format!("query($x: {kind}) {{ repository(owner: \"acme\", name: $x) {{ id }} }}")
    };
    for (query, variables) in [
        (hey("nmae"), json!({})),
        (hey("id(x: 1)"), json!({})),
        (hey("ref(qualifiedName: 5) { id }"), json!({})),
        (hey("ref { id }"), json!({})),
        (hey("ref(qualifiedName: \"refs/heads/main\")"), json!({})),
        (
            hey("deployments(first: 1, orderBy: {field: NAME, direction: ASC}) { totalCount }"),
            json!({}),
        ),
        (
            format!("{} fragment Unused on Ref {{ id }}", hey("id")),
            json!({}),
        ),
        (declared("String"), json!({ "x": "hey" })),
        (declared("String!"), json!({})),
        (declared("String!"), json!({ "x": 5 })),
        (declared("String!"), json!({ "x": null })),
        (
            "query($unused: String) { rateLimit { cost } }".to_owned(),
            json!({}),
        ),
        ("mutation { x }".to_owned(), json!({})),
        ("{ repository(".to_owned(), json!({})),
    ] {
        let answer = ask(&client, &query, variables).json();
        assert!(
            answer["errors"][0]["message"].is_string(),
            "{query}: {answer}"
        );
        assert_eq!(answer.get("data"), None, "{query}");
    }
    assert_eq!(client.post("/graphql", json!({})).status, 400);
}

#[test]
fn a_branch_is_told_with_its_head() {
    let (_github, repository, client) = acme();
    let sha = repository.push("feature/x");
    let query = "query($o: String!, $n: String!, $r: String!, $none: String!) {
        repository(owner: $o, name: $n) {
            databaseId nameWithOwner isArchived defaultBranchRef { name }
            x: ref(qualifiedName: $r) { name prefix target { oid ... on Commit { abbreviatedOid } } }
            none: ref(qualifiedName: $none) { name }
        }
    }";
    let variables = json!({
        "o": "acme", "n": "hey", "r": "refs/heads/feature/x", "none": "refs/heads/feature",
    });
    let answer = ask(&client, query, variables).json();
    assert_eq!(
        answer["data"]["repository"],
        json!({
            "databaseId": repository.id(), "nameWithOwner": "acme/hey", "isArchived": false,
            "defaultBranchRef": {"name": "main"},
            "x": {
                "name": "feature/x", "prefix": "refs/heads/",
                "target": {"oid": sha, "abbreviatedOid": sha[..7]},
            },
            "none": null,
        })
    );
}

#[test]
fn a_renamed_repository_is_followed_unless_that_is_unwanted() {
    let (_github, repository, client) = acme();
    repository.rename("acme/hello");
    let found = data(&client, &hey("nameWithOwner"));
    assert_eq!(found["repository"]["nameWithOwner"], "acme/hello");
    let query = "{ repository(owner: \"acme\", name: \"hey\", followRenames: false) { id } }";
    let answer = ask(&client, query, json!({})).json();
    assert_eq!(answer["errors"][0]["type"], "NOT_FOUND");
}

#[test]
fn what_a_token_does_not_see_is_not_found() {
    let (github, _hey, _client) = acme();
    let token = github.token(everything());
    github.lose_access(&token);
    let client = Client::new(github.url(), Some(&token));
    let answer = ask(&client, &hey("id"), json!({})).json();
    assert_eq!(answer["data"], json!({ "repository": null }));
    let error = &answer["errors"][0];
    assert_eq!(error["type"], "NOT_FOUND");
    assert_eq!(error["path"], json!(["repository"]));
    let message = "Could not resolve to a Repository with the name 'acme/hey'.";
    assert_eq!(error["message"], message);
    let nobody = Client::new(github.url(), None);
    let query = json!({ "query": hey("id") });
    assert_eq!(nobody.post("/graphql", query).status, 401);
}

#[test]
fn a_missing_permission_is_an_error_beside_what_may_be_read() {
    let (github, _hey, _client) = acme();
    let token = github.token(Permissions::named("ada").read(Permission::Contents));
    let client = Client::new(github.url(), Some(&token));
    let query = "{
        code: repository(owner: \"acme\", name: \"hey\") {
            main: ref(qualifiedName: \"refs/heads/main\") { name }
            open: ref(qualifiedName: \"refs/heads/main\") { associatedPullRequests(first: 1) { totalCount } }
        }
        tier: repository(owner: \"acme\", name: \"hey\") { deployments(first: 1) { totalCount } }
    }";
    let answer = ask(&client, query, json!({})).json();
    // What cannot be null takes along what it is a part of.
    let code = json!({ "main": { "name": "main" }, "open": null });
    assert_eq!(answer["data"], json!({ "code": code, "tier": null }));
    let errors = answer["errors"].as_array().unwrap();
    let paths: Vec<_> = errors.iter().map(|error| &error["path"]).collect();
    assert_eq!(
        paths,
        [
            &json!(["code", "open", "associatedPullRequests"]),
            &json!(["tier", "deployments"])
        ]
    );
    for error in errors {
        assert_eq!(error["type"], "FORBIDDEN");
        let message = "Resource not accessible by personal access token";
        assert_eq!(error["message"], message);
    }
}

#[test]
fn deployments_are_filtered_ordered_and_come_in_pages() {
    let (_github, repository, client) = acme();
    let made: Vec<_> = (0..5)
        .map(|n| {
            repository.deploy(
                "main",
                if n == 3 { "other" } else { "beta" },
                "t",
                json!({ "n": n }),
            )
        })
        .collect();
    let page = |after: &str| {
        let asked = format!(
            "deployments(environments: [\"beta\"], first: 3, {after} orderBy: {{field: CREATED_AT, direction: DESC}}) {{
                totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ databaseId payload }}
            }}"
        );
        data(&client, &hey(&asked))["repository"]["deployments"].clone()
    };
    let ids = |page: &Value| -> Vec<u64> {
        let nodes = page["nodes"].as_array().unwrap().iter();
        nodes
            .map(|node| node["databaseId"].as_u64().unwrap())
            .collect()
    };
    let first = page("");
    assert_eq!(ids(&first), [made[4], made[2], made[1]]);
    assert_eq!(first["nodes"][0]["payload"], "{\"n\":4}");
    assert_eq!(
        (&first["totalCount"], &first["pageInfo"]["hasNextPage"]),
        (&json!(4), &json!(true))
    );
    let after = format!("after: {},", first["pageInfo"]["endCursor"]);
    let second = page(&after);
    assert_eq!(ids(&second), [made[0]]);
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    // Unless it is asked for, the oldest come first.
    let oldest = data(
        &client,
        &hey("deployments(first: 1) { nodes { databaseId } }"),
    );
    assert_eq!(ids(&oldest["repository"]["deployments"]), [made[0]]);
}

#[test]
fn a_listing_needs_a_bound_within_a_hundred_and_a_good_cursor() {
    let (_github, _hey, client) = acme();
    for (arguments, kind) in [
        ("environments: []", "MISSING_PAGINATION_BOUNDARIES"),
        ("first: 101", "EXCESSIVE_PAGINATION"),
        ("first: 1, after: \"nonsense\"", "INVALID_CURSOR_ARGUMENTS"),
    ] {
        let asked = hey(&format!("deployments({arguments}) {{ totalCount }}"));
        let answer = ask(&client, &asked, json!({})).json();
        assert_eq!(answer["errors"][0]["type"], kind);
        assert_eq!(answer["data"]["repository"], Value::Null);
    }
}

#[test]
fn a_deployment_of_a_commit_is_told_with_its_statuses() {
    let (_github, repository, client) = acme();
    let sha = repository.push("new");
    let id = repository.deploy("new", "beta", "branch-deploys:hey", json!("{}"));
    repository.deploy("main", "beta", "branch-deploys:hey", json!({}));
    let begun = NewStatus::bare(DeploymentState::InProgress, User::bot("deployer"));
    repository.post(id, begun.saying("deploying").log("https://log"));
    repository.post_status(id, DeploymentState::Success, User::person("ada"));
    let asked = format!(
        "object(oid: \"{sha}\") {{ ... on Commit {{ deployments(first: 9) {{ nodes {{
            databaseId task payload environment commitOid ref {{ name }} state
            creator {{ login }}
            latestStatus {{ state description environmentUrl }}
            statuses(first: 9) {{ nodes {{ state description logUrl creator {{ login __typename }} }} }}
        }} }} }} }}"
    );
    let nodes = data(&client, &hey(&asked))["repository"]["object"]["deployments"]["nodes"].clone();
    let by = |login: &str, kind: &str| json!({ "login": login, "__typename": kind });
    assert_eq!(
        nodes,
        json!([{
            "databaseId": id, "task": "branch-deploys:hey", "payload": "\"{}\"",
            "environment": "beta", "commitOid": sha, "ref": {"name": "new"}, "state": "ACTIVE",
            "creator": {"login": "queue-deploy"},
            "latestStatus": {"state": "SUCCESS", "description": null, "environmentUrl": null},
            "statuses": {"nodes": [
                {"state": "SUCCESS", "description": null, "logUrl": null, "creator": by("ada", "User")},
                {
                    "state": "IN_PROGRESS", "description": "deploying", "logUrl": "https://log",
                    "creator": by("deployer", "Bot"),
                },
            ]},
        }])
    );
    repository.delete_branch("new");
    let gone = "deployments(first: 1) { nodes { state ref { name } latestStatus { state } } }";
    let gone = data(&client, &hey(gone))["repository"]["deployments"]["nodes"][0].clone();
    assert_eq!(
        (&gone["ref"], &gone["state"]),
        (&Value::Null, &json!("ACTIVE"))
    );
}

#[test]
fn a_deployment_without_a_status_has_a_state_all_the_same() {
    let (_github, repository, client) = acme();
    repository.deploy("main", "beta", "t", json!({}));
    let asked = hey("deployments(first: 1) { nodes { state payload latestStatus { state } } }");
    let node = data(&client, &asked)["repository"]["deployments"]["nodes"][0].clone();
    assert_eq!(
        node,
        json!({ "state": "PENDING", "payload": null, "latestStatus": null })
    );
}

#[test]
fn a_branch_tells_the_pull_requests_of_its_name() {
    let (_github, repository, client) = acme();
    repository.push("new");
    let own = repository.open_pull_request("new");
    let fork = repository.open_pull_request_of_fork("new");
    let closed = repository.open_pull_request("new");
    repository.close_pull_request(closed);
    let asked = hey("ref(qualifiedName: \"refs/heads/new\") {
        associatedPullRequests(states: [OPEN], first: 5) {
            nodes { number isCrossRepository headRepository { nameWithOwner } }
        }
    }");
    let nodes = &data(&client, &asked)["repository"]["ref"]["associatedPullRequests"]["nodes"];
    let here = json!({ "nameWithOwner": "acme/hey" });
    assert_eq!(
        *nodes,
        json!([
            {"number": own, "isCrossRepository": false, "headRepository": here},
            {"number": fork, "isCrossRepository": true, "headRepository": null},
        ])
    );
}

#[test]
fn points_are_counted_apart_from_the_requests_of_the_rest_api() {
    let github = GitHub::start();
    let repository = github.repository("acme/hey");
    for _ in 0..2 {
        repository.deploy("main", "beta", "t", json!({}));
    }
    let token = github.token(everything());
    let client = Client::new(github.url(), Some(&token));
    let cheap = ask(
        &client,
        "{ rateLimit { cost remaining limit used nodeCount } }",
        json!({}),
    );
    assert_eq!(
        cheap.json()["data"]["rateLimit"],
        json!({ "cost": 1, "remaining": 4999, "limit": 5000, "used": 1, "nodeCount": 0 })
    );
    assert_eq!(cheap.header("x-ratelimit-resource"), "graphql");
    // One listing, and one for each of its hundred, three times.
    let statuses = "statuses(first: 50) { totalCount }";
    let listed = format!(
        "deployments(first: 100) {{ nodes {{ a: {statuses} b: {statuses} c: {statuses} }} }}"
    );
    let dear = format!(
        "{{ rateLimit {{ cost nodeCount }} {} }}",
        &hey(&listed)[1..].trim_end_matches('}')
    );
    let dear = ask(&client, &dear, json!({}));
    assert_eq!(
        dear.json()["data"]["rateLimit"],
        json!({ "cost": 3, "nodeCount": 100 + 3 * 5_000 })
    );
    assert_eq!(dear.header("x-ratelimit-remaining"), "4996");
    let rates = client.get("/rate_limit").json();
    assert_eq!(rates["resources"]["graphql"]["used"], 4);
    assert_eq!(rates["resources"]["core"]["used"], 0);
}

#[test]
fn an_exhausted_limit_is_an_answer_with_an_error_and_leaves_the_rest_api_alone() {
    let (github, _hey, _client) = acme();
    let token = github.token(everything());
    let client = Client::new(github.url(), Some(&token));
    github.graphql_limit(&token, 0, Duration::from_secs(60));
    let limited = ask(&client, &hey("id"), json!({}));
    assert_eq!(limited.json()["errors"][0]["type"], "RATE_LIMITED");
    assert_eq!(limited.json().get("data"), None);
    assert_eq!(limited.header("x-ratelimit-remaining"), "0");
    assert_eq!(client.get("/repos/acme/hey").status, 200);
}

#[test]
fn faults_know_a_question_by_its_name() {
    let (github, _hey, client) = acme();
    let faults = github.faults();
    let sight = || Matcher::question("sight");
    let why = Effect::missing(&["repository", "ref"], "SERVICE_UNAVAILABLE", "not now");
    faults.when(sight().once()).then(why);
    faults.when(sight().nth(2)).then(Effect::status(410));
    let query = |name: &str| {
        let asked = hey("id ref(qualifiedName: \"refs/heads/main\") { name }");
        json!({ "operationName": name, "query": format!("query {name} {asked}") })
    };
    let other = client.post("/graphql", query("other")).json();
    assert_eq!(other["data"]["repository"]["ref"]["name"], "main");
    let partial = client.post("/graphql", query("sight")).json();
    assert_eq!(partial["data"]["repository"]["ref"], Value::Null);
    assert!(partial["data"]["repository"]["id"].is_string());
    assert_eq!(partial["errors"][0]["path"], json!(["repository", "ref"]));
    assert_eq!(client.post("/graphql", query("sight")).status, 410);
    assert_eq!(github.requests()[1].question(), Some("sight"));
}
