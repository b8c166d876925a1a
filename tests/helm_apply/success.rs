//! A deploy that lands: statuses, address, record.

use serde_json::{Value, json};
use testbed::{
    Cluster,
    faults::{Effect, Gate, Matcher},
    github::{DeploymentState, Request},
    tools::Tool,
};

use crate::site::{Site, echo};

const LOG: &str = "https://ci.example.test/builds/8";

/// The address of a branch, which the load balancer answers.
fn url(slug: &str) -> String {
    let port = Cluster::shared().load_balancer().port();
    format!("http://{slug}.beta.example.test:{port}")
}

fn is_status(request: &Request) -> bool {
    request.method == "POST" && request.path.ends_with("/statuses")
}

#[test]
fn a_deploy_ends_in_success_with_its_address_and_the_older_one_is_inactive() {
    let site = Site::new("success");
    let deploy = |deployment| {
        let program = site
            .helm_apply(Tool::Helm4, deployment)
            .release(&echo(json!({"web": true})));
        program
            .args(["--url", &url("{slug}"), "--log-url", LOG])
            .run()
            .ends_with(0)
    };
    let older = site.push("new-success");
    deploy(older).says(&format!("Deploy success! App URL: {}", url("new-success")));
    let newer = site.push("new-success");
    site.github.clear_requests();
    deploy(newer);

    let requests = site.github.requests();
    assert!(requests.len() <= 8, "{requests:#?}");
    let bodies: Vec<Value> = requests
        .into_iter()
        .filter(is_status)
        .filter_map(|request| request.body)
        .collect();
    assert_eq!(
        bodies.len(),
        4,
        "in progress, ready, success, and the older one inactive: {bodies:#?}"
    );
    assert!(
        bodies.iter().all(|body| body["auto_inactive"] == false),
        "{bodies:#?}"
    );

    let [begin, ready, end] = site
        .repository
        .deployment(newer)
        .statuses
        .try_into()
        .unwrap();
    assert_eq!(begin.state, DeploymentState::InProgress);
    assert_eq!(ready.state, DeploymentState::InProgress);
    assert!(
        ready
            .description
            .contains("every release is ready, waiting for")
    );
    assert_eq!(end.state, DeploymentState::Success);
    assert_eq!([begin.log_url.as_str(), &end.log_url], [LOG, LOG]);
    assert_eq!(
        [begin.environment_url, end.environment_url],
        ["", &url("new-success")]
    );
    assert_eq!(site.states(older).last(), Some(&DeploymentState::Inactive));
    assert_eq!(
        site.last_words(older),
        format!("replaced by deployment {newer}")
    );
}

#[test]
fn a_pile_of_failed_deployments_costs_no_request_more_and_shrinks() {
    let site = Site::new("pile");
    let deploy = |values: &Value| {
        let deployment = site.push("new");
        let program = site.helm_apply(Tool::Helm3, deployment);
        (deployment, program.release(&echo(values.clone())))
    };
    let (up, program) = deploy(&json!({}));
    program.run().ends_with(0);
    let fails = json!({"web": true, "podAnnotations": {"testbed/never-ready": "true"}});
    let failed: Vec<u64> = (0..4)
        .map(|_| {
            let (failed, program) = deploy(&fails);
            let program = program.env("BRANCH_DEPLOYS_HELM_TIMEOUT", "1s");
            assert_ne!(program.run().status, 0);
            failed
        })
        .collect();
    for inactive in [3, 2] {
        site.github.clear_requests();
        deploy(&json!({})).1.run().ends_with(0);
        let requests = site.github.requests();
        assert!(requests.len() <= 8, "{requests:#?}");
        assert_eq!(site.states(up).last(), Some(&DeploymentState::Inactive));
        let is_inactive = |id: &u64| site.states(*id).last() == Some(&DeploymentState::Inactive);
        let inactives: Vec<_> = failed.iter().filter(|id| is_inactive(id)).collect();
        assert_eq!(inactives[..], failed[inactive..].iter().collect::<Vec<_>>());
        assert!(!is_inactive(&failed[inactive - 1]));
    }
}

