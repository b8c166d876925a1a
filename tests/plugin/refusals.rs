//! Configurations that cannot work: told before anything else of the job, in one line.

use super::tree::{Tree, stand_in};

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
            "give `run` with the name of a program",
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
