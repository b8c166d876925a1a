//! The charts on a real API server, under the rights of `examples/rbac.yaml`.

use std::{fs, path::Path};

use serde_json::json;
use testbed::{
    Cluster, Namespace,
    tools::{self, Tool},
    wait_until,
};

use super::{HELMS, branch, run, succeeds};

/// In the order in which they go up: the app needs the other two.
const RELEASES: [(&str, &str, &[&str]); 3] = [
    ("hey-new-inbox--redis", "redis", &[]),
    ("hey-new-inbox--mail", "mail", &[]),
    ("hey-new-inbox", "app", &["config/beta.yaml"]),
];

#[test]
fn a_branch_goes_up_migrated_and_leaves_only_its_migration() {
    for helm in HELMS {
        let namespace = Cluster::shared().namespace("hey");
        let rights = fs::read_to_string(super::app().join("../rbac.yaml")).unwrap();
        let kubeconfig = namespace.service_account("branch-deploys", &rights);

        go_up(helm, &kubeconfig, "4f2a91c");
        assert_eq!(migrated_commit(&namespace), "4f2a91c");
        go_up(helm, &kubeconfig, "8d1a2b3");
        assert_eq!(migrated_commit(&namespace), "8d1a2b3");
        let claims = namespace.objects("PersistentVolumeClaim");
        assert_eq!(claims, ["data-hey-new-inbox--redis-0"]);

        go_down(helm, &kubeconfig);
        wait_until("all but the migration to be gone", || {
            let mut left = namespace.inventory();
            left.retain(|object| !object.contains("/hey-new-inbox-migrate"));
            if left.is_empty() {
                Ok(())
            } else {
                Err(left.join(", "))
            }
        });
    }
}

fn go_up(helm: Tool, kubeconfig: &Path, commit: &str) {
    let mut values = branch("new-inbox");
    values["global"]["branchDeploy"]["commit"] = json!(commit);
    for (release, chart, config) in RELEASES {
        let upgrade = ["upgrade", "--install", "--wait", release];
        let helm = tools::helm(helm, kubeconfig).unwrap();
        succeeds(run(helm, &upgrade, chart, config, &values));
    }
}

fn go_down(helm: Tool, kubeconfig: &Path) {
    // Helm 4's default may return early.
    let wait = if helm == Tool::Helm4 {
        "--wait=legacy"
    } else {
        "--wait"
    };
    for (release, ..) in RELEASES.iter().rev() {
        let output = tools::helm(helm, kubeconfig)
            .unwrap()
            .args(["uninstall", release, wait, "--cascade", "foreground"])
            .output();
        succeeds(output.unwrap());
    }
}

fn migrated_commit(namespace: &Namespace) -> String {
    let job = namespace.get("Job", "hey-new-inbox-migrate");
    assert_eq!(job["status"]["succeeded"], 1, "{}", job["status"]);
    let variables = &job["spec"]["template"]["spec"]["containers"][0]["env"];
    let commit = variables
        .as_array()
        .unwrap()
        .iter()
        .find(|variable| variable["name"] == "COMMIT");
    commit.unwrap()["value"].as_str().unwrap().to_owned()
}
