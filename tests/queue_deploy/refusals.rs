//! What is not asked for, and why.

use serde_json::json;
use testbed::{
    faults::{Effect, Matcher},
    github::{Permission, Permissions},
};

use super::forge::Forge;

#[test]
fn branches_that_nobody_wants_deployed_are_skipped_without_a_request() {
    let forge = Forge::new();
    let queue = "gh-readonly-queue/main/pr-5-0abc";
    for (branch, arguments) in [
        (queue, &[][..]),
        ("dependabot/npm/x-1.0", &["--skip-branch", "dependabot/**"]),
    ] {
        let commit = forge.repository.push(branch);
        let mut program = forge.in_a_build(branch, &commit);
        program.0.args(arguments);
        program.run().ends_with(0).says("Skipped: --skip-branch");
    }
    assert!(forge.github.requests().is_empty());
}

#[test]
fn a_build_of_a_fork_is_refused_without_a_request() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    forge
        .in_a_build("new", &commit)
        .env(
            "BUILDKITE_PULL_REQUEST_REPO",
            "https://github.com/mallory/hey.git",
        )
        .run()
        .refuses(5, "of the fork https://github.com/mallory/hey.git");
    assert!(forge.github.requests().is_empty());
    forge
        .in_a_build("new", &commit)
        .env("BUILDKITE_PULL_REQUEST_REPO", "https://github.com/acme/hey")
        .run()
        .ends_with(0);
}

#[test]
fn a_pipeline_that_has_the_former_name_of_its_repository_is_told() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    forge.repository.rename("acme/hello");
    let own = "https://me:hush@github.com/acme/hello.git";
    let ran = forge
        .in_a_build("new", &commit)
        .env("BUILDKITE_PULL_REQUEST_REPO", own)
        .run();
    assert!(!ran.to_string().contains("hush"), "{ran}");
    ran.refuses(5, "the repository's own new name");
}

#[test]
fn a_branch_that_is_deleted_is_superseded() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    forge.repository.delete_branch("new");
    forge
        .in_a_build("new", &commit)
        .run()
        .ends_with(3)
        .says("it is deleted");
    assert!(forge.repository.deployments().is_empty());
}

#[test]
fn a_branch_that_was_renamed_is_superseded() {
    let forge = Forge::new();
    let commit = forge.repository.push("old");
    forge.repository.rename_branch("old", "new");
    forge.in_a_build("old", &commit).run().ends_with(3);
    // Were it shown by its new name, it would be another branch.
    let shown = json!({"data": {"repository": {
        "defaultBranchRef": {"name": "main"},
        "ref": {"name": "new", "target": {"oid": commit}},
        "object": {"deployments": {"nodes": []}},
        "deployments": {"nodes": []},
    }}});
    let shown = Effect::status(200).body(&shown.to_string());
    let faults = forge.github.faults();
    faults.when(Matcher::question("asked")).then(shown);
    forge
        .in_a_build("old", &commit)
        .run()
        .ends_with(3)
        .says("The branch old is called new now");
    assert!(forge.repository.deployments().is_empty());
}

#[test]
fn a_token_that_lost_access_is_no_deleted_branch() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    forge.github.lose_access(&forge.token);
    forge.in_a_build("new", &commit).run().refuses(
        1,
        "Could not resolve to a Repository with the name 'acme/hey'",
    );
}

#[test]
fn a_token_that_may_not_ask_for_deployments_is_told_the_permission() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let reader = Permissions::named("reader")
        .read(Permission::Metadata)
        .read(Permission::Contents)
        .read(Permission::Deployments);
    forge
        .in_a_build("new", &commit)
        .env("GITHUB_TOKEN", forge.github.token(reader))
        .run()
        .ends_with(1)
        .says("the token needs deployments=write");
}

#[test]
fn a_token_that_may_not_even_read_them_is_told_the_permission() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let stranger = Permissions::named("stranger").read(Permission::Contents);
    forge
        .in_a_build("new", &commit)
        .env("GITHUB_TOKEN", forge.github.token(stranger))
        .run()
        .ends_with(1)
        .says("the token needs deployments: read");
}

