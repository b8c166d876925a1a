//! The GitHub Action, in workflows that act runs.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use testbed::{
    github::{DeploymentState, Permission, Permissions},
    tools::{self, Tool},
};

use crate::{
    plugin::tree::{Tree, compiled},
    site::{HELMS, Program, Ran, Site, echo},
};

/// The workflow that a team is shown.
const SWEEP: &str = include_str!("../examples/hey/.github/workflows/sweep-deleted.yml");

/// The programs as they were compiled, in place of a release.
fn programs() -> &'static Path {
    let program = Path::new(env!("CARGO_BIN_EXE_helm-apply"));
    program.parent().expect("it is in a folder")
}

/// What GitHub tells of a deleted branch or tag.
fn deleted(what: &str, name: &str) -> Value {
    json!({"ref": name, "ref_type": what, "repository": {"full_name": "acme/hey", "default_branch": "main"}})
}

/// A workflow on an event, with one step of the Action that has these inputs, and one that tells
/// what came of it.
fn workflow(event: &str, inputs: &Value) -> String {
    let echo = "echo \"told: $STATE, $URL, $ID, $REMOVED\"";
    let told = json!({
        "STATE": "${{ steps.it.outputs.state }}", "URL": "${{ steps.it.outputs.url }}",
        "ID": "${{ steps.it.outputs.deployment-id }}", "REMOVED": "${{ steps.it.outputs.removed }}",
    });
    let action = "acme/branch-deploys-buildkite-plugin@v0.1.0";
    let token = json!({"GITHUB_TOKEN": "${{ github.token }}"});
    let steps = json!([
        {"id": "it", "uses": action, "with": inputs, "env": token},
        {"if": "always()", "run": echo, "env": told},
    ]);
    // JSON is YAML.
    json!({"on": event, "jobs": {"it": {"runs-on": "self-hosted", "steps": steps}}}).to_string()
}

/// act, about to run a workflow for an event.
fn act(site: &Site, tree: &Tree, workflow: &str, name: &str, event: &Value) -> Program {
    let folder = tree.beside("work");
    fs::create_dir_all(folder.join(".github/workflows")).expect("our own folder");
    let init = Command::new("git")
        .args(["init", "--quiet"])
        .arg(&folder)
        .status();
    assert!(init.expect("git runs").success());
    fs::create_dir_all(tree.beside("home")).expect("our own folder");
    fs::write(folder.join(".github/workflows/it.yml"), workflow).expect("our own file");
    fs::write(tree.beside("event.json"), event.to_string()).expect("our own file");
    let local = tree.path("").display().to_string();
    let local = format!("acme/branch-deploys-buildkite-plugin@v0.1.0={local}");
    let mut command = Command::new(tools::get(Tool::Act).expect("the testbed has act"));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", tree.beside("home"))
        .env("GITHUB_TOKEN", &site.token)
        .arg(name)
        .args(["--no-cache-server", "-P", "self-hosted=-self-hosted"])
        .arg("--eventpath")
        .arg(tree.beside("event.json"))
        .args(["--secret", "GITHUB_TOKEN", "--local-repository", &local])
        .current_dir(folder);
    let helm = tools::get(HELMS[1]).expect("the testbed has both Helms");
    for (name, value) in [
        ("GITHUB_API_URL", site.github.url().to_owned()),
        ("GITHUB_REPOSITORY", "acme/hey".into()),
        (
            "BRANCH_DEPLOYS_KUBECONFIG",
            site.kubeconfig.display().to_string(),
        ),
        ("BRANCH_DEPLOYS_HELM", helm.display().to_string()),
        ("BRANCH_DEPLOYS_LOCK_DURATION", "3s".into()),
        ("BRANCH_DEPLOYS_MIRROR", tree.mirror.url()),
        (
            "BRANCH_DEPLOYS_CACHE",
            tree.beside("cache").display().to_string(),
        ),
    ] {
        command.args(["--env", &format!("{name}={value}")]);
    }
    Program(command)
}

/// Runs the Action with these inputs, by the compiled programs.
fn run(site: &Site, name: &str, event: &Value, mut inputs: Value) -> Ran {
    inputs["app"] = json!("hey");
    inputs["namespace"] = json!(site.namespace.name());
    inputs["programs"] = json!(programs());
    act(site, &Tree::new(), &workflow(name, &inputs), name, event).run()
}

fn sweep(site: &Site, event: &Value) -> Ran {
    run(site, "delete", event, json!({"run": "sweep-deleted"}))
}

#[test]
fn the_workflow_on_delete_removes_the_environment() {
    let site = Site::new("workflow");
    let deployment = site.push("feature/x");
    site.helm_apply(HELMS[1], deployment)
        .release(&echo(json!({})))
        .run()
        .ends_with(0);
    let event = site.repository.delete_branch("feature/x");
    let tree = Tree::new();
    let program = env!("CARGO_BIN_EXE_sweep-deleted");
    tree.release("sweep-deleted", &compiled(program));
    let workflow = SWEEP.replace(
        "namespace: betas",
        &format!("namespace: {}", site.namespace.name()),
    );
    let ran = act(&site, &tree, &workflow, "delete", &event).run();
    ran.ends_with(0).says(" is gone, ");
    assert_eq!(site.namespace.objects("Lease"), [""; 0]);
    assert_eq!(site.namespace.objects("Secret"), [""; 0]);
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Inactive)
    );
}

