//! Jobs of the real agent with the plugin, from a Git repository of what is committed here.

use std::{fs, path::Path};

use serde_json::{Value, json};
use testbed::{
    buildkite::{Build, Buildkite, Step},
    github::GitHub,
};

use super::tree::{Tree, compiled, stand_in};
use crate::{
    push_to_link::{Team, ended},
    settings::PROGRAMS,
    site::{echo, held},
};

/// The build of a step with these plugins, whose agents know the mirror and a cache of their own.
fn build(tree: &Tree, step: Step, plugins: Value) -> (Buildkite, Build) {
    let buildkite = Buildkite::start(&GitHub::start());
    prepare(&buildkite, tree);
    let pipeline = buildkite.pipeline("hey").step(step.plugins(plugins));
    let build = pipeline.start_build("new", &"a".repeat(40));
    build.await_finished();
    (buildkite, build)
}

fn prepare(buildkite: &Buildkite, tree: &Tree) {
    buildkite.agent_env("BRANCH_DEPLOYS_MIRROR", &tree.mirror.url());
    let cache = tree.beside("cache").display().to_string();
    buildkite.agent_env("BRANCH_DEPLOYS_CACHE", &cache);
}

/// A step of which the plugin makes the command.
fn step() -> Step {
    Step::new("it").command("")
}

/// Fails with this status, and says it in a line of its own.
#[track_caller]
fn fails(build: &Build, status: i32, says: &str) {
    let logs = build.logs();
    assert_eq!(build.job("it").data().exit_status, Some(status), "{logs}");
    let mut lines = logs.lines().filter(|line| line.starts_with("error: "));
    let line = lines.next().unwrap_or_default();
    assert!(line.contains(says), "no error says `{says}`:\n{logs}");
    assert_eq!(lines.next(), None, "{logs}");
}

#[track_caller]
fn passes(build: &Build, says: &str) {
    ended(build, "passed", says);
}

fn name_of(program: &str) -> &str {
    let name = Path::new(program).file_name().expect("it is a file");
    name.to_str().expect("a name of ours")
}

#[test]
fn every_program_runs_as_it_is_committed_and_released() {
    let tree = Tree::new();
    for program in PROGRAMS {
        tree.release(name_of(program), &compiled(program));
    }
    let plugin = tree.commit();
    for program in PROGRAMS {
        let name = name_of(program);
        let (_buildkite, build) = build(
            &tree,
            step(),
            json!([{&plugin: {"run": name, "mistake": [1, {"x": "y"}]}}]),
        );
        fails(&build, 2, "`mistake` in the plugin's configuration");
        assert!(build.logs().contains(&format!("see {name} --help")));
    }
}

#[test]
fn installed_programs_are_on_the_path_of_the_steps_own_command() {
    let tree = Tree::new();
    tree.release("build-gate", &stand_in("build-gate"));
    tree.release("queue-deploy", &stand_in("queue-deploy"));
    let plugin = tree.commit();
    let step = Step::new("it")
        .command("build-gate && queue-deploy\necho \"$version $name $tree, ${prefix-none}\"")
        .env("version", "1.2")
        .env("name", "Ada")
        .env("tree", "fir");
    let plugins = json!([{&plugin: {"install": ["build-gate", "queue-deploy"]}}]);
    let (_buildkite, build) = build(&tree, step, plugins);
    passes(&build, "build-gate runs: \n");
    passes(&build, "queue-deploy runs: \n");
    // A hook is sourced, and its variables are the job's.
    passes(&build, "1.2 Ada fir, none");
}

#[test]
fn a_branchs_name_is_nothing_to_a_hook() {
    let tree = Tree::new();
    tree.release("helm-apply", b"#!/bin/sh\necho \"on $BUILDKITE_BRANCH\"\n");
    let plugin = tree.commit();
    let buildkite = Buildkite::start(&GitHub::start());
    prepare(&buildkite, &tree);
    let branch = "x\"$(echo${IFS}run)`echo run`;echo${IFS}run;#**bold**";
    let step = step().plugins(json!([{plugin: {"run": "helm-apply"}}]));
    let pipeline = buildkite.pipeline("hey").step(step);
    let build = pipeline.start_build(branch, &"a".repeat(40));
    build.await_finished();
    passes(&build, &format!("\non {branch}\n"));
    assert!(
        !build.logs().lines().any(|line| line == "run"),
        "{}",
        build.logs()
    );
}

#[test]
fn a_wrong_type_is_named_as_it_was_written() {
    let tree = Tree::new();
    tree.release("build-gate", &compiled(env!("CARGO_BIN_EXE_build-gate")));
    let plugin = tree.commit();
    for (key, value, says) in [
        (
            "timeout",
            json!(["30m"]),
            "`timeout` in the plugin's configuration: it takes one value",
        ),
        (
            "timeout",
            json!("soon"),
            "`timeout` in the plugin's configuration is not `soon`",
        ),
        (
            "image",
            json!({"tag": "x"}),
            "`image` in the plugin's configuration: it takes one value",
        ),
    ] {
        let configuration = json!({"run": "build-gate", key: value});
        let (_buildkite, build) = build(&tree, step(), json!([{&plugin: configuration}]));
        fails(&build, 2, says);
    }
}

