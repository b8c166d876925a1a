//! What the sweeps need.

use chrono::TimeDelta;
use testbed::{
    buildkite::Buildkite,
    github::{App, Permission, Permissions},
    tools::Tool,
};

use super::{check, has_all, misses, passes, told, without};
use crate::site::{Program, Site};

#[test]
fn all_that_the_sweeps_need_is_there() {
    let site = Site::new("check-sweeps");
    site.push("new");
    let unbranched = site
        .program(env!("CARGO_BIN_EXE_sweep-deleted"))
        .helm(Tool::Helm3);
    for program in [
        unbranched,
        site.sweep_deleted(Tool::Helm4, "new"),
        site.sweep_stale(Tool::Helm3),
    ] {
        let ran = has_all(program);
        told(&ran, "Cluster: rights", "there", "are granted");
        told(&ran, "deployments: write", "there", "granted");
    }
}

#[test]
fn each_right_that_a_sweep_lacks_is_told() {
    for (resources, line) in [
        ("leases", "Cluster: leases"),
        ("persistentvolumeclaims", "Cluster: persistentvolumeclaims"),
        ("controllerrevisions", "Cluster: controllerrevisions.apps"),
    ] {
        let site = Site::with_rights("check-sweep", &without(resources));
        misses(site.sweep_deleted(Tool::Helm3, "new"), line, "may not");
        misses(site.sweep_stale(Tool::Helm4), line, "may not");
    }
    let site = Site::with_rights("check-sweep", &without("jobs"));
    passes(
        site.sweep_stale(Tool::Helm3),
        "Cluster: jobs.batch",
        "doubtful",
        "may not",
    );
}

#[test]
fn what_a_sweep_lacks_at_github_and_of_helm_is_told() {
    let site = Site::new("check-sweep-github");
    let reader = Permissions::named("reader").read(Permission::Contents);
    let token = site.github.token(reader);
    for program in [
        site.sweep_deleted(Tool::Helm3, "new"),
        site.sweep_stale(Tool::Helm3),
    ] {
        misses(
            program.env("GITHUB_TOKEN", &token),
            "deployments: write",
            "deployments",
        );
    }
    for program in [
        site.sweep_deleted(Tool::Helm3, "new"),
        site.sweep_stale(Tool::Helm3),
    ] {
        misses(
            program.env("BRANCH_DEPLOYS_HELM", "/nowhere"),
            "Helm",
            "there is no Helm",
        );
    }
}

#[test]
fn what_cannot_be_asked_at_all_is_a_line_and_hides_no_other() {
    let site = Site::new("check-sweep-nobody");
    let programs = || {
        [
            site.sweep_deleted(Tool::Helm3, "new"),
            site.sweep_stale(Tool::Helm4),
        ]
    };
    for program in programs() {
        let ran = check(program.env("BRANCH_DEPLOYS_KUBECONFIG", "/nowhere")).ends_with(1);
        told(&ran, "Cluster", "missing", "/nowhere: No such file");
        told(&ran, "GitHub: repository", "there", "acme/hey");
        told(&ran, "Helm", "there", "v");
    }
    for program in programs() {
        let by_app = program
            .env("BRANCH_DEPLOYS_GITHUB_APP_ID", "7")
            .env("GITHUB_APP_PRIVATE_KEY", "no key");
        let ran = check(by_app).ends_with(1);
        told(&ran, "GitHub: App", "missing", "--github-app-key-file");
        told(&ran, "Cluster: rights", "there", "are granted");
        told(&ran, "Helm", "there", "v");
    }
}

/// `sweep-stale --comment` with who asks.
fn commenting(site: &Site) -> Program {
    site.sweep_stale(Tool::Helm4).args(["--comment"])
}

#[test]
fn whether_pull_requests_may_be_commented_on_is_told_where_github_tells_it() {
    let site = Site::new("check-comment");
    passes(
        commenting(&site),
        "pull_requests: write",
        "unknown",
        "before a comment is written",
    );
    let classic = |scopes: &[&str]| site.github.token(Permissions::classic("jane", scopes));
    has_all(commenting(&site).env("GITHUB_TOKEN", classic(&["repo"])));
    let narrow = classic(&["repo_deployment"]);
    misses(
        commenting(&site).env("GITHUB_TOKEN", narrow),
        "pull_requests",
        "scope repo",
    );
    let rights = Permissions::app("sweeper")
        .read(Permission::Contents)
        .write(Permission::Deployments);
    let by = |app: &App| {
        commenting(&site)
            .without("GITHUB_TOKEN")
            .env("BRANCH_DEPLOYS_GITHUB_APP_ID", app.id.to_string())
            .env("GITHUB_APP_PRIVATE_KEY", App::KEY)
    };
    let app = site
        .github
        .app(rights.clone().write(Permission::PullRequests));
    has_all(by(&app));
    let lacking = site.github.app(rights);
    misses(by(&lacking), "repository", "pull_requests: write");
}

#[test]
fn clocks_by_which_nothing_would_go_are_doubtful() {
    let site = Site::new("check-clock");
    let front = site.namespace.front(&site.kubeconfig);
    front.set_clock(TimeDelta::minutes(-9));
    let program = site
        .sweep_stale(Tool::Helm3)
        .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig());
    passes(program, "Cluster: clock", "doubtful", "9 min");
}

#[test]
fn a_sweep_by_a_build_needs_no_cluster_and_a_token_that_starts_it() {
    let site = Site::new("check-via");
    let buildkite = Buildkite::start(&site.github);
    buildkite.pipeline("hey-sweep");
    let token = site
        .github
        .token(Permissions::named("ci").read(Permission::Contents));
    let with = |scopes: &[&str]| {
        site.program(env!("CARGO_BIN_EXE_sweep-deleted"))
            .without("BRANCH_DEPLOYS_NAMESPACE")
            .without("BRANCH_DEPLOYS_KUBECONFIG")
            .env("GITHUB_TOKEN", &token)
            .env("BRANCH_DEPLOYS_BUILDKITE_URL", buildkite.url())
            .env("BUILDKITE_API_TOKEN", buildkite.token(scopes))
            .env("BRANCH_DEPLOYS_VIA_BUILDKITE", "acme/hey-sweep")
    };
    passes(
        with(&["write_builds"]),
        "pipeline acme/hey-sweep",
        "unknown",
        "the token may not read builds",
    );
    let misspelt = with(&["write_builds", "read_builds"]).args(["--via-buildkite=acme/none"]);
    misses(misspelt, "pipeline acme/none", "as in its address");
    misses(
        with(&["read_builds"]),
        "Buildkite: token",
        "it lacks write_builds",
    );
    has_all(with(&["write_builds", "read_builds"]).args(["--wait"]));
    let waiting = with(&["write_builds"]).args(["--wait"]);
    misses(waiting, "Buildkite: token", "it lacks read_builds");
    assert!(buildkite.pipeline("hey-sweep").builds().is_empty());
}
