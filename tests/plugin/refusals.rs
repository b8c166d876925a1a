//! Configurations that cannot work: told before anything else of the job, in one line.

use std::{fs, process::Command};

use super::tree::{Tree, stand_in};
use crate::site::Program;

/// The hook that looks at the configuration first.
fn refused(command: &str, configuration: &str, says: &str) {
    let tree = Tree::of_helm_apply();
    let hook = tree.hook("environment", configuration);
    let ran = hook.env("BUILDKITE_COMMAND", command).run();
    ran.refuses(2, says);
    assert_eq!(tree.mirror.asked(), [""; 0]);
}

#[test]
fn a_configuration_that_cannot_work_is_refused_before_anything_is_fetched() {
    for (command, configuration, says) in [
        ("make", r#"{"run":"helm-apply"}"#, "the step has a command"),
        (
            "",
            r#"{"run":"helm-aply"}"#,
            "`helm-aply` is no program of branch-deploys: there are build-gate, ",
        ),
        (
            "",
            r#"{"run":"../../bin/sh"}"#,
            "is no program of branch-deploys",
        ),
        (
            "",
            r#"{"run":"build-gate queue-deploy"}"#,
            "is no program of branch-deploys",
        ),
        (
            "",
            r#"{"run":"x\n::error::y"}"#,
            "`x ::error::y` is no program",
        ),
        (
            "",
            r#"{"run":["helm-apply"]}"#,
            "`run` in the plugin's configuration: it takes one value, not a list or a map",
        ),
        (
            "",
            r#"{"run":"helm-apply","mirror":["http://127.0.0.1:1"]}"#,
            "`mirror` in the plugin's configuration: it takes one value, not a list or a map",
        ),
        (
            "",
            r#"{"run":"helm-apply","cache":{"path":"/tmp"}}"#,
            "`cache` in the plugin's configuration: it takes one value",
        ),
        (
            "make",
            r#"{"install":["helm-apply"],"programs":["/usr/bin"]}"#,
            "`programs` in the plugin's configuration: it takes one value",
        ),
        (
            "make",
            r#"{"install":["helm-apply","","deploy"]}"#,
            "`install` in the plugin's configuration: it takes a list of names",
        ),
        (
            "make",
            r#"{"install":["helm-apply",{"deploy":"1.0"}]}"#,
            "`install` in the plugin's configuration: it takes a list of names",
        ),
        (
            "",
            r#"{"app":"hey"}"#,
            "give `run` with the name of a program",
        ),
        ("make", "{}", "give `run` with the name of a program"),
        (
            "make",
            r#"{"run":"helm-apply","install":["deploy"]}"#,
            "`run` or `install`, not both",
        ),
        (
            "make",
            r#"{"install":["helm-apply"],"app":"hey"}"#,
            "`install` takes no options: give them as the step's env, as in BRANCH_DEPLOYS_APP",
        ),
        ("make", r#"{"install":"rm"}"#, "`rm` is no program"),
        (
            "make",
            r#"{"install":["helm-apply","rm"]}"#,
            "`rm` is no program",
        ),
        (
            "",
            r#"{"install":["helm-apply"]}"#,
            "the step has no command",
        ),
    ] {
        refused(command, configuration, says);
    }
}

#[test]
fn a_configuration_that_the_agent_dropped_is_explained() {
    let tree = Tree::of_helm_apply();
    for hook in ["environment", "command"] {
        let ran = tree
            .hook(hook, "{}")
            .without("BUILDKITE_PLUGIN_CONFIGURATION")
            .without("BUILDKITE_PLUGIN_NAME")
            .run();
        ran.refuses(
            2,
            "one key without a value (null) makes it drop all of them",
        );
    }
}

#[test]
fn a_configuration_that_was_dropped_beside_another_plugins_is_explained() {
    let tree = Tree::of_helm_apply();
    let says = "one key without a value (null) makes it drop all of them";
    for hook in ["environment", "command"] {
        // What another plugin exported of its own.
        let dropped = || {
            tree.hook(hook, "{}")
                .env("BUILDKITE_PLUGIN_CONFIGURATION", r#"{"run":"deploy"}"#)
                .env("BUILDKITE_PLUGIN_OTHER_RUN", "deploy")
        };
        let named = dropped().env("BUILDKITE_PLUGIN_NAME", "OTHER");
        named.run().refuses(2, says);
    }
    let unnamed = tree.hook("environment", "{}");
    let unnamed = unnamed.without("BUILDKITE_PLUGIN_NAME").run();
    unnamed.refuses(2, says);
}

#[test]
fn an_agent_that_says_no_name_and_a_repository_with_another_are_served() {
    let tree = Tree::of_helm_apply();
    let runs = |program: Program| program.run().ends_with(0).says("helm-apply runs");
    runs(tree.run().without("BUILDKITE_PLUGIN_NAME"));
    let renamed = |folder: &str, name: &str| {
        let at = tree.beside(folder);
        fs::rename(tree.path(""), &at).unwrap();
        let command = Command::new(at.join("hooks/command"));
        let hook = tree.started(command, "{}");
        let run = format!("BUILDKITE_PLUGIN_{name}_RUN");
        runs(
            hook.env("BUILDKITE_PLUGIN_NAME", name)
                .env(&run, "helm-apply"),
        );
        fs::rename(&at, tree.path("")).unwrap();
    };
    renamed(
        "github-com-acme-my-branch-deploys-buildkite-plugin-v1-0-0",
        "MY_BRANCH_DEPLOYS",
    );
    renamed("deploys-buildkite-plugin", "DEPLOYS");
    renamed("gitlab-example-com-deploys-git-v1", "DEPLOYS");
    renamed("plugin", "BRANCH_DEPLOYS");
}

#[test]
fn the_keys_of_fetching_win_over_the_machines_variables() {
    let tree = Tree::of_helm_apply();
    let configuration = format!(
        r#"{{"run":"helm-apply","mirror":"{}","cache":"{}"}}"#,
        tree.mirror.url(),
        tree.beside("other").display()
    );
    let ran = tree
        .hook("command", &configuration)
        .env("BRANCH_DEPLOYS_MIRROR", "http://127.0.0.1:1")
        .run();
    ran.ends_with(0).says("helm-apply runs");
    assert!(tree.beside("other").exists() && !tree.beside("cache").exists());
}

#[test]
fn only_the_program_that_runs_is_fetched() {
    let tree = Tree::of_helm_apply();
    tree.release("deploy", &stand_in("deploy"));
    tree.run().run().ends_with(0);
    assert_eq!(tree.mirror.asked().len(), 1);
    assert!(!tree.cached("deploy").exists());
}