#[test]
fn what_github_tells_in_part_is_not_taken_for_the_whole() {
    for path in [
        &["ref"][..],
        &["object"],
        &["deployments"],
        &["defaultBranchRef"],
    ] {
        let forge = Forge::new();
        let commit = forge.repository.push("new");
        let path = [&["repository"], path].concat();
        let partly = Effect::missing(&path, "SERVICE_UNAVAILABLE", "Something went wrong");
        let faults = forge.github.faults();
        faults.when(Matcher::question("asked")).then(partly);
        forge
            .in_a_build("new", &commit)
            .run()
            .ends_with(1)
            .says("Something went wrong");
        assert!(forge.repository.deployments().is_empty());
    }
}

#[test]
fn a_limit_of_graphqls_is_told_with_its_end() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let hour = std::time::Duration::from_secs(3_600);
    forge.github.graphql_limit(&forge.token, 0, hour);
    forge
        .in_a_build("new", &commit)
        .run()
        .ends_with(1)
        .says("rate limit is used up");
    assert_eq!(forge.github.requests().len(), 1);
}

#[test]
fn a_limit_of_graphqls_that_ends_soon_is_waited_for() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let second = std::time::Duration::from_secs(1);
    forge.github.graphql_limit(&forge.token, 0, second);
    forge.in_a_build("new", &commit).run().ends_with(0);
    assert_eq!(forge.only().sha, commit);
}

#[test]
fn a_token_from_which_github_hides_that_it_may_not_is_told_the_permission_too() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let hidden = Effect::status(404).body("{\"message\": \"Not Found\"}");
    let asking = Matcher::post("/repos/acme/hey/deployments");
    forge.github.faults().when(asking).then(hidden);
    forge
        .in_a_build("new", &commit)
        .run()
        .ends_with(1)
        .says("needs deployments: write");
}

#[test]
fn a_redirect_takes_the_token_to_nobody_else() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let stranger = testbed::github::GitHub::start();
    let away = Effect::status(307).header("location", &format!("{}/", stranger.url()));
    forge.github.faults().when(Matcher::any("/**")).then(away);
    forge
        .in_a_build("new", &commit)
        .run()
        .ends_with(1)
        .says("answered 307");
    assert!(stranger.requests().is_empty());
}

#[test]
fn a_commit_that_was_never_pushed_is_one_clear_line() {
    let forge = Forge::new();
    forge.repository.push("new");
    let commit = "c".repeat(40);
    forge
        .queue_deploy()
        .args(["--repository", "acme/hey", "--branch", "new"])
        .args(["--commit", &commit])
        .run()
        .ends_with(2)
        .says("GitHub knows no commit ccccccc: was it pushed?");
    assert!(forge.repository.deployments().is_empty());
}

#[test]
fn a_dry_run_asks_for_nothing() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    forge
        .in_a_build("new", &commit)
        .args(["--dry-run"])
        .run()
        .ends_with(0)
        .says("Nothing was done");
    assert!(forge.repository.deployments().is_empty());
}

#[test]
fn a_github_that_cannot_answer_is_one_clear_line() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let faults = forge.github.faults();
    faults.when(Matcher::any("/**")).then(Effect::html(503));
    forge
        .in_a_build("new", &commit)
        .run()
        .ends_with(1)
        .says("503");
}

#[test]
fn outside_a_ci_branch_and_commit_are_asked_for() {
    let forge = Forge::new();
    forge
        .queue_deploy()
        .args(["--repository", "acme/hey"])
        .run()
        .refuses(2, "--branch is missing");
    forge
        .in_a_build("v1", &"a".repeat(40))
        .env("BUILDKITE_TAG", "v1")
        .run()
        .refuses(2, "the build of a tag");
    forge
        .in_a_build("new", "HEAD")
        .run()
        .refuses(2, "BUILDKITE_COMMIT is HEAD");
    forge
        .in_a_build("new", &"a".repeat(40))
        .args(["--keep-for", "soon"])
        .run()
        .refuses(2, "--keep-for is not `soon`");
    assert!(forge.github.requests().is_empty());
}