/// Its record does not say that it landed, nor that it replaced another.
#[test]
fn what_a_run_has_posted_that_was_killed_then_goes_before_what_failed() {
    let site = Site::new("killed-after");
    let deploy = |values: &Value| {
        let deployment = site.push("new");
        let program = site.helm_apply(Tool::Helm4, deployment);
        (deployment, program.release(&echo(values.clone())))
    };
    let (up, program) = deploy(&json!({}));
    program.run().ends_with(0);
    let (killed, program) = deploy(&json!({}));
    let gate = Gate::default();
    let success = Matcher::post(&format!("/repos/*/*/deployments/{killed}/statuses")).nth(2);
    site.github
        .faults()
        .when(success)
        .then(Effect::hold_after(&gate));
    let mut running = program.start();
    gate.reached();
    assert_eq!(site.states(killed).last(), Some(&DeploymentState::Success));
    running.kill_alone();
    assert_eq!(running.end_by_signal(), Some(9));
    gate.open();
    let fails = json!({"web": true, "podAnnotations": {"testbed/never-ready": "true"}});
    for _ in 0..2 {
        let (_, program) = deploy(&fails);
        let program = program.env("BRANCH_DEPLOYS_HELM_TIMEOUT", "1s");
        assert_ne!(program.run().status, 0);
    }
    deploy(&json!({})).1.run().ends_with(0);
    for older in [up, killed] {
        assert_eq!(site.states(older).last(), Some(&DeploymentState::Inactive));
    }
}

#[test]
fn a_deploy_that_finds_its_record_lost_retires_what_it_knew() {
    let site = Site::new("lost-record");
    let deploy = || {
        let deployment = site.push("new");
        let program = site.helm_apply(Tool::Helm4, deployment);
        program.release(&echo(json!({}))).run().ends_with(0);
        deployment
    };
    let older = deploy();
    site.namespace.delete("Lease", "hey-new");
    site.github.clear_requests();
    let newer = deploy();
    let requests = site.github.requests();
    assert!(requests.len() <= 8, "{requests:#?}");
    assert_eq!(site.states(older).last(), Some(&DeploymentState::Inactive));
    assert_eq!(site.record("hey-new")["deployments"], json!([newer]));
}

#[test]
fn success_is_posted_when_the_address_answers_as_asked_for_and_not_before() {
    let site = Site::new("reachable");
    let deployment = site.push("new-reachable");
    let gate = Gate::default();
    let faults = Cluster::shared()
        .load_balancer()
        .faults("new-reachable.beta.example.test");
    faults
        .when(Matcher::get("/up").once())
        .then(Effect::status(502));
    faults
        .when(Matcher::get("/up").nth(2))
        .then(Effect::hold_before(&gate));
    let running = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&echo(
            json!({"web": true, "podAnnotations": {"testbed/answer-status": "401"}}),
        ))
        .args([
            "--url",
            &url("{slug}"),
            "--health-path",
            "/up",
            "--expect-status",
            "200,401",
        ])
        .start();
    gate.reached();
    assert_eq!(site.states(deployment), [DeploymentState::InProgress; 2]);
    gate.open();
    running
        .end()
        .ends_with(0)
        .says("it answers 502")
        .says("answers 401");
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Success)
    );
}

#[test]
fn an_address_that_does_not_answer_in_time_fails_the_deploy() {
    let site = Site::new("unreachable");
    let deployment = site.push("new-unreachable");
    let faults = Cluster::shared()
        .load_balancer()
        .faults("new-unreachable.beta.example.test");
    faults.when(Matcher::any("/**")).then(Effect::status(500));
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({"web": true})))
        .args(["--url", &url("{slug}"), "--address-timeout", "1s"])
        .run()
        .ends_with(4);
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Failure)
    );
    let words = site.last_words(deployment);
    assert!(words.contains("does not answer: it answers 500"), "{words}");
    assert!(site.is_free("hey-new-unreachable"));
}

