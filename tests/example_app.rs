//! The example app's charts are what a team would have: both Helms take them, for every tier.

mod on_a_cluster;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use testbed::tools::{self, Tool};

const HELMS: [Tool; 2] = [Tool::Helm3, Tool::Helm4];
const TIERS: [&str; 3] = ["production", "staging", "beta"];
const CHARTS: [&str; 3] = ["app", "redis", "mail"];

#[test]
fn charts_lint_clean() {
    for helm in HELMS {
        for chart in CHARTS {
            succeeds(lint(helm, chart, &[], &json!({})));
        }
        for tier in TIERS {
            let config = format!("config/{tier}.yaml");
            succeeds(lint(helm, "app", &[&config], &json!({})));
            succeeds(lint(helm, "app", &[&config], &branch("new-inbox")));
        }
        succeeds(lint(
            helm,
            "mail",
            &["config/mail/production.yaml"],
            &json!({}),
        ));
    }
}

#[test]
fn charts_refuse_a_value_they_do_not_know() {
    for helm in HELMS {
        for chart in CHARTS {
            let output = lint(helm, chart, &[], &json!({"replicsa": 2}));
            let said = text(&output);
            assert!(!output.status.success(), "{helm:?} takes it: {said}");
            assert!(said.contains("'replicsa' not allowed"), "{said}");
        }
    }
}

#[test]
fn every_tier_renders_without_a_branch() {
    let hosts = [
        (
            "production",
            vec!["app.example.com", "hey.internal.example.com"],
        ),
        (
            "staging",
            vec!["staging.example.com", "hey-staging.internal.example.com"],
        ),
        // Only a branch has a host there, and an Ingress without one would take every request.
        ("beta", vec![]),
    ];
    for helm in HELMS {
        for (tier, expected) in &hosts {
            let objects = render(helm, "hey", "app", tier, &json!({}));
            assert_eq!(ingress_hosts(&objects), *expected, "{helm:?}, {tier}");
        }
    }
}

#[test]
fn a_branch_has_its_own_hosts_and_finds_its_companions() {
    for helm in HELMS {
        let objects = render(helm, "hey-new-inbox", "app", "beta", &branch("new-inbox"));
        assert_eq!(
            ingress_hosts(&objects),
            [
                "new-inbox.beta.example.com",
                "new-inbox.beta.internal.example.com"
            ]
        );
        let variables = &find(&objects, "ConfigMap", "hey-new-inbox-config")["data"];
        assert_eq!(
            variables["REDIS_URL"],
            "redis://hey-new-inbox--redis:6379/0"
        );
        assert_eq!(variables["SMTP_ADDRESS"], "hey-new-inbox--mail");
    }
}

#[test]
fn branches_can_share_a_host_and_differ_by_path() {
    let mut values = branch("new-inbox");
    values["global"]["branchDeploy"]["host"] = json!("beta.example.com");
    values["global"]["branchDeploy"]["url"] = json!("https://beta.example.com/new-inbox");
    for helm in HELMS {
        let objects = render(helm, "hey-new-inbox", "app", "beta", &values);
        let ingress = find(&objects, "Ingress", "hey-new-inbox-external");
        let rule = &ingress["spec"]["rules"][0];
        assert_eq!(rule["host"], "beta.example.com");
        assert_eq!(rule["http"]["paths"][0]["path"], "/new-inbox");
    }
}

#[test]
fn the_migration_runs_for_a_branch_only_when_asked_for() {
    for helm in HELMS {
        for migrate in [true, false] {
            let mut values = branch("new-inbox");
            values["global"]["branchDeploy"]["migrate"] = json!(migrate);
            let objects = render(helm, "hey-new-inbox", "app", "beta", &values);
            assert_eq!(
                objects.iter().any(|object| object["kind"] == "Job"),
                migrate
            );
        }
    }
}

