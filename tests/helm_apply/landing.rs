//! Which deployment is landed, wherever it is told.

use serde_json::json;
use testbed::{github::DeploymentState, tools::Tool};

use crate::site::{Program, Site, echo};

fn succeeds(program: Program, site: &Site, deployment: u64) {
    program.release(&echo(json!({}))).run().ends_with(0);
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Success)
    );
}

#[test]
fn a_deploy_build_lands_the_deployment_that_started_it() {
    let site = Site::new("buildkite");
    let deployment = site.push("new");
    let build = site
        .helm_apply_alone(Tool::Helm3)
        .env("BUILDKITE_GITHUB_DEPLOYMENT_ID", deployment.to_string())
        .env("BUILDKITE_BRANCH", "main")
        .env("BUILDKITE_COMMIT", "HEAD")
        .env(
            "BUILDKITE_BUILD_URL",
            "https://buildkite.com/acme/hey-deploy/builds/8",
        )
        .env("BUILDKITE_JOB_ID", "j1");
    succeeds(build, &site, deployment);
    let logs = site.repository.deployment(deployment).statuses;
    for status in logs {
        assert_eq!(
            status.log_url,
            "https://buildkite.com/acme/hey-deploy/builds/8#j1"
        );
    }
}

#[test]
fn a_workflow_lands_the_deployment_of_its_event() {
    let site = Site::new("workflow");
    let deployment = site.push("new");
    let path = site.kubeconfig.with_extension("event.json");
    std::fs::write(&path, json!({"deployment": {"id": deployment}}).to_string()).unwrap();
    let workflow = site
        .helm_apply_alone(Tool::Helm4)
        .env("GITHUB_EVENT_NAME", "deployment")
        .env("GITHUB_EVENT_PATH", path)
        .env("GITHUB_REF_NAME", "main");
    succeeds(workflow, &site, deployment);
}

#[test]
fn without_a_deployment_the_ci_or_flags_tell_branch_and_commit() {
    let site = Site::new("no-deployment");
    let commit = site.repository.push("new");
    let alone = || site.helm_apply_alone(Tool::Helm3).release(&echo(json!({})));
    for program in [
        alone()
            .env("BUILDKITE_BRANCH", "new")
            .env("BUILDKITE_COMMIT", &commit),
        alone()
            .env("GITHUB_REF_NAME", "new")
            .env("GITHUB_SHA", &commit),
        alone().args(["--branch", "new", "--commit", &commit, "--migrate"]),
    ] {
        program.run().ends_with(0);
        assert_eq!(site.echoed("hey-new", "branch")["commit"], commit.as_str());
    }
    assert_eq!(site.echoed("hey-new", "branch")["migrate"], true);
    assert_eq!(site.namespace.release_revisions("hey-new").len(), 3);
    let posts = site
        .github
        .requests()
        .iter()
        .filter(|request| request.method != "GET")
        .count();
    assert_eq!(posts, 0, "there is nothing to post a status on");
}

#[test]
fn what_names_no_branch_or_no_commit_is_refused() {
    let site = Site::new("no-branch");
    let commit = site.repository.push("new");
    let alone = || site.helm_apply_alone(Tool::Helm4).release(&echo(json!({})));
    for (program, says) in [
        (alone(), "--branch is missing"),
        (alone().args(["--branch", "new"]), "--commit is missing"),
        (
            alone()
                .env("BUILDKITE_BRANCH", "v1")
                .env("BUILDKITE_TAG", "v1"),
            "this is the build of a tag: give the branch by --branch",
        ),
        (
            alone()
                .env("GITHUB_REF_NAME", "v1")
                .env("GITHUB_REF_TYPE", "tag"),
            "this is the build of a tag",
        ),
        (
            alone()
                .env("BUILDKITE_BRANCH", "new")
                .env("BUILDKITE_COMMIT", "HEAD"),
            "BUILDKITE_COMMIT is HEAD: give the commit by --commit",
        ),
        (
            alone()
                .env("BUILDKITE_BRANCH", "{{x}}")
                .env("BUILDKITE_COMMIT", &commit),
            "holds `{{`",
        ),
        (
            alone().args(["--branch", "new", "--commit", "4f2a91c"]),
            "--commit is not `4f2a91c`",
        ),
        (
            alone().args(["--deployment", "1"]),
            "GitHub shows no deployment 1",
        ),
        (
            alone()
                .env("GITHUB_EVENT_NAME", "deployment")
                .env("GITHUB_EVENT_PATH", "/nowhere"),
            "the event in /nowhere, of GITHUB_EVENT_PATH",
        ),
    ] {
        let ran = program.run();
        let status = ran.status;
        ran.refuses(status, says).ends_with(2);
    }
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_deployment_that_is_none_of_ours_is_left_alone() {
    let site = Site::new("none-of-ours");
    let commit = site.repository.push("new");
    let payload = json!({"app": "hey", "branch": "new", "commit": commit, "nonce": "n"});
    let other_commit =
        json!({"app": "hey", "branch": "new", "commit": "a".repeat(40), "nonce": "n"});
    for (environment, task, payload) in [
        ("beta", "branch-deploys:hay", &payload),
        ("staging", "branch-deploys:hey", &payload),
        ("beta", "deploy", &payload),
        ("beta", "branch-deploys:hey", &other_commit),
        ("beta", "branch-deploys:hey", &json!("no payload of ours")),
    ] {
        let deployment = site
            .repository
            .deploy("new", environment, task, payload.clone());
        site.helm_apply(Tool::Helm3, deployment)
            .release(&echo(json!({})))
            .run()
            .ends_with(0)
            .says("none of hey's on beta: nothing to do");
        assert!(site.states(deployment).is_empty());
    }
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_deployment_whose_time_to_keep_cannot_be_read_is_one_clear_line() {
    let site = Site::new("bad-keep-for");
    site.repository.push("new");
    let deployment = site.queue_with("new", json!({"keep_for": "a while"}));
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .run()
        .refuses(2, "keep_for");
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
    assert!(site.states(deployment).is_empty());
}
