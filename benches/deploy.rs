//! What a deploy costs beside Helm: `cargo bench --bench deploy`.
//!
//! Own work is the wall time of `helm-apply` less the time in which at least one of its Helm
//! children ran; the wait for the address is left in. Its memory is the peak of its own process,
//! Helm's and the guardian's not counted.

mod measure;
#[path = "../tests/site.rs"]
#[allow(dead_code)]
mod site;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;
use testbed::{Cluster, tools};

use site::{HELMS, Site};

const RUNS: usize = 10;
const MOST_OWN_WORK: Duration = Duration::from_millis(500);
const MOST_MEMORY_KIB: u64 = 24 * 1024;
const MOST_REQUESTS: usize = 8;

fn main() {
    // `cargo test --benches` hands over flags of libtest: then it is enough that this compiles.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("{RUNS} deploys of the example app (three releases) with each Helm\n");
    println!(
        "{:<10} {:>12} {:>12} {:>12} {:>10}",
        "", "own work", "in Helm", "memory", "requests"
    );
    let mut within = true;
    for helm in HELMS {
        let site = Site::new("bench");
        let log = site.kubeconfig.with_extension("helm-log");
        let timed = timed_helm(&tools::get(helm).expect("the testbed has both Helms"), &log);
        let mut runs: Vec<Run> = (0..RUNS).map(|_| deploy(&site, &timed, &log)).collect();
        runs.sort_by_key(|run| run.own);
        let median = &runs[RUNS / 2];
        let memory = runs
            .iter()
            .map(|run| run.memory_kib)
            .max()
            .unwrap_or_default();
        let requests = runs
            .iter()
            .map(|run| run.requests)
            .max()
            .unwrap_or_default();
        println!(
            "{:<10} {:>9} ms {:>9} ms {:>8.1} MiB {:>10}",
            format!("{helm:?}"),
            median.own.as_millis(),
            median.helm.as_millis(),
            memory as f64 / 1024.0,
            requests,
        );
        within &=
            median.own <= MOST_OWN_WORK && memory <= MOST_MEMORY_KIB && requests <= MOST_REQUESTS;
    }
    println!(
        "{:<10} {:>9} ms {:>12} {:>8.1} MiB {:>10}",
        "at most",
        MOST_OWN_WORK.as_millis(),
        "",
        MOST_MEMORY_KIB as f64 / 1024.0,
        MOST_REQUESTS
    );
    std::process::exit(i32::from(!within));
}

struct Run {
    own: Duration,
    helm: Duration,
    memory_kib: u64,
    requests: usize,
}

fn deploy(site: &Site, helm: &Path, log: &Path) -> Run {
    site.repository.push("bench");
    let deployment = site.queue("bench");
    site.github.clear_requests();
    let _ = fs::remove_file(log);
    let port = Cluster::shared().load_balancer().port();
    let mut program = site
        .helm_apply(HELMS[0], deployment)
        .env("BRANCH_DEPLOYS_HELM", helm)
        .args([
            "--url",
            &format!("http://{{slug}}.beta.example.test:{port}"),
        ])
        .release(
            &json!({"chart": "charts/app", "values": ["config/beta.yaml"],
            "needs": ["redis", "mail"]}),
        )
        .release(&json!({"name": "redis", "chart": "charts/redis"}))
        .release(&json!({"name": "mail", "chart": "charts/mail"}));
    program.0.stdout(std::process::Stdio::null());
    let run = measure::run(&mut program.0);
    assert!(run.status.success(), "helm-apply ends with {}", run.status);
    let helm = covered(&fs::read_to_string(log).expect("Helm was run"));
    let requests = site.github.requests().len();
    Run {
        own: run.wall.saturating_sub(helm),
        helm,
        memory_kib: run.memory_kib,
        requests,
    }
}

/// A Helm that writes down when it began and ended, in nanoseconds.
fn timed_helm(helm: &Path, log: &Path) -> PathBuf {
    let path = log.with_extension("sh");
    let script = format!(
        "#!/bin/sh\nbegun=$(date +%s%N)\n'{}' \"$@\"\nstatus=$?\n\
         echo \"$begun $(date +%s%N)\" >> '{}'\nexit $status\n",
        helm.display(),
        log.display()
    );
    fs::write(&path, script).expect("the run's folder can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    path
}

/// The time that the intervals of a log cover together.
fn covered(log: &str) -> Duration {
    let number = |text: &str| text.parse::<u64>().expect("the log holds numbers");
    let mut intervals: Vec<(u64, u64)> = log
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(begun, ended)| (number(begun), number(ended)))
        .collect();
    intervals.sort_unstable();
    let (mut covered, mut until) = (0, 0);
    for (begun, ended) in intervals {
        covered += ended.saturating_sub(begun.max(until));
        until = until.max(ended);
    }
    Duration::from_nanos(covered)
}
