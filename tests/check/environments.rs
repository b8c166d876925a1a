//! What `environments` needs, for what it is to do.

use super::{check, has_all, misses, told, without};
use crate::site::{Program, Site};

fn environments<const N: usize>(site: &Site, arguments: [&str; N]) -> Program {
    site.program(env!("CARGO_BIN_EXE_environments"))
        .without("BRANCH_DEPLOYS_APP")
        .args(arguments)
}

#[test]
fn who_looks_needs_the_viewers_rights_and_who_keeps_or_adopts_more() {
    let site = Site::new("check-view");
    let viewer = site.namespace.service_account(
        "environments-viewer",
        include_str!("../../examples/rbac-viewer.yaml"),
    );
    let as_viewer = |program: Program| program.env("BRANCH_DEPLOYS_KUBECONFIG", &viewer);
    has_all(as_viewer(environments(&site, [])).without("GITHUB_TOKEN"));
    let keep = as_viewer(environments(&site, ["keep", "new"]));
    misses(keep, "Cluster: leases", "may not update");
    let site = Site::new("check-adopt");
    has_all(environments(&site, ["keep", "new"]).without("GITHUB_TOKEN"));
    let ran = has_all(environments(&site, ["adopt", "new", "--app", "hey"]));
    told(&ran, "GitHub: repository", "there", "acme/hey");
    let unnamed = environments(&site, ["adopt", "new", "--check"]).run();
    unnamed.refuses(2, "which app? --app NAME");
    let blind = environments(&site, ["adopt", "new", "--app", "hey"]).without("GITHUB_TOKEN");
    misses(blind, "GitHub: token", "gh auth login");
}

#[test]
fn a_cluster_that_cannot_be_asked_at_all_is_told_beside_github() {
    let site = Site::new("check-nowhere");
    let adopt = environments(&site, ["adopt", "new", "--app", "hey"]);
    let ran = check(adopt.env("BRANCH_DEPLOYS_KUBECONFIG", "/nowhere")).ends_with(1);
    told(&ran, "Cluster", "missing", "/nowhere: No such file");
    told(&ran, "GitHub: repository", "there", "acme/hey");
}

#[test]
fn each_right_that_a_look_lacks_is_told() {
    for resources in ["leases", "secrets"] {
        let site = Site::with_rights("check-look", &without(resources));
        let line = format!("Cluster: {resources}");
        misses(environments(&site, ["list"]), &line, "may not get, list");
    }
}
