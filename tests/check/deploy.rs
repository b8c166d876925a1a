//! What `deploy` needs: what `queue-deploy` does, and what its image is waited for with.

use testbed::{
    buildkite::Buildkite,
    github::{Permission, Permissions},
};

use super::{check, has_all, misses, told};
use crate::{queue_deploy::Forge, site::Program};

#[test]
fn all_that_deploy_needs_is_there_and_each_miss_is_told() {
    let forge = Forge::new();
    let buildkite = Buildkite::start(&forge.github);
    let _deploys = buildkite
        .pipeline("hey-deploy")
        .on_deployments(&forge.repository);
    buildkite.pipeline("hey");
    let rights = || {
        Permissions::named("jane")
            .read(Permission::Contents)
            .write(Permission::Deployments)
            .read(Permission::Webhooks)
    };
    let program = |permissions: Permissions, scopes: &[&str]| -> Program {
        forge
            .program(env!("CARGO_BIN_EXE_deploy"))
            .args(["--repository", "acme/hey", "--pipeline", "acme/hey"])
            .args(["--deploy-pipeline", "acme/hey-deploy"])
            .args(["--buildkite-url", buildkite.url()])
            .env("GITHUB_TOKEN", forge.github.token(permissions))
            .env("BUILDKITE_API_TOKEN", buildkite.token(scopes))
    };
    let all = ["read_builds", "read_pipelines"];
    let ran = has_all(program(rights(), &all));
    told(&ran, "pipeline acme/hey", "there", "its builds are shown");
    let reader = rights().read(Permission::Deployments);
    misses(
        program(reader, &all),
        "deployments: write",
        "give the token",
    );
    misses(
        program(rights(), &["read_pipelines"]),
        "Buildkite: token",
        "read_builds",
    );
    let wrong = program(rights(), &all).env("BUILDKITE_API_TOKEN", "bkua_wrong");
    let ran = check(wrong).ends_with(1);
    told(&ran, "Buildkite: token", "missing", "refuses the token");
    told(&ran, "deploy pipeline", "doubtful", "refuses the token");
    let elsewhere = program(rights(), &all).args(["--image", "127.0.0.1:1/hey:{commit}"]);
    misses(elsewhere, "Registry", "does not answer");
    assert!(forge.repository.deployments().is_empty());
}

#[test]
fn what_deploy_would_refuse_a_check_refuses_too() {
    let forge = Forge::new();
    let program = forge.program(env!("CARGO_BIN_EXE_deploy"));
    program
        .args(["--check"])
        .run()
        .refuses(2, "--repository is missing");
    let nameless = forge.program(env!("CARGO_BIN_EXE_deploy"));
    let nameless = nameless.without("BRANCH_DEPLOYS_APP");
    nameless
        .args(["--repository=acme/hey_there", "--check"])
        .run()
        .refuses(2, "--app is missing");
}
