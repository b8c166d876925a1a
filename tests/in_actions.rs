//! What the programs are in a job of GitHub Actions: their lines, outputs, summary and status.

use std::fs;

use serde_json::json;
use testbed::tools::Tool::{Helm3, Helm4};

use crate::{
    queue_deploy::forge::Forge,
    site::{Program, Site, echo},
};

/// The program as our Action starts it.
fn in_action(program: Program) -> Program {
    program
        .env("GITHUB_ACTIONS", "true")
        .env("BRANCH_DEPLOYS_ACTION_INPUTS", "{}")
}

/// The value of an output, by the file that the runner reads.
fn output(text: &str, name: &str) -> Option<String> {
    let begins = format!("{name}<<");
    let mut lines = text.lines().skip_while(|line| !line.starts_with(&begins));
    lines.nth(1).map(str::to_owned)
}

#[test]
fn a_sweep_hands_on_what_it_removed_and_shows_it() {
    let site = Site::new("actions-sweep");
    let deployment = site.push("new");
    let deploy = site.helm_apply(Helm3, deployment);
    deploy.release(&echo(json!({}))).run().ends_with(0);
    site.repository.delete_branch("new");
    let folder = site.kubeconfig.parent().expect("it is in a folder");
    let [outputs, summary] = ["output", "summary"].map(|name| {
        let path = folder.join(format!("{}-{name}", site.namespace.name()));
        fs::write(&path, "# Before\n").expect("it can be written");
        path
    });
    let ran = in_action(site.sweep_deleted(Helm3, "new"))
        .env("GITHUB_OUTPUT", &outputs)
        .env("GITHUB_STEP_SUMMARY", &summary)
        .run()
        .ends_with(0);
    let lines = ran.to_string();
    assert!(lines.contains("::group::Sweeping hey-new"), "{lines}");
    assert!(lines.contains("::endgroup::\nhey-new is gone"), "{lines}");
    let text = fs::read_to_string(outputs).expect("it is there");
    assert_eq!(output(&text, "state").as_deref(), Some("removed"));
    assert_eq!(output(&text, "removed").as_deref(), Some(r#"["hey-new"]"#));
    let shown = fs::read_to_string(summary).expect("it is there");
    assert!(shown.starts_with("# Before\n"), "{shown}");
    assert!(shown.contains("hey-new is gone"), "{shown}");
}

/// A group is folded away once its step is over.
#[test]
fn what_failed_is_not_folded_away_in_the_log_of_a_step() {
    let site = Site::new("actions-failed");
    let crashes = json!({"testbed/fail": "true", "testbed/restart-after": "100ms"});
    let ran = in_action(site.helm_apply(Helm4, site.push("new")))
        .without("BRANCH_DEPLOYS_LOCK_DURATION")
        .release(&echo(json!({"web": true, "podAnnotations": crashes})))
        .run();
    let lines = ran.to_string();
    assert!(
        lines.contains("::endgroup::\n[✘] hey-new: container web"),
        "{lines}"
    );
    assert_eq!(lines.matches("::endgroup::").count(), 1, "{lines}");
    let told = "::error title=branch-deploys::Deploy failed: hey-new: container web";
    assert!(lines.contains(told), "{lines}");
    ran.ends_with(1);
}

#[test]
fn an_error_is_shown_on_the_page_of_the_run() {
    let site = Site::new("actions-error");
    let outputs = site.kubeconfig.with_extension("output");
    let ran = in_action(site.sweep_deleted(Helm4, "main"))
        .env("GITHUB_OUTPUT", &outputs)
        .run();
    let lines = ran.to_string();
    let begins = "::error title=branch-deploys::main is the default branch";
    assert!(lines.contains(begins), "{lines}");
    ran.ends_with(5);
    let text = fs::read_to_string(outputs).expect("it is there");
    assert_eq!(output(&text, "state").as_deref(), Some("refused"));
}

#[test]
fn what_a_newer_one_takes_over_is_no_failure_of_a_workflow() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    forge.repository.push("new");
    let output_file = forge.path("output");
    let queue = || forge.in_a_build("new", &commit);
    queue().run().ends_with(3);
    in_action(queue())
        .env("GITHUB_OUTPUT", &output_file)
        .run()
        .ends_with(0);
    let text = fs::read_to_string(output_file).expect("it is there");
    assert_eq!(output(&text, "state").as_deref(), Some("superseded"));
}
