//! What the programs say of their options: the help, and the line that a mistake gets.

use std::process::{Command, Output};

pub const HELM_APPLY: &str = env!("CARGO_BIN_EXE_helm-apply");
pub const BUILD_GATE: &str = env!("CARGO_BIN_EXE_build-gate");
pub const QUEUE_DEPLOY: &str = env!("CARGO_BIN_EXE_queue-deploy");
pub const DEPLOY: &str = env!("CARGO_BIN_EXE_deploy");
pub const ENVIRONMENTS: &str = env!("CARGO_BIN_EXE_environments");
pub const SWEEP_DELETED: &str = env!("CARGO_BIN_EXE_sweep-deleted");
pub const SWEEP_STALE: &str = env!("CARGO_BIN_EXE_sweep-stale");

/// All of them, in the order of the README's tables.
pub const PROGRAMS: [&str; 7] = [
    BUILD_GATE,
    QUEUE_DEPLOY,
    HELM_APPLY,
    SWEEP_DELETED,
    SWEEP_STALE,
    DEPLOY,
    ENVIRONMENTS,
];

/// The `--help` of a program, as wide as in a pipe.
pub fn help(program: &str) -> String {
    let output = run(program, &["--help"], &[]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_help_of_build_gate_is_short_and_exact() {
    insta::assert_snapshot!(help(BUILD_GATE));
}

#[test]
fn the_help_of_queue_deploy_is_short_and_exact() {
    insta::assert_snapshot!(help(QUEUE_DEPLOY));
}

#[test]
fn the_help_of_environments_is_short_and_exact() {
    insta::assert_snapshot!(help(ENVIRONMENTS));
}

#[test]
fn the_help_of_deploy_is_short_and_exact() {
    insta::assert_snapshot!(help(DEPLOY));
}

#[test]
fn the_help_of_helm_apply_is_short_and_exact() {
    insta::assert_snapshot!(help(HELM_APPLY));
}

#[test]
fn the_help_of_sweep_deleted_is_short_and_exact() {
    insta::assert_snapshot!(help(SWEEP_DELETED));
}

#[test]
fn the_help_of_sweep_stale_is_short_and_exact() {
    insta::assert_snapshot!(help(SWEEP_STALE));
}

#[test]
fn each_program_completes_its_own_options() {
    for program in PROGRAMS {
        let options = help(program);
        let options = options.split_whitespace();
        let options = options.filter(|word| word.starts_with("--") && word.len() > 2);
        for shell in ["bash", "zsh", "fish"] {
            // What is missing or wrong in the environment does not matter.
            let wrong = [
                ("BRANCH_DEPLOYS_NAMESPACE", "No Name"),
                ("BRANCH_DEPLOYS_COMPLETIONS", "none"),
            ];
            let script = run(program, &["--completions", shell], &wrong);
            assert!(script.status.success(), "{script:?}");
            let script = String::from_utf8(script.stdout).unwrap();
            for option in options.clone() {
                let name: String = option[2..]
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                    .collect();
                assert!(script.contains(&name), "{program} {shell}: {option}");
            }
        }
    }
}

#[test]
fn a_mistake_gets_one_line_that_names_the_option_as_it_was_written() {
    let plugin = (
        "BRANCH_DEPLOYS_PLUGIN_CONFIGURATION",
        r#"{"namespce": "betas"}"#,
    );
    let action = (
        "BRANCH_DEPLOYS_ACTION_INPUTS",
        r#"{"helm-timeout": "soon"}"#,
    );
    let lock = ("BRANCH_DEPLOYS_LOCK_DURATION", "1s");
    for (program, arguments, variables, says) in [
        (
            HELM_APPLY,
            &["--app", "hey"][..],
            &[][..],
            "--releases, --namespace is missing",
        ),
        (HELM_APPLY, &["--app", "Hey"], &[], "--app is not `Hey`"),
        (
            SWEEP_DELETED,
            &["--relase", "x"],
            &[],
            "--relase is no option",
        ),
        (SWEEP_DELETED, &[], &[plugin], "did you mean `namespace`?"),
        (
            SWEEP_DELETED,
            &[],
            &[action],
            "the Action's input `helm-timeout` is not `soon`",
        ),
        (
            SWEEP_DELETED,
            &[],
            &[lock],
            "BRANCH_DEPLOYS_LOCK_DURATION is not `1s`",
        ),
    ] {
        let output = run(program, arguments, variables);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

/// Runs a program with nothing of the environment that the test runs in.
fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied());
    command.output().unwrap()
}