#[test]
fn the_record_remembers_what_it_takes_to_come_back_to_the_environment() {
    let site = Site::new("record");
    let branch = "feature/New";
    let deployment = site.push(branch);
    let deploy = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({})));
    deploy
        .args(["--keep-for", "14d"])
        .env("BUILDKITE_BUILD_CREATOR", "jo")
        .run()
        .ends_with(0);

    let [name] = site.namespace.objects("Lease").try_into().unwrap();
    let lease = site.namespace.get("Lease", &name);
    let labels = &lease["metadata"]["labels"];
    for (key, value) in [
        ("app.kubernetes.io/managed-by", "branch-deploys"),
        ("branch-deploys/app", "hey"),
        ("branch-deploys/tier", "beta"),
        ("branch-deploys/slug", name.trim_start_matches("hey-")),
        (
            "branch-deploys/repository-id",
            &site.repository.id().to_string(),
        ),
    ] {
        assert_eq!(labels[key], value, "{key} of {labels}");
    }
    let record = site.record(&name);
    for (key, value) in [
        ("version", json!(1)),
        ("phase", json!("up")),
        ("repository", json!("acme/hey")),
        ("repository_id", json!(site.repository.id())),
        ("branch", json!(branch)),
        ("commit", json!(site.repository.head(branch))),
        ("releases", json!([{"name": name}])),
        ("deployments", json!([deployment])),
        ("deployed", json!(deployment)),
        ("deployed_by", json!("jo")),
    ] {
        assert_eq!(record[key], value, "{key} of {record}");
    }
    assert!(record["keep_until"].is_string(), "{record}");
    assert!(site.is_free(&name));
}

#[test]
fn a_dry_run_changes_nothing() {
    let site = Site::new("dry-run");
    let deployment = site.push("new");
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .args(["--dry-run"])
        .run()
        .ends_with(0)
        .says("Nothing was done: this was a dry run")
        .says("hey-new from");
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
    assert!(site.states(deployment).is_empty());
}

#[test]
fn json_is_one_document_on_standard_output() {
    let site = Site::new("json");
    let deployment = site.push("new");
    let deploy = |flag: &str, status| {
        let program = site
            .helm_apply(Tool::Helm3, deployment)
            .release(&echo(json!({})));
        let ran = program
            .args(["--output", "json", flag])
            .run()
            .ends_with(status);
        serde_json::from_str::<Value>(&ran.stdout).unwrap()
    };
    assert_eq!(deploy("--dry-run", 0)["state"], "planned");
    let result = deploy("--dry-run=false", 0);
    for (key, value) in [
        ("environment", json!("hey-new")),
        ("branch", json!("new")),
        ("commit", json!(site.repository.head("new"))),
        ("state", json!("success")),
        ("deployment", json!(deployment)),
        ("releases", json!(["hey-new"])),
    ] {
        assert_eq!(result[key], value, "{key} of {result}");
    }
    assert_eq!(deploy("--dry-run=false", 0)["state"], "up");
    site.push("new");
    assert_eq!(
        deploy("--dry-run=false", 0)["state"],
        "up",
        "what is up is not undone"
    );
    site.repository.delete_branch("new");
    assert_eq!(deploy("--dry-run=false", 3)["state"], "superseded");
}

#[test]
fn buildkites_own_last_status_is_given_the_address_before_ours_is_posted() {
    let site = Site::new("meta-data");
    let deployment = site.push("new");
    let agent = site.script(
        "agent",
        "#!/bin/sh\necho \"$* $(cat)\" >> \"$(dirname \"$0\")/told\"\n",
    );
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(agent, folder.path().join("buildkite-agent")).expect("a file of our own");
    let gate = Gate::default();
    let ours = Matcher::post("/repos/acme/hey/deployments/*/statuses").nth(3);
    site.github
        .faults()
        .when(ours)
        .then(Effect::hold_before(&gate));
    let running = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({"web": true})))
        .args(["--url", &url("{slug}")])
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .env("BUILDKITE_JOB_ID", "0190")
        .start();
    gate.reached();
    let told = std::fs::read_to_string(folder.path().join("told")).expect("the agent was told");
    gate.open();
    running.end().ends_with(0);
    let address = url("new");
    assert_eq!(
        told,
        format!(
            "meta-data set github_deployment_status:environment beta\n\
             meta-data set github_deployment_status:environment_url {address}\n"
        )
    );
}
