//! A sweep by a build near the cluster, started from where the cluster cannot be reached.

use testbed::{
    buildkite::{Pipeline, Step},
    faults::{Effect, Matcher},
};

use crate::{push_to_link::Team, site::Program};

const BUILDS: &str = "/v2/organizations/acme/pipelines/hey-sweep/builds";

/// A team with a pipeline that sweeps.
fn team(hint: &str, command: &str) -> (Team, Pipeline) {
    let team = Team::new(hint);
    let sweeps = team.buildkite.pipeline("hey-sweep");
    let sweeps = sweeps.step(Step::new("sweep").command(command));
    (team, sweeps)
}

/// `sweep-deleted` as a hosted runner starts it: it knows no cluster.
fn from_afar(team: &Team, branch: &str, scopes: &[&str]) -> Program {
    let site = &team.site;
    let mut program = site
        .program(env!("CARGO_BIN_EXE_sweep-deleted"))
        .without("BRANCH_DEPLOYS_NAMESPACE")
        .without("BRANCH_DEPLOYS_KUBECONFIG")
        .env("BRANCH_DEPLOYS_BUILDKITE_URL", team.buildkite.url())
        .args(["--via-buildkite", "acme/hey-sweep", "--branch", branch]);
    if !scopes.is_empty() {
        program = program.env("BUILDKITE_API_TOKEN", team.buildkite.token(scopes));
    }
    program
}

const BOTH: [&str; 2] = ["read_builds", "write_builds"];

#[test]
fn a_build_near_the_cluster_sweeps_and_is_followed() {
    let (team, sweeps) = team("via", "sweep-deleted");
    let deployment = team.site.push("new");
    let [build] = &team.builds_of(deployment, 1)[..] else {
        unreachable!("it waits for one");
    };
    assert_eq!(build.state(), "passed", "{}", build.logs());
    team.site.repository.delete_branch("new");
    let ran = from_afar(&team, "new", &BOTH).args(["--wait"]).run();
    ran.says("The build that sweeps new has passed: ")
        .ends_with(0);
    assert_eq!(team.site.namespace.inventory(), [""; 0]);
    let [build] = &sweeps.builds()[..] else {
        panic!("one build sweeps");
    };
    assert_eq!(
        (build.data().branch.as_str(), build.data().commit.as_str()),
        ("main", "HEAD")
    );
}

#[test]
fn a_build_is_started_once_though_the_answer_was_lost() {
    let (team, sweeps) = team("via-lost", "true");
    let post = Matcher::post(BUILDS);
    team.buildkite
        .faults()
        .when(post.once())
        .then(Effect::cut_after());
    let hostile = "x'; [skip ci] $(reboot)";
    let ran = from_afar(&team, hostile, &BOTH).run();
    ran.says("A build sweeps x'; [skip ci] $(reboot): http")
        .ends_with(0);
    let [build] = &sweeps.builds()[..] else {
        panic!("one build sweeps");
    };
    let data = build.data();
    assert_eq!(data.env["BRANCH_DEPLOYS_BRANCH"], hostile);
    assert!(!data.message.contains("skip"), "{}", data.message);
    build.await_finished();
}

#[test]
fn a_build_that_fails_fails_the_sweep_and_is_named() {
    let (team, _) = team("via-fails", "exit 1");
    let ran = from_afar(&team, "new", &BOTH).args(["--wait"]).run();
    ran.says("The build that sweeps new ended as failed: http")
        .ends_with(1);
}

#[test]
fn what_is_missing_is_named() {
    let (team, sweeps) = team("via-missing", "true");
    from_afar(&team, "new", &[])
        .run()
        .refuses(2, "write_builds");
    from_afar(&team, "new", &["read_builds"])
        .run()
        .refuses(1, "the token needs the scope write_builds");
    from_afar(&team, "new", &BOTH)
        .args(["--namespace", "betas"])
        .run()
        .refuses(2, "--namespace");
    from_afar(&team, "new", &BOTH)
        .args(["--dry-run"])
        .run()
        .ends_with(0);
    assert!(sweeps.builds().is_empty());
}