/// The kubelet puts other variables in the place of `$(NAME)`, secret ones too, and reads `$$` as
/// `$`.
#[test]
fn a_branch_name_reads_no_other_variable() {
    let mut values = branch("x-4f2a91");
    values["global"]["branchDeploy"]["branch"] = json!("$(SECRET_KEY_BASE)");
    for helm in HELMS {
        let objects = render(helm, "hey-x-4f2a91", "app", "beta", &values);
        let web = find(&objects, "Deployment", "hey-x-4f2a91-web");
        let variables = &web["spec"]["template"]["spec"]["containers"][1]["env"];
        let branch = json!({"name": "BRANCH", "value": "$$(SECRET_KEY_BASE)"});
        assert!(
            variables.as_array().unwrap().contains(&branch),
            "{variables}"
        );
    }
}

#[test]
fn names_fit_at_the_longest_app_slug_and_companion() {
    let slug = "s".repeat(30);
    let (alone, accompanied) = ("a".repeat(20), "a".repeat(15));
    let companion = format!("{accompanied}-{slug}--redis");
    assert_eq!(companion.len(), 53, "Helm's own limit");
    for helm in HELMS {
        let mut objects = render(
            helm,
            &format!("{alone}-{slug}"),
            "app",
            "beta",
            &branch(&slug),
        );
        for chart in ["redis", "mail"] {
            objects.extend(template(helm, &companion, chart, &[], &branch(&slug)));
        }
        for object in objects {
            let name = object["metadata"]["name"].as_str().unwrap();
            // Its controller appends up to 11 characters, and makes a label of it.
            let limit = if object["kind"] == "StatefulSet" {
                52
            } else {
                63
            };
            assert!(name.len() <= limit, "{helm:?}: {} {name}", object["kind"]);
        }
    }
}

fn branch(slug: &str) -> Value {
    let host = format!("{slug}.beta.example.com");
    json!({"global": {"branchDeploy": {
        "app": "hey",
        "branch": slug,
        "slug": slug,
        "commit": "4f2a91c8d1a2b3c4d5e6f708192a3b4c5d6e7f80",
        "host": host,
        "url": format!("https://{host}"),
        "tier": "beta",
        "migrate": true,
        "deployedBy": "jo",
    }}})
}

fn render(helm: Tool, release: &str, chart: &str, tier: &str, values: &Value) -> Vec<Value> {
    template(
        helm,
        release,
        chart,
        &[&format!("config/{tier}.yaml")],
        values,
    )
}

fn template(helm: Tool, release: &str, chart: &str, config: &[&str], values: &Value) -> Vec<Value> {
    let output = succeeds(run(
        helm_alone(helm),
        &["template", release],
        chart,
        config,
        values,
    ));
    let manifest = String::from_utf8(output.stdout).unwrap();
    serde_saphyr::from_multiple(&manifest).unwrap()
}

fn lint(helm: Tool, chart: &str, config: &[&str], values: &Value) -> Output {
    run(
        helm_alone(helm),
        &["lint", "--strict"],
        chart,
        config,
        values,
    )
}

/// Helm where it needs no cluster.
fn helm_alone(helm: Tool) -> Command {
    Command::new(tools::get(helm).unwrap())
}

/// Runs Helm on a chart, with the values on its standard input, as `helm-apply` gives them.
fn run(
    mut helm: Command,
    command: &[&str],
    chart: &str,
    config: &[&str],
    values: &Value,
) -> Output {
    let mut child = helm
        .args(command)
        .arg(format!("charts/{chart}"))
        .args(config.iter().flat_map(|file| ["--values", file]))
        .args(["--values", "-"])
        .current_dir(app())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(values.to_string().as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn app() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hey")
}

#[track_caller]
fn succeeds(output: Output) -> Output {
    assert!(output.status.success(), "{}", text(&output));
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}

#[track_caller]
fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    objects
        .iter()
        .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
        .unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

fn ingress_hosts(objects: &[Value]) -> Vec<&str> {
    objects
        .iter()
        .filter(|object| object["kind"] == "Ingress")
        .map(|ingress| ingress["spec"]["rules"][0]["host"].as_str().unwrap())
        .collect()
}
