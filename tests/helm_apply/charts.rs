//! Charts that are missing, broken, strict, or never come up.

use serde_json::{Value, json};
use testbed::{github::DeploymentState, tools::Tool};

use crate::site::{HELMS, Site, chart, echo, held};

/// A chart that is found wanting before anything is touched.
#[track_caller]
fn refused(helm: Tool, release: &Value, says: &str) {
    let site = Site::new("bad-chart");
    let deployment = site.push("new");
    site.helm_apply(helm, deployment)
        .release(release)
        .run()
        .refuses(2, says);
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
    assert!(site.states(deployment).is_empty());
}

#[test]
fn a_chart_that_does_not_exist_is_refused() {
    for helm in HELMS {
        refused(
            helm,
            &json!({"chart": "charts/nowhere"}),
            "the chart charts/nowhere",
        );
    }
}

#[test]
fn a_registry_that_does_not_answer_is_refused() {
    for helm in HELMS {
        let chart = "oci://127.0.0.1:1/charts/app";
        let release = json!({"chart": chart, "version": "1.0.0"});
        refused(
            helm,
            &release,
            "the chart oci://127.0.0.1:1/charts/app does not render",
        );
    }
}

#[test]
fn a_chart_that_does_not_render_is_refused_in_its_own_words() {
    for helm in HELMS {
        refused(
            helm,
            &echo(json!({"broken": "say which database"})),
            "say which database",
        );
    }
}

#[test]
fn a_values_file_that_does_not_exist_is_refused() {
    let release = json!({"chart": chart("echo"), "values": ["config/nowhere.yaml"]});
    refused(Tool::Helm3, &release, "config/nowhere.yaml");
}

#[test]
fn an_unknown_placeholder_is_refused() {
    refused(
        Tool::Helm4,
        &echo(json!({"given": "{comit}"})),
        "no placeholder `{comit}`",
    );
}

#[test]
fn a_chart_that_refuses_global_is_refused_with_the_way_out() {
    for helm in HELMS {
        refused(
            helm,
            &json!({"chart": chart("strict")}),
            "`branch-values: false`",
        );
    }
}

#[test]
fn a_chart_that_refuses_global_goes_up_without_it() {
    for helm in HELMS {
        let site = Site::new("strict-chart");
        let deployment = site.push("new");
        let release =
            json!({"chart": chart("strict"), "values": [{"size": 3}], "branch-values": false});
        site.helm_apply(helm, deployment)
            .release(&release)
            .run()
            .ends_with(0);
        assert_eq!(
            site.namespace.get("ConfigMap", "hey-new")["data"]["size"],
            "3"
        );
    }
}

#[test]
fn pods_that_never_become_ready_fail_the_deploy_and_the_next_one_converges() {
    for helm in HELMS {
        let site = Site::new("never-ready");
        let deployment = site.push("new");
        site.helm_apply(helm, deployment)
            .release(&echo(held()))
            .args(["--helm-timeout", "2s"])
            .run()
            .ends_with(4);
        assert_eq!(
            site.states(deployment),
            [DeploymentState::InProgress, DeploymentState::Failure]
        );
        let words = site.last_words(deployment);
        assert!(
            words.starts_with("Deploy failed: hey-new: pod hey-new-"),
            "{words}"
        );
        assert!(words.contains(" is not ready"), "{words}");
        assert!(site.is_free("hey-new"));
        assert_eq!(site.record("hey-new")["phase"], "failed");

        let fixed = site.push("new");
        site.helm_apply(helm, fixed)
            .release(&echo(json!({"web": true})))
            .run()
            .ends_with(0);
        assert_eq!(
            site.states(deployment).last(),
            Some(&DeploymentState::Inactive)
        );
    }
}

/// GitHub takes at most 140 characters of a status.
#[test]
fn a_failure_of_many_words_is_posted_all_the_same() {
    let site = Site::new("many-words");
    let deployment = site.push("new");
    let annotations = json!({"no key at all": "x"});
    site.helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({"web": true, "podAnnotations": annotations})))
        .run()
        .ends_with(1)
        .says("Invalid value: \"no key at all\"");
    let last = site.repository.deployment(deployment).statuses.pop();
    let words = last.expect("it has a final status").description;
    assert_eq!(words.chars().count(), 140, "{words}");
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Failure)
    );
}

#[test]
fn a_password_in_a_charts_address_and_our_token_are_shown_by_nobody() {
    for helm in HELMS {
        let site = Site::new("password");
        let refused = |chart: &str| {
            let program = site.helm_apply(helm, site.push("new"));
            let ran = program.release(&json!({"chart": chart})).run().ends_with(2);
            assert!(!ran.to_string().contains("hunter2"), "{ran}");
            ran
        };
        refused("https://me:hunter2@127.0.0.1:1/app.tgz").says("127.0.0.1:1/app.tgz");
        refused("oci://me:hunter2@127.0.0.1:1/app").says("127.0.0.1:1/app");
        refused(&format!("nowhere/{}", site.token)).says("nowhere/***");
    }
}

/// As an upgrade by Helm renders it.
#[test]
fn a_chart_is_told_what_the_cluster_serves() {
    for helm in HELMS {
        let site = Site::new("asks");
        let release = json!({"chart": chart("asks")});
        let check = site.helm_apply_alone(helm).release(&release);
        let checked = check.args(["--check"]).run().ends_with(0);
        checked.says("it renders, 1 objects");
        let deploy = site.helm_apply(helm, site.push("new")).release(&release);
        deploy.run().ends_with(0);
        let map = site.namespace.get("ConfigMap", "hey-new");
        let version = map["data"]["version"].as_str().expect("it is told");
        assert!(version.starts_with("v1."), "{version}");
    }
}
