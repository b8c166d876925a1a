//! Repositories, refs, branches and commits by all their names.

use serde_json::json;

use super::acme;

#[test]
fn a_ref_is_found_by_its_exact_name_only() {
    let (_github, hey, client) = acme();
    let sha = hey.push("feature/x");
    let found = client.get("/repos/acme/hey/git/ref/heads/feature/x");
    assert_eq!(
        (found.status, &found.json()["object"]["sha"]),
        (200, &json!(sha))
    );
    assert_eq!(found.json()["ref"], "refs/heads/feature/x");
    assert_eq!(
        client
            .get("/repos/acme/hey/git/ref/heads%2Ffeature%2Fx")
            .status,
        200
    );
    for missing in [
        "heads/feature",
        "heads/feature/x/y",
        "tags/feature/x",
        "heads/Feature/x",
    ] {
        let answer = client.get(&format!("/repos/acme/hey/git/ref/{missing}"));
        assert_eq!(
            (answer.status, answer.message().as_str()),
            (404, "Not Found"),
            "{missing}"
        );
    }
    let matching = client.get("/repos/acme/hey/git/matching-refs/heads/feature");
    assert_eq!(matching.each("ref"), ["refs/heads/feature/x"]);
    assert_eq!(
        client
            .get("/repos/acme/hey/git/matching-refs/heads/none")
            .json(),
        json!([])
    );
}

#[test]
fn hostile_names_are_found_percent_encoded() {
    let (_github, hey, client) = acme();
    for (name, path) in [
        ("a%b", "a%25b"),
        ("a#b", "a%23b"),
        ("Ünïcode", "%C3%9Cn%C3%AFcode"),
        ("$(rm)&x=\"'", "%24%28rm%29%26x%3D%22%27"),
        ("a+b", "a+b"),
    ] {
        let sha = hey.push(name);
        let reference = client.get(&format!("/repos/acme/hey/git/ref/heads/{path}"));
        assert_eq!(reference.json()["object"]["sha"], json!(sha), "{name}");
        let branch = client.get(&format!("/repos/acme/hey/branches/{path}"));
        assert_eq!(branch.json()["name"], name);
        let commit = client.get(&format!("/repos/acme/hey/commits/{path}"));
        assert_eq!(commit.json()["sha"], json!(sha));
    }
}

#[test]
fn a_tag_with_a_branch_s_name_is_no_branch() {
    let (_github, hey, client) = acme();
    hey.push("v1");
    hey.tag("v1");
    let event = hey.delete_branch("v1");
    assert_eq!(
        (&event["ref"], &event["ref_type"]),
        (&json!("v1"), &json!("branch"))
    );
    assert_eq!(event["repository"]["id"], hey.id());
    assert_eq!(event["repository"]["default_branch"], "main");
    assert_eq!(event["sender"]["login"], "octocat");
    assert_eq!(client.get("/repos/acme/hey/git/ref/heads/v1").status, 404);
    assert_eq!(client.get("/repos/acme/hey/git/ref/tags/v1").status, 200);
    assert_eq!(client.get("/repos/acme/hey/branches/v1").status, 404);
    assert_eq!(hey.delete_tag("v1")["ref_type"], "tag");
}

#[test]
fn a_renamed_branch_redirects_in_the_branches_endpoint_only() {
    let (github, hey, client) = acme();
    hey.push("old/one");
    hey.rename_branch("old/one", "new/one");
    let moved = client.get("/repos/acme/hey/branches/old/one");
    assert_eq!(moved.status, 301);
    let home = format!(
        "{}/repositories/{}/branches/new/one",
        github.url(),
        hey.id()
    );
    assert_eq!(moved.header("location"), home);
    assert_eq!(
        client.get(&home[github.url().len()..]).json()["name"],
        "new/one"
    );
    assert_eq!(
        client.get("/repos/acme/hey/git/ref/heads/old/one").status,
        404
    );
    hey.rename_branch("new/one", "third");
    assert_eq!(client.get("/repos/acme/hey/branches/old/one").status, 301);
    hey.push("old/one");
    assert_eq!(client.get("/repos/acme/hey/branches/old/one").status, 200);
}

#[test]
fn a_renamed_repository_redirects_to_its_id() {
    let (github, hey, client) = acme();
    hey.rename("acme/hey2");
    let moved = client.get("/repos/acme/hey/git/ref/heads/main?x=1");
    let home = format!("/repositories/{}/git/ref/heads/main", hey.id());
    assert_eq!(moved.status, 301);
    assert_eq!(
        moved.header("location"),
        format!("{}{home}?x=1", github.url())
    );
    assert_eq!(client.get(&home).json()["ref"], "refs/heads/main");
    assert_eq!(
        client.get(&format!("/repositories/{}", hey.id())).json()["name"],
        "hey2"
    );
    assert_eq!(client.get("/repos/ACME/Hey2").json()["id"], hey.id());
    assert_eq!(
        client
            .post("/repos/acme/hey/deployments", json!({ "ref": "main" }))
            .status,
        307
    );
    let newcomer = github.repository("acme/hey");
    assert_eq!(client.get("/repos/acme/hey").json()["id"], newcomer.id());
}

#[test]
fn branches_are_listed_by_name_page_by_page() {
    let (_github, hey, client) = acme();
    for number in 0..31 {
        hey.push(&format!("b{number:02}"));
    }
    hey.protect("main");
    let first = client.get("/repos/acme/hey/branches");
    assert_eq!(first.each("name").len(), 30);
    assert_eq!(first.each("name")[0], "b00");
    assert!(first.header("link").contains("?page=2>; rel=\"next\""));
    let second = client.get("/repos/acme/hey/branches?page=2");
    assert_eq!(second.each("name"), ["b30", "main"]);
    assert_eq!(
        client
            .get("/repos/acme/hey/branches?protected=true")
            .each("name"),
        ["main"]
    );
}

#[test]
fn a_commit_that_is_not_there_is_a_422() {
    let (_github, _hey, client) = acme();
    let refused = client.get("/repos/acme/hey/commits/nope");
    assert_eq!(refused.status, 422);
    assert_eq!(refused.message(), "No commit found for SHA: nope");
}

#[test]
fn what_github_does_not_have_is_a_404_whatever_the_method() {
    let (_github, _hey, client) = acme();
    assert_eq!(client.get("/meta2").status, 404);
    assert_eq!(client.delete("/user").status, 404);
    assert_eq!(client.get("/repos/acme/none").status, 404);
}
