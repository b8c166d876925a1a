//! Jobs that are asked to end, and what is left of them.

use std::{fs, path::Path};

use serde_json::json;

use super::{Acme, BUILDS, acme, agent::told, commit};
use crate::{
    buildkite::{Build, Step},
    faults::Gate,
    wait_until,
};

/// A job at work: its build, and the processes of its command.
fn at_work(acme: &Acme, command: &str) -> (Build, Vec<u32>) {
    let command = format!("{command}\nsleep 600 & echo \"told: $$\"; echo \"told: $!\"; wait");
    let hey = acme.hey.clone().step(Step::new("it").command(&command));
    let build = hey.start_build("main", &commit("a"));
    let processes = wait_until("the job is at work", || {
        let told = told(&build, "it");
        let ids: Vec<u32> = told.iter().filter_map(|id| id.parse().ok()).collect();
        (ids.len() == 2).then_some(ids).ok_or(build.logs())
    });
    (build, processes)
}

fn left(processes: &[u32]) -> Vec<u32> {
    let alive = |id: &u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    processes.iter().copied().filter(alive).collect()
}

#[test]
fn a_canceled_job_is_asked_to_end() {
    let acme = acme();
    let (build, processes) = at_work(&acme, "trap 'echo told: TERM; exit 5' TERM");
    let answer = acme
        .client
        .put(&format!("{BUILDS}/1/cancel"), json!({ "reason": "enough" }));
    assert_eq!(answer.json()["state"], "canceling");
    assert_eq!(answer.json()["cancel_reason"], "enough");
    assert_eq!(build.await_finished(), "canceled");
    assert_eq!(
        told(&build, "it").pop().as_deref(),
        Some("TERM"),
        "{}",
        build.logs()
    );
    let job = build.job("it").data();
    assert_eq!(
        (job.state.as_str(), job.signal.as_deref()),
        ("canceled", Some("SIGTERM"))
    );
    assert!(left(&processes).is_empty());
}

#[test]
fn a_job_that_does_not_end_is_killed() {
    let acme = acme();
    let (build, processes) = at_work(&acme, "trap '' TERM");
    build.cancel();
    assert_eq!(build.state(), "canceling");
    assert_eq!(left(&processes), processes);
    assert_eq!(build.await_finished(), "canceled");
    let data = build.data();
    let job = build.job("it").data();
    let took = job.finished_at.unwrap() - data.started_at.unwrap();
    assert!((9..30).contains(&took.num_seconds()), "{took}");
    assert!(left(&processes).is_empty());
}

#[test]
fn what_did_not_begin_is_canceled_at_once() {
    let acme = acme();
    let gate = Gate::default();
    let hey = acme
        .hey
        .step(Step::new("held").held_at(&gate))
        .step(Step::new("after").after(&["held"]));
    let build = hey.start_build("main", &commit("a"));
    gate.reached();
    build.cancel();
    assert_eq!(build.job("after").state(), "canceled");
    assert_eq!(build.await_finished(), "canceled");
}

#[test]
fn nothing_of_a_job_outlives_its_buildkite() {
    let acme = acme();
    let (build, processes) = at_work(&acme, "trap '' TERM");
    let job = build.job("it").data().id;
    assert_eq!(left(&processes), processes);
    assert!(!naming(&job).is_empty());
    let Acme { buildkite, .. } = acme;
    drop(buildkite);
    assert!(left(&processes).is_empty());
    assert!(naming(&job).is_empty(), "{:?}", naming(&job));
}

/// The processes whose variables name this.
fn naming(text: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let named = processes.filter(|process| names(&process.path(), text));
    named
        .map(|process| process.path().display().to_string())
        .collect()
}

fn names(process: &Path, text: &str) -> bool {
    let variables = fs::read(process.join("environ")).unwrap_or_default();
    String::from_utf8_lossy(&variables).contains(text)
}
