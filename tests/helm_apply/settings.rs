//! Settings, and mistakes in them: named as they were written, before anything is touched.

use serde_json::json;
use testbed::tools::Tool;

use crate::site::{Program, Site, echo};

const PLUGIN: &str = "BRANCH_DEPLOYS_PLUGIN_CONFIGURATION";
const ACTION: &str = "BRANCH_DEPLOYS_ACTION_INPUTS";

#[test]
fn settings_from_the_plugin_and_the_action_do_what_flags_do() {
    let site = Site::new("settings");
    let settings = json!({
        "app": "hey", "namespace": site.namespace.name(), "repository": "acme/hey",
        "run": "helm-apply", "history-max": 2,
        "releases": [echo(json!({"given": "list"})), {"name": "side", "chart": echo(json!({}))["chart"]}],
    });
    let mut inputs = settings.clone();
    inputs["releases"] = json!(format!("- {}\n", echo(json!({"given": "text"}))));
    inputs["url"] = json!("");
    inputs.as_object_mut().unwrap().remove("run");
    for (helm, variable, settings, given) in [
        (Tool::Helm3, PLUGIN, settings, "list"),
        (Tool::Helm4, ACTION, inputs, "text"),
    ] {
        let deployment = site.push("new");
        let mut program = site
            .helm_apply(helm, deployment)
            .env(variable, settings.to_string());
        for name in ["APP", "NAMESPACE", "REPOSITORY"] {
            program = program.without(&format!("BRANCH_DEPLOYS_{name}"));
        }
        program.run().ends_with(0);
        assert_eq!(site.echoed("hey-new", "given"), given);
    }
}

#[test]
fn a_flag_wins_over_the_plugin_and_that_over_the_environment() {
    let site = Site::new("precedence");
    let deployment = site.push("new");
    site.helm_apply(Tool::Helm3, deployment)
        .env("BRANCH_DEPLOYS_RELEASES", "[/nowhere]")
        .env(
            PLUGIN,
            json!({"releases": [echo(json!({}))], "app": "nothing"}).to_string(),
        )
        .args(["--app", "hey"])
        .run()
        .ends_with(0);
}

#[test]
fn mistakes_are_named_as_they_were_written() {
    let site = Site::new("mistakes");
    let deployment = site.push("new");
    let good = || {
        site.helm_apply(Tool::Helm4, deployment)
            .release(&echo(json!({})))
    };
    let bare = || site.helm_apply(Tool::Helm4, deployment);
    let flag = |name: &str, value: &str| good().args([name, value]);
    let plugin = |settings: serde_json::Value| good().env(PLUGIN, settings.to_string());
    let action = |inputs: serde_json::Value| good().env(ACTION, inputs.to_string());
    let cases: Vec<(Program, &str)> = vec![
        (
            flag("--app", "Hey"),
            "--app is not `Hey`: an app's name is lower-case",
        ),
        (flag("--tier", "be ta"), "--tier is not `be ta`"),
        (
            flag("--url", "https://{slag}.x"),
            "--url is not `https://{slag}.x`: no placeholder `{slag}`",
        ),
        (
            flag("--url", "ftp://{slug}.x"),
            "--url: `ftp://new.x` is no http or https address",
        ),
        (
            flag("--url", "https://me:hush@{slug}.x"),
            "--url: it holds a user or password",
        ),
        (
            flag("--url", "https://{slug}.x/?a=b"),
            "--url: it ends with its path",
        ),
        (
            flag("--url", "https://{host}"),
            "--url: `{host}` is made from this text",
        ),
        (
            flag("--helm-timeout", "soon"),
            "--helm-timeout is not `soon`",
        ),
        (
            flag("--lock-duration", "1s"),
            "--lock-duration is not `1s`: it is whole seconds",
        ),
        (
            flag("--expect-status", "2xx"),
            "--expect-status is not `2xx`",
        ),
        (
            flag("--output", "xml"),
            "--output is one of text, json, not `xml`",
        ),
        (flag("--ur", "x"), "--ur is no option: did you mean --url?"),
        (flag("--repository", "hey"), "--repository is not `hey`"),
        (
            flag("--github-url", "ftp://github.example.com"),
            "--github-url is not `ftp://github.example.com`: it is an http or https address",
        ),
        (
            good().env(
                "BRANCH_DEPLOYS_GITHUB_URL",
                "https://me:hunter2@github.example.com",
            ),
            "BRANCH_DEPLOYS_GITHUB_URL is not `https://github.example.com`: it holds a user",
        ),
        (
            flag("--namespace", "Betas"),
            "--namespace is not `Betas`: a namespace is at most 63 of a-z",
        ),
        (
            action(json!({"namespace": "a.b"})),
            "the Action's input `namespace` is not `a.b`",
        ),
        (
            flag("--release", "{chart: a, vales: []}"),
            "unknown field `vales`",
        ),
        (
            flag("--release", "charts/app"),
            "--releases: 2 releases have no name",
        ),
        (
            flag("--release", "{name: r, chart: r, needs: [mail]}"),
            "`needs: [mail]` names no companion",
        ),
        (bare(), "--releases is missing"),
        (
            good().without("BRANCH_DEPLOYS_NAMESPACE"),
            "--namespace is missing",
        ),
        (good().without("BRANCH_DEPLOYS_APP"), "--app is missing"),
        (
            good().without("BRANCH_DEPLOYS_REPOSITORY"),
            "--repository is missing",
        ),
        (
            good().env("BRANCH_DEPLOYS_MAX_ENVIRONMENTS", "many"),
            "BRANCH_DEPLOYS_MAX_ENVIRONMENTS is not `many`",
        ),
        (
            good().env("BRANCH_DEPLOYS_MIGRATE", "si"),
            "BRANCH_DEPLOYS_MIGRATE",
        ),
        (
            plugin(json!({"helth-path": "x"})),
            "`helth-path` in the plugin's configuration is no option: did you mean `health-path`?",
        ),
        (
            plugin(json!({"health-path": ["/up"]})),
            "`health-path` in the plugin's configuration: it takes one value",
        ),
        (
            plugin(json!({"history-max": "few"})),
            "`history-max` in the plugin's configuration is not `few`",
        ),
        (
            plugin(json!({"url": "https://{host}"})),
            "`url` in the plugin's configuration: `{host}`",
        ),
        (
            good().env(PLUGIN, "[]"),
            "BRANCH_DEPLOYS_PLUGIN_CONFIGURATION holds no JSON object",
        ),
        (
            action(json!({"keep-for": "a while"})),
            "the Action's input `keep-for` is not `a while`",
        ),
        (
            action(json!({"url": "https://{host}"})),
            "the Action's input `url`: `{host}`",
        ),
        (
            bare().env(ACTION, json!({"releases": "- {name: r}"}).to_string()),
            "the Action's input `releases`: ",
        ),
        (
            good().env("BUILDKITE_GITHUB_DEPLOYMENT_ID", "x"),
            "BUILDKITE_GITHUB_DEPLOYMENT_ID",
        ),
    ];
    for (program, says) in cases {
        program.run().refuses(2, says);
    }
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
    assert!(site.states(deployment).is_empty());
}

#[test]
fn help_needs_nothing_and_names_each_options_variable() {
    let site = Site::new("help");
    let ran = site
        .helm_apply_alone(Tool::Helm3)
        .args(["--help"])
        .run()
        .ends_with(0);
    ran.says("[env: BRANCH_DEPLOYS_ADDRESS_TIMEOUT]");
    assert!(site.github.requests().is_empty());
}
