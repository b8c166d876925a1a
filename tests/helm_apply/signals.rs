//! A job that is cancelled.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use testbed::{
    faults::{Effect, Gate, Matcher},
    github::DeploymentState,
    tools::{self, Tool},
    wait_until,
};

use crate::site::{HELMS, Site, echo, held};

/// How soon after a signal the CI kills what is left.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn a_cancelled_deploy_says_so_lets_the_lock_go_and_the_next_run_converges() {
    let signals = [(Signal::TERM, 143, "SIGTERM"), (Signal::INT, 130, "SIGINT")];
    for (helm, (signal, status, name)) in HELMS.into_iter().zip(signals) {
        let site = Site::new("cancelled");
        let deployment = site.push("new");
        let running = site
            .helm_apply(helm, deployment)
            .release(&echo(held()))
            .start();
        wait_until("Helm to wait for a pod", || {
            match site.namespace.objects("Pod").len() {
                1 => Ok(()),
                pods => Err(pods),
            }
        });
        running.signal(signal);
        let begun = Instant::now();
        let ended = site
            .repository
            .wait_for_deployment(|deployment| deployment.state() == Some(DeploymentState::Failure));
        assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        assert_eq!(
            ended.statuses.last().unwrap().description,
            format!("branch-deploys: Cancelled by {name}")
        );
        running.end().ends_with(status);
        assert!(site.is_free("hey-new"));

        site.helm_apply(helm, deployment)
            .release(&echo(json!({"web": true})))
            .run()
            .ends_with(0);
        assert_eq!(
            site.states(deployment).last(),
            Some(&DeploymentState::Success)
        );
    }
}

/// A Helm whose upgrade goes on for ever, whatever it is told.
const DEAF: &str = r#"#!/bin/sh
[ "$1" = upgrade ] || exec "$HELM" "$@"
trap 'echo told >>"$LOG"' TERM INT HUP
echo begun >>"$LOG"
while :; do sleep 0.1; done
"#;

#[test]
fn helm_is_told_once_and_not_waited_for_for_ever() {
    let site = Site::new("deaf-helm");
    let deployment = site.push("new");
    let log = site.kubeconfig.with_extension("log");
    let program = site.helm_apply_alone(Tool::Helm3);
    let running = program
        .args(["--deployment", &deployment.to_string()])
        .release(&echo(json!({})))
        .env("HELM", tools::get(Tool::Helm3).unwrap())
        .env("LOG", &log)
        .env("BRANCH_DEPLOYS_HELM", site.script("helm", DEAF))
        .start();
    let lines = || std::fs::read_to_string(&log).unwrap_or_default();
    let until = |expected: &str| {
        wait_until("Helm's log to go on", || match lines() {
            found if found == expected => Ok(()),
            found => Err(found),
        });
    };
    until("begun\n");
    running.signal(Signal::TERM);
    until("begun\ntold\n");
    running.signal(Signal::TERM);
    running.signal(Signal::INT);
    let begun = Instant::now();
    running.end().ends_with(143);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(lines(), "begun\ntold\n");
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Failure)
    );
    assert!(site.is_free("hey-new"));
}

#[test]
fn a_signal_before_the_lock_is_held_leaves_nothing() {
    let site = Site::new("early-signal");
    let deployment = site.push("new");
    let gate = Gate::default();
    let repository = Matcher::get("/repos/acme/hey");
    site.github
        .faults()
        .when(repository)
        .then(Effect::hold_before(&gate));
    let running = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .start();
    gate.reached();
    running.signal(Signal::TERM);
    running.end().ends_with(143);
    gate.open();
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
    assert!(site.states(deployment).is_empty());
}

#[test]
fn a_github_that_hangs_does_not_hold_a_cancelled_job_up() {
    let site = Site::new("slow-last-words");
    let deployment = site.push("new");
    let running = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&echo(held()))
        .start();
    site.wait_for_helm("hey-new");
    let gate = Gate::default();
    let statuses = Matcher::post("/repos/acme/hey/deployments/*/statuses");
    site.github
        .faults()
        .when(statuses)
        .then(Effect::hold_before(&gate));
    running.signal(Signal::TERM);
    let begun = Instant::now();
    running.end().ends_with(143).says("GitHub is too slow");
    assert!(begun.elapsed() < 2 * PATIENCE, "{:?}", begun.elapsed());
    gate.open();
    assert!(site.is_free("hey-new"), "the lock does not wait for GitHub");
}
