//! A job that is cancelled.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::json;
use testbed::{
    faults::{Effect, Gate, Matcher},
    github::DeploymentState,
    tools::{self, Tool},
    wait_until,
};

use crate::{
    link::Link,
    processes::Process,
    site::{HELMS, Site, echo, held},
};

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
fn helm_that_does_not_keep_to_its_own_limit_is_ended_and_that_is_said() {
    let site = Site::new("endless-helm");
    let deployment = site.push("new");
    let log = site.kubeconfig.with_extension("log");
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .env("HELM", tools::get(Tool::Helm4).unwrap())
        .env("LOG", &log)
        .env("BRANCH_DEPLOYS_HELM", site.script("helm", DEAF))
        .env("BRANCH_DEPLOYS_HELM_TIMEOUT", "1s")
        .run()
        .says("hey-new: did not end by itself, and was ended after 1 min")
        .ends_with(4);
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "begun\ntold\n");
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Failure)
    );
    assert!(site.is_free("hey-new"));
}

/// A Helm that renders for ever, once it has told its process group.
const SLOW: &str = r#"#!/bin/sh
[ "$1" = template ] || exec "$HELM" "$@"
cut -d' ' -f5 /proc/$$/stat >"$LOG.new" && mv "$LOG.new" "$LOG"
exec sleep 600
"#;

#[test]
fn a_job_that_is_cancelled_while_a_chart_is_rendered_does_not_say_that_the_chart_is_wrong() {
    let site = Site::new("slow-chart");
    let deployment = site.push("new");
    let log = site.kubeconfig.with_extension("log");
    let running = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .env("HELM", tools::get(Tool::Helm4).unwrap())
        .env("LOG", &log)
        .env("BRANCH_DEPLOYS_HELM", site.script("helm", SLOW))
        .start();
    let group = wait_until("the chart is rendered", || std::fs::read_to_string(&log));
    let helm = Process::numbered(&group).expect("Helm leads a group of its own");
    assert!(!running.is_group(&group), "a signal to the job ends it too");
    running.signal(Signal::TERM);
    running.end().ends_with(143);
    wait_until("Helm is gone", || {
        (!helm.lives()).then_some(()).ok_or("it lives")
    });
}

#[test]
fn a_guardian_that_hangs_is_not_waited_for_for_ever_and_helm_goes_with_it() {
    let site = Site::new("hung-guardian");
    let deployment = site.push("new");
    let running = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(held()))
        .env("BRANCH_DEPLOYS_LOCK_DURATION", "60s")
        .start();
    site.wait_for_helm("hey-new");
    let namespace = site.namespace.name();
    let helm = Process::helm(namespace).expect("Helm runs");
    let guardian = Process::guardian(namespace).expect("its guardian does");
    guardian.pause();
    running.signal(Signal::TERM);
    let begun = Instant::now();
    running.end().ends_with(143);
    // Its own patience, and then some.
    assert!(begun.elapsed() < 2 * PATIENCE, "{:?}", begun.elapsed());
    assert!(site.is_free("hey-new"));
    wait_until("both are gone", || match (helm.lives(), guardian.lives()) {
        (false, false) => Ok(()),
        lives => Err(format!("{lives:?}")),
    });
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

/// A phase in which GitHub holds a request, and what is the deployment's last state after a signal.
struct Phase {
    held: Matcher,
    before: usize,
    last: DeploymentState,
    says: &'static str,
}

#[test]
fn a_github_that_hangs_holds_no_cancelled_job_up_in_any_phase() {
    let statuses = || Matcher::post("/repos/acme/hey/deployments/*/statuses");
    let phases = [
        // The branch is looked for, under the lock.
        Phase {
            held: Matcher::get("/repos/acme/hey/git/ref/heads/new").nth(1),
            before: 0,
            last: DeploymentState::Failure,
            says: "Cancelled by SIGTERM",
        },
        Phase {
            held: statuses().nth(1),
            before: 0,
            last: DeploymentState::Failure,
            says: "Cancelled by SIGTERM",
        },
        // The success.
        Phase {
            held: statuses().nth(2),
            before: 0,
            last: DeploymentState::Failure,
            says: "Cancelled by SIGTERM",
        },
        // The final word, each time that it is said.
        Phase {
            held: statuses(),
            before: 0,
            last: DeploymentState::Queued,
            says: "GitHub is too slow",
        },
        // The older deployment is made inactive, when the newer one is up.
        Phase {
            held: statuses().nth(3),
            before: 1,
            last: DeploymentState::Success,
            says: "older deployments are not made inactive yet: stopped",
        },
    ];
    thread::scope(|scope| {
        for phase in phases {
            scope.spawn(|| is_cancelled_in(phase));
        }
    });
}

fn is_cancelled_in(phase: Phase) {
    let site = Site::new("held-up");
    let deploy = || {
        let deployment = site.push("new");
        let program = site.helm_apply(Tool::Helm3, deployment);
        (deployment, program.release(&echo(json!({}))))
    };
    for _ in 0..phase.before {
        deploy().1.run().ends_with(0);
    }
    let gate = Gate::default();
    let faults = site.github.faults();
    faults.when(phase.held).then(Effect::hold_before(&gate));
    let (deployment, program) = deploy();
    let running = program.start();
    gate.reached();
    running.signal(Signal::TERM);
    let begun = Instant::now();
    running.end().ends_with(143).says(phase.says);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert!(site.is_free_or_gone("hey-new"), "the lock waits for GitHub");
    let last = site.states(deployment).last().copied();
    assert_eq!(last.unwrap_or(DeploymentState::Queued), phase.last);
    gate.open();
}

#[test]
fn a_cluster_that_hangs_holds_no_cancelled_job_up() {
    let site = Site::new("hung-cluster");
    let deployment = site.push("new");
    let link = Link::new(&site);
    let running = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(held()))
        .env("BRANCH_DEPLOYS_KUBECONFIG", &link.kubeconfig)
        .env("BRANCH_DEPLOYS_LOCK_DURATION", "60s")
        .start();
    site.wait_for_helm("hey-new");
    link.cut();
    running.signal(Signal::TERM);
    let begun = Instant::now();
    running
        .end()
        .ends_with(143)
        .says("the cluster is too slow to let the lock go");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Failure)
    );
}