#[test]
fn a_command_that_is_a_script_or_fails_does_so_beside_install() {
    let tree = Tree::of_helm_apply();
    let plugin = tree.commit();
    let step = Step::new("it").command("false\necho not reached");
    let (_buildkite, build) = build(&tree, step, json!([{&plugin: {"install": ["helm-apply"]}}]));
    assert_eq!(build.job("it").data().exit_status, Some(1));
    assert!(!build.logs().contains("\nnot reached"), "{}", build.logs());

    let run = |command: &str, evaluates: &str| {
        fs::write(tree.beside("script"), "echo it is a script\n").unwrap();
        let hook = tree.hook("command", r#"{"install":["helm-apply"]}"#);
        hook.env("BUILDKITE_COMMAND", command)
            .env("BUILDKITE_COMMAND_EVAL", evaluates)
            .run()
    };
    run("echo \"it is $((40 + 2))\"", "true")
        .ends_with(0)
        .says("it is 42");
    run("script", "true").ends_with(0).says("it is a script");
    run("script", "false").ends_with(0).says("it is a script");
    for command in ["echo it", "../script"] {
        run(command, "false").refuses(1, "this agent evaluates no commands");
    }
}

#[test]
fn a_step_with_a_command_and_run_is_refused_before_either() {
    let tree = Tree::of_helm_apply();
    let plugin = tree.commit();
    let step = Step::new("it").command("echo the command has run");
    let (_buildkite, build) = build(&tree, step, json!([{&plugin: {"run": "helm-apply"}}]));
    fails(
        &build,
        2,
        "the step has a command, whose place `run: helm-apply` would take",
    );
    assert!(!build.logs().contains("\nthe command has run"));
    assert_eq!(tree.mirror.asked(), [""; 0]);
}

#[test]
fn a_null_anywhere_in_the_configuration_is_explained() {
    let tree = Tree::of_helm_apply();
    let plugin = tree.commit();
    let releases = json!([{"chart": "charts/app", "values": [{"image": null}]}]);
    for configuration in [
        json!({"run": "helm-apply", "app": null}),
        json!({"run": "helm-apply", "releases": releases}),
    ] {
        let (_buildkite, build) = build(&tree, step(), json!([{&plugin: configuration}]));
        fails(
            &build,
            2,
            "one key without a value (null) makes it drop all of them",
        );
    }
    let (_buildkite, build) = build(&tree, step(), json!([plugin]));
    fails(&build, 2, "give `run` with the name of a program");
}

#[test]
fn what_other_plugins_are_told_is_not_read() {
    let tree = Tree::of_helm_apply();
    let plugin = tree.commit();
    let other = Tree::new();
    let export = "export BUILDKITE_PLUGIN_CONFIGURATION='{\"run\":\"deploy\"}' \
                  BUILDKITE_PLUGIN_NAME=OTHER BUILDKITE_PLUGIN_OTHER_RUN=deploy\n";
    fs::remove_file(other.path("hooks/command")).unwrap();
    fs::write(other.path("hooks/environment"), export).unwrap();
    let others = other.commit_as("other-buildkite-plugin");
    let plugins = json!([{&others: {"run": "deploy"}}, {&plugin: {"run": "helm-apply"}}]);
    let (_buildkite, build) = build(&tree, step(), plugins);
    passes(&build, "helm-apply runs: {\"run\":\"helm-apply\"}\n");

    let dropped = json!({"run": "helm-apply", "app": null});
    let plugins = json!([{&others: {"run": "deploy"}}, {&plugin: dropped}]);
    let (_buildkite, build) = self::build(&tree, step(), plugins);
    fails(
        &build,
        2,
        "one key without a value (null) makes it drop all of them",
    );
}

#[test]
fn a_deploy_build_with_the_plugin_lands_and_says_where() {
    let tree = Tree::new();
    tree.release("helm-apply", &compiled(env!("CARGO_BIN_EXE_helm-apply")));
    let release = echo(json!({"web": true}));
    let team = team(&tree, "plugin", &release);
    let (commit, deployment) = team.push();
    ended(
        &team.build_of(deployment),
        "passed",
        "Deploy success! App URL: http://new-plugin.example.test",
    );
    team.is_up_at(&commit);
}

#[test]
fn a_job_that_is_cancelled_reaches_the_program_and_helm() {
    let tree = Tree::new();
    tree.release("helm-apply", &compiled(env!("CARGO_BIN_EXE_helm-apply")));
    let team = team(&tree, "plugin-cancelled", &echo(held()));
    let (_, deployment) = team.push();
    team.site.wait_for_helm("hey-new");
    let build = team.deploy.await_build(|_| true);
    build.cancel();
    assert_eq!(build.await_finished(), "canceled", "{}", build.logs());
    let statuses = team.site.repository.deployment(deployment).statuses;
    let said = |words: &str| statuses.iter().any(|it| it.description.contains(words));
    assert!(
        said("branch-deploys: Cancelled by SIGTERM"),
        "{statuses:#?}"
    );
    assert!(team.site.is_free("hey-new"));
}

/// A team whose deploy build's step is the plugin, with its app's release among its keys.
fn team(tree: &Tree, hint: &str, release: &Value) -> Team {
    let configuration = json!({"run": "helm-apply", "app": "hey", "releases": [release]});
    let step = Step::new("deploy").command("");
    let step = step.plugins(json!([{tree.commit(): configuration}]));
    let team = Team::deploying_by(step, hint, &json!("/nowhere"));
    prepare(&team.buildkite, tree);
    team
}