#[test]
fn a_tag_or_an_undeployed_branch_that_is_deleted_is_nothing_to_do() {
    let site = Site::new("workflow-tag");
    site.repository.push("main");
    let tag = sweep(&site, &deleted("tag", "v1"));
    tag.ends_with(0).says("told: nothing, , , []");
    let hostile = "zzz\";echo${IFS}\"told:_owned\";#`id`::error::x";
    let branch = sweep(&site, &deleted("branch", hostile));
    let branch = branch.ends_with(0).says("told: nothing, , , []");
    assert!(!branch.to_string().contains("| told:_owned"), "{branch}");
}

#[test]
fn the_default_branch_and_missing_rights_are_errors_on_the_runs_page() {
    let mut site = Site::new("workflow-refused");
    site.repository.push("main");
    let main = sweep(&site, &deleted("branch", "main"));
    let says = "::error title=branch-deploys::main is the default branch";
    main.ends_with(1).says(says).says("told: refused, ");
    let few = Permissions::named("few").read(Permission::Metadata);
    site.token = site.github.token(few);
    let blind = sweep(&site, &deleted("branch", "new"));
    blind
        .ends_with(1)
        .says("::error title=branch-deploys::")
        .says("told: failed, ");
}

#[test]
fn a_run_that_is_cancelled_reaches_the_program() {
    let tree = Tree::new();
    tree.release("sweep-deleted", b"#!/bin/sh\necho $$\nexec sleep 60\n");
    let mut action = Command::new(tree.path("lib/action.sh"));
    action
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("BRANCH_DEPLOYS_ACTION_RUN", "sweep-deleted")
        .env("BRANCH_DEPLOYS_ACTION_MIRROR", tree.mirror.url())
        .env("BRANCH_DEPLOYS_ACTION_CACHE", tree.beside("cache"))
        .stdout(Stdio::piped());
    let mut child = action.spawn().expect("it starts");
    let mut line = String::new();
    let said = child.stdout.take().expect("it is piped");
    BufReader::new(said)
        .read_line(&mut line)
        .expect("it can be read");
    // GitHub's runner signals the process that it started, and no other.
    assert_eq!(line.trim(), child.id().to_string());
    child.kill().expect("it still runs");
    child.wait().expect("it is ours");
}

#[test]
fn a_program_that_cannot_be_fetched_is_an_error_and_a_state() {
    let tree = Tree::new();
    let output = tree.beside("output");
    for (run, status, says) in [
        ("sweep-deleted", 2, "this tree holds no SHA-256 of"),
        ("sweep-deletd", 2, "`sweep-deletd` is no program"),
    ] {
        fs::write(&output, "").expect("our own file");
        let mut action = Command::new(tree.path("lib/action.sh"));
        action
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", &output)
            .env("BRANCH_DEPLOYS_ACTION_RUN", run)
            .env("BRANCH_DEPLOYS_ACTION_CACHE", tree.beside("cache"));
        let says = format!("::error title=branch-deploys::{says}");
        Program(action).run().ends_with(status).says(&says);
        assert_eq!(fs::read_to_string(&output).unwrap(), "state=failed\n");
    }
}

#[test]
fn a_deployment_lands_and_later_steps_learn_where() {
    let site = Site::new("workflow-lands");
    let older = site.push("new");
    let newer = site.push("new");
    let inputs = json!({
        "run": "helm-apply", "releases": format!("- {}\n", echo(json!({}))),
    });
    let event = |id: u64| json!({"deployment": {"id": id}});
    let landed = run(&site, "deployment", &event(newer), inputs.clone());
    landed
        .ends_with(0)
        .says(&format!("told: success, , {newer}, "));
    // Overtaken is no failure of the run.
    let superseded = run(&site, "deployment", &event(older), inputs);
    superseded
        .ends_with(0)
        .says(&format!("told: superseded, , {older}, "));
}

#[test]
fn a_push_a_schedule_and_somebody_by_hand_start_it_too() {
    let site = Site::new("workflow-events");
    site.push("new");
    let commit = site.repository.head("new");
    let inputs = json!({"run": "queue-deploy", "app": "hey", "branch": "new", "commit": commit,
        "programs": programs()});
    let pushed = json!({"ref": "refs/heads/new", "after": commit, "deleted": false});
    let queueing = workflow("push", &inputs);
    let queued = act(&site, &Tree::new(), &queueing, "push", &pushed).run();
    queued.ends_with(0).says("told: joined, ");
    let inputs = json!({"run": "sweep-stale", "only": "orphans"});
    for event in ["schedule", "workflow_dispatch"] {
        let swept = run(&site, event, &json!({}), inputs.clone());
        swept.ends_with(0).says("told: nothing, ");
    }
}

#[test]
fn a_mistake_in_the_inputs_is_an_error_on_the_runs_page() {
    let site = Site::new("workflow-mistakes");
    let event = deleted("branch", "new");
    for (inputs, says) in [
        (
            json!({"run": "sweep-deletd"}),
            "::error title=branch-deploys::`sweep-deletd` is no program",
        ),
        (
            json!({"run": "sweep-deleted", "lock-duration": "soon"}),
            "::error title=branch-deploys::the Action's input `lock-duration` is not `soon`",
        ),
        (
            json!({"run": "sweep-deleted", "releases": "x"}),
            "::error title=branch-deploys::the Action's input `releases` is no option",
        ),
    ] {
        let ran = run(&site, "delete", &event, inputs);
        ran.ends_with(1).says(says).says("told: failed, ");
    }
}
