//! A cluster that refuses, does not answer, or is not the right one.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, test_kill_process_group};
use serde_json::{Value, json};
use testbed::{Cluster, github::DeploymentState, tools::Tool, wait_until};

use crate::{
    processes::Process,
    site::{HELMS, RIGHTS, Site, echo, held},
};

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

/// The site's kubeconfig, by a plugin that is this shell script in place of the token.
fn with_plugin(site: &Site, script: impl FnOnce(&str) -> String) -> PathBuf {
    let text = fs::read_to_string(&site.kubeconfig).expect("it is there");
    let mut config: Value = serde_json::from_str(&text).expect("the testbed writes JSON");
    let user = &mut config["users"][0]["user"];
    let token = user["token"]
        .as_str()
        .expect("its user has a token")
        .to_owned();
    *user = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
        "command": site.script("plugin", &script(&token)),
    }});
    let path = site.kubeconfig.with_extension("by-plugin");
    fs::write(&path, config.to_string()).expect("the run's folder can be written");
    path
}

#[test]
fn a_credential_plugin_tells_the_token() {
    let site = Site::new("plugin");
    let kubeconfig = with_plugin(&site, |token| {
        let told = json!({
            "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
            "status": {"token": token},
        });
        format!("#!/bin/sh\necho '{told}'\n")
    });
    let deployment = site.push("new");
    site.helm_apply(Tool::Helm4, deployment)
        .env("BRANCH_DEPLOYS_KUBECONFIG", kubeconfig)
        .release(&echo(json!({})))
        .run()
        .ends_with(0);
}

#[test]
fn a_credential_plugin_that_fails_is_one_clear_line_without_what_it_told() {
    let site = Site::new("plugin-fails");
    let script = |token: &str| format!("#!/bin/sh\necho {token}\necho log in first >&2\nexit 3\n");
    let kubeconfig = with_plugin(&site, script);
    let deployment = site.push("new");
    let ran = site
        .helm_apply(Tool::Helm3, deployment)
        .env("BRANCH_DEPLOYS_KUBECONFIG", &kubeconfig)
        .release(&echo(json!({})))
        .run()
        .refuses(
            2,
            "its credential plugin failed (exit status: 3): log in first",
        );
    let text = fs::read_to_string(&site.kubeconfig).unwrap();
    let config: Value = serde_json::from_str(&text).unwrap();
    let token = config["users"][0]["user"]["token"].as_str().unwrap();
    assert!(!ran.to_string().contains(token), "it tells the token");
}

#[test]
fn a_credential_plugin_that_hangs_is_ended_with_all_that_it_started() {
    let site = Site::new("plugin-hangs");
    let (began, never) = (site.script("began", ""), site.script("never", ""));
    let script = format!(
        "#!/bin/sh\n(echo $$ > {began}; sleep 600; echo > {never}) &\nwait\n",
        began = began.display(),
        never = never.display(),
    );
    let plugin = site.script("hangs", &script);
    let limited = site.program(env!("CARGO_BIN_EXE_helm-apply"));
    let limited = limited.args(["__credentials", "2000", plugin.to_str().unwrap()]);
    limited.run().ends_with(124).says("does not end within 2 s");
    let group = fs::read_to_string(began).expect("the plugin began");
    let group = Pid::from_raw(group.trim().parse().expect("a number")).expect("of a process");
    wait_until("all of it is gone", || {
        let gone = test_kill_process_group(group).is_err();
        gone.then_some(()).ok_or("something of it lives")
    });
}

/// A plugin that tells us the token, and hangs where Helm asks: once as part of what Helm started, once
/// in a session of its own, where nobody finds it.
#[test]
fn a_credential_plugin_that_hangs_under_helm_holds_no_cancelled_job_up() {
    for (helm, hangs) in HELMS
        .into_iter()
        .zip(["exec sleep 600", "exec setsid sleep 600"])
    {
        let site = Site::new("plugin-under-helm");
        let began = site.kubeconfig.with_extension("began");
        let kubeconfig = with_plugin(&site, |token| {
            let told = json!({
                "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                "status": {"token": token},
            });
            let began = began.display();
            format!(
                "#!/bin/sh\nif grep -aq __credentials /proc/$PPID/cmdline; then echo '{told}'; exit; fi\n\
                 echo $$ >{began}.new && mv {began}.new {began}\n{hangs}\n"
            )
        });
        let deployment = site.push("new");
        let running = site
            .helm_apply(helm, deployment)
            .env("BRANCH_DEPLOYS_KUBECONFIG", kubeconfig)
            .release(&echo(json!({})))
            .start();
        let plugin = wait_until("Helm to ask the plugin", || fs::read_to_string(&began));
        let plugin = Process::numbered(&plugin).expect("it hangs");
        running.signal(Signal::TERM);
        let begun = Instant::now();
        let ran = running.end();
        let is_free = site.is_free_or_gone("hey-new");
        let lives = plugin.lives();
        if lives {
            plugin.kill();
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{hangs}: {ran}");
        ran.ends_with(143);
        assert!(is_free, "{hangs}: the lock is held");
        // What left its group is left alone, and holds nothing up.
        assert_eq!(lives, hangs.contains("setsid"), "{hangs}");
    }
}
