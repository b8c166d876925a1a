//! A cluster that refuses, does not answer, or is not the right one.

use std::fs;

use serde_json::json;
use testbed::{Cluster, github::DeploymentState, tools::Tool};

use crate::site::{RIGHTS, Site, echo, held};

/// The rights without those to one kind.
fn without(resource: &str) -> String {
    let rights = RIGHTS.replace(&format!("resources: [{resource}]"), "resources: [nothing]");
    assert_ne!(rights, RIGHTS, "{resource} is a rule of its own");
    rights
}

#[test]
fn missing_rights_are_one_clear_line() {
    for (resource, says) in [
        ("leases", "leases.coordination.k8s.io"),
        ("secrets", "secrets is forbidden"),
    ] {
        let site = Site::with_rights("no-rights", &without(resource));
        let deployment = site.push("new");
        site.helm_apply(Tool::Helm3, deployment)
            .release(&echo(json!({})))
            .run()
            .ends_with(1)
            .says(says)
            .says("examples/rbac.yaml lists the rights that are needed");
        assert_eq!(site.namespace.inventory(), Vec::<String>::new());
    }
}

#[test]
fn rights_that_helm_lacks_fail_the_deploy() {
    let site = Site::with_rights("no-configmaps", &without("configmaps, services"));
    let deployment = site.push("new");
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .run()
        .ends_with(1)
        .says("configmaps \"hey-new\" is forbidden");
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Failure)
    );
    assert!(site.is_free("hey-new"));
}

#[test]
fn a_cluster_that_does_not_answer_is_one_clear_line() {
    let site = Site::new("no-cluster");
    let deployment = site.push("new");
    let text = fs::read_to_string(&site.kubeconfig).unwrap();
    let server = text
        .split_whitespace()
        .find(|word| word.contains("https://"))
        .unwrap();
    let closed = site.kubeconfig.with_extension("closed");
    fs::write(&closed, text.replace(server, "\"https://127.0.0.1:1\"")).unwrap();
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .env("BRANCH_DEPLOYS_KUBECONFIG", closed)
        .run()
        .refuses(1, "the cluster does not answer");
    assert!(site.states(deployment).is_empty());
}

#[test]
fn a_cluster_that_takes_our_token_no_more_is_one_clear_line() {
    let site = Site::new("stranger");
    let deployment = site.push("new");
    let text = fs::read_to_string(&site.kubeconfig).unwrap();
    let token = text.split_whitespace().map(|word| word.trim_matches('"'));
    let token = token.max_by_key(|word| {
        if word.starts_with("eyJ") {
            word.len()
        } else {
            0
        }
    });
    let expired = site.kubeconfig.with_extension("expired");
    fs::write(&expired, text.replace(token.unwrap(), "expired")).unwrap();
    site.helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({})))
        .env("BRANCH_DEPLOYS_KUBECONFIG", expired)
        .run()
        .refuses(1, "the cluster does not know who we are (401)");
    assert!(site.states(deployment).is_empty());
}

#[test]
fn a_cluster_that_is_not_told_right_is_refused() {
    let site = Site::new("which-cluster");
    let deployment = site.push("new");
    let program = || {
        site.helm_apply(Tool::Helm3, deployment)
            .release(&echo(json!({})))
    };
    program()
        .args(["--kube-context", "production"])
        .run()
        .refuses(
            2,
            "--kube-context: the kubeconfig has no context `production`",
        );
    let plugin = json!({"kube-context": "production"}).to_string();
    program()
        .env("BRANCH_DEPLOYS_PLUGIN_CONFIGURATION", plugin)
        .run()
        .refuses(2, "`kube-context` in the plugin's configuration: ");
    program()
        .args(["--kubeconfig", "/nowhere/config"])
        .run()
        .refuses(2, "--kubeconfig: ");
    program()
        .env("BRANCH_DEPLOYS_KUBECONFIG", "/nowhere/config")
        .run()
        .refuses(2, "BRANCH_DEPLOYS_KUBECONFIG: ");
    let broken = site.script("broken", "clusters: [");
    program()
        .without("BRANCH_DEPLOYS_KUBECONFIG")
        .env("KUBECONFIG", broken)
        .run()
        .refuses(2, ": KUBECONFIG: ");
    program()
        .without("BRANCH_DEPLOYS_KUBECONFIG")
        .env("KUBECONFIG", "/nowhere/config")
        .run()
        .refuses(2, "KUBECONFIG is /nowhere/config, which is not there");
    program()
        .without("BRANCH_DEPLOYS_KUBECONFIG")
        .run()
        .refuses(2, "no kubeconfig, and this is no pod: give --kubeconfig");
    program()
        .without("BRANCH_DEPLOYS_KUBECONFIG")
        .args(["--kube-context", "production"])
        .run()
        .refuses(
            2,
            "--kube-context: there is no kubeconfig to find the context `production` in",
        );
    program()
        .env("BRANCH_DEPLOYS_KUBECONFIG", Cluster::shared().kubeconfig())
        .env("BRANCH_DEPLOYS_NAMESPACE", "nowhere")
        .run()
        .refuses(1, "namespaces \"nowhere\" not found");
    assert!(site.states(deployment).is_empty());
}

#[test]
fn a_namespace_deleted_in_mid_deploy_fails_it() {
    let site = Site::new("namespace-gone");
    let deployment = site.push("new");
    let running = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&echo(held()))
        .start();
    site.wait_for_helm("hey-new");
    site.namespace.delete_all();
    running.end().ends_with(1);
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Failure)
    );
}
