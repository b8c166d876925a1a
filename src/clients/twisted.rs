//! Answers of nearly the right shape: whatever they hold, a client reads them or says why it does not.

use proptest::{
    prelude::any,
    test_runner::{Config, TestRunner},
};
use serde_json::json;
use testbed::{
    buildkite as buildkite_stand_in,
    faults::{Effect, Faults, Matcher},
    github::{self as github_stand_in, Permission, Permissions},
};
use tokio::runtime::Runtime;

use super::{
    buildkite::{Buildkite, NewBuild},
    github::GitHub,
    patience::Patience,
};
use crate::model::{Branch, Commit, Retry};

/// Lets `ask` meet answers that are twisted by one seed after another. What it comes to is its own
/// business; a panic names the seed.
fn twists(runtime: &Runtime, faults: &Faults, cases: u32, ask: impl AsyncFn()) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let run = |seed| {
        faults.clear();
        faults.when(Matcher::any("/**")).then(Effect::twisted(seed));
        runtime.block_on(ask());
        Ok(())
    };
    TestRunner::new(config).run(&any::<u64>(), run).unwrap();
}

#[test]
fn whatever_github_answers_is_read_or_refused() {
    let github = github_stand_in::GitHub::start();
    let repository = github.repository("acme/hey");
    let sha: Commit = repository.push("new").parse().unwrap();
    let new: Branch = "new".parse().unwrap();
    let payload = json!({"app": "hey", "branch": "new"});
    let id = repository.deploy("new", "beta", "branch-deploys:hey", payload);
    let permissions = Permissions::named("sweeper")
        .read(Permission::Contents)
        .read(Permission::Deployments)
        .write(Permission::PullRequests);
    let runtime = Runtime::new().unwrap();
    let _inside = runtime.enter();
    let patience = Patience::new(|_, _, _| Retry::No, |_| {});
    let named = "acme/hey".parse().unwrap();
    let client = GitHub::new(github.url(), &github.token(permissions), named, patience).unwrap();
    let branches = [new.clone(), "gone".parse().unwrap()];
    let task = "branch-deploys:hey";
    twists(&runtime, github.faults(), 40, async || {
        let _ = client.repository().await;
        let _ = client.branch_ref(&new).await;
        let _ = client.deployment(id).await;
        let _ = client.deployments_of(task, "beta", "new").await;
        let _ = client.deployments_above(task, "beta", 0).await;
        let _ = client.newest_status(id).await;
        let _ = client.protected_branches().await;
        let _ = client.comments(1).await;
    });
    // Each question takes the stand-in as long as ten of the others.
    twists(&runtime, github.faults(), 12, async || {
        let _ = client.asked(&new, &sha, "beta").await;
        let _ = client.open_pull_requests(&branches).await;
        if let Ok(sight) = client.sight(&branches, Some("beta")).await {
            // What is not told of is told as unknown.
            assert!(branches.iter().all(|it| sight.heads.contains_key(it)));
        }
    });
}

#[test]
fn whatever_buildkite_answers_is_read_or_refused() {
    let stand_in = buildkite_stand_in::Buildkite::start(&github_stand_in::GitHub::start());
    let pipeline = stand_in.pipeline("hey");
    let sha = "4f2a91c".repeat(6)[..40].to_owned();
    pipeline.pretend_build("new", &sha).set_state("running");
    let token = stand_in.token(&["read_builds", "write_builds"]);
    // The programs do so in their first line.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = Runtime::new().unwrap();
    let client = Buildkite::new(stand_in.url(), &token).unwrap();
    let named = "acme/hey".parse().unwrap();
    let (commit, branch) = (sha.parse().unwrap(), "new".parse().unwrap());
    let nothing = Default::default();
    let build = NewBuild {
        branch: "new",
        commit: &sha,
        message: "",
        env: &nothing,
        meta_data: &nothing,
    };
    twists(&runtime, stand_in.faults(), 100, async || {
        let _ = client.builds(&named, &commit, &branch).await;
        let _ = client.build(&named, 1).await;
        let _ = client.started(&named, "key", "value").await;
        let _ = client.start(&named, &build).await;
    });
}
