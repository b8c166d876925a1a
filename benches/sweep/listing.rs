//! Looking at a cluster of many releases, few of them stale: `helm list` and our `--dry-run`, in
//! turn.

use std::{
    fs::{self, File},
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use serde_json::{Value, json};
use testbed::tools::{self, Tool};

use crate::{
    figure::Figure,
    measure::{self, Run},
    past::{Seed, unpacked},
    site::Site,
};

/// Of two releases each, as a branch with a Redis of its own.
const RELEASES_OF_EACH: usize = 2;
/// One environment of so many is stale.
const STALE: usize = 10;
/// Environments that are seeded at a time: each has a hundred kilobytes and more.
const CHUNK: usize = 25;
/// The faster of the two at this, by half.
const HELM: Tool = Tool::Helm3;

/// A cluster, and what looking at it may cost.
pub struct Size {
    releases: usize,
    revisions: u32,
    rounds: usize,
    most_time: Duration,
    most_memory_kib: u64,
    least_ratio: Option<f64>,
}

pub const SMALL: Size = Size {
    releases: 1_000,
    revisions: 10,
    rounds: 3,
    most_time: Duration::from_millis(500),
    most_memory_kib: 24 << 10,
    least_ratio: Some(20.0),
};

pub const LARGE: Size = Size {
    releases: 10_000,
    revisions: 3,
    rounds: 1,
    most_time: Duration::from_secs(3),
    most_memory_kib: 48 << 10,
    least_ratio: None,
};

/// Seeds such a cluster and looks at it.
pub fn of(size: &Size) -> Vec<Figure> {
    let site = seeded(size);
    let (mut ours, mut helms) = (Vec::new(), Vec::new());
    for _ in 0..size.rounds {
        helms.push(helm_list(&site));
        ours.extend([dry_run(&site, size), dry_run(&site, size)]);
    }
    let (ours, helms) = (Median::of(ours), Median::of(helms));
    let what = format!("{} releases of {}", size.releases, size.revisions);
    let mut figures = vec![
        Figure::time(
            format!("{what}: time"),
            ours.wall,
            Some(helms.wall),
            size.most_time,
        ),
        Figure::memory(
            format!("{what}: memory"),
            ours.memory_kib,
            Some(helms.memory_kib),
            size.most_memory_kib,
        ),
    ];
    let ratio = |least| Figure::ratio(format!("{what}: faster by"), ours.wall, helms.wall, least);
    figures.extend(size.least_ratio.map(ratio));
    figures
}

/// The median time, and the highest memory.
struct Median {
    wall: Duration,
    memory_kib: u64,
}

impl Median {
    fn of(mut runs: Vec<Run>) -> Self {
        runs.sort_by_key(|run| run.wall);
        let memory_kib = runs.iter().map(|run| run.memory_kib).max();
        Self {
            wall: runs[runs.len() / 2].wall,
            memory_kib: memory_kib.unwrap_or_default(),
        }
    }
}

/// A site with that many releases: of the example's chart, as Helm itself stored it, and as old as
/// their deploys. The API server lists from its cache, so it does not matter who wrote into etcd.
fn seeded(size: &Size) -> Site {
    let body = real_body();
    let site = Site::new("bench");
    let environments = size.releases / RELEASES_OF_EACH;
    let begun = Instant::now();
    let seeds: Vec<Seed> = (0..environments)
        .map(|number| {
            Seed::new(&format!("branch-{number}"), age(number))
                .companions(&["redis"])
                .revisions(size.revisions)
                .body(&body)
        })
        .collect();
    thread::scope(|scope| {
        for half in seeds.chunks(environments.div_ceil(2)) {
            scope.spawn(|| {
                half.chunks(CHUNK)
                    .for_each(|seeds| site.push_and_seed(seeds))
            });
        }
    });
    println!(
        "{environments} environments of {RELEASES_OF_EACH} releases of {} revisions seeded in {:.0} s, \
         a Secret of {:.1} KiB",
        size.revisions,
        begun.elapsed().as_secs_f64(),
        secret_size(&site) as f64 / 1024.0,
    );
    site
}

/// One in ten between six and twenty days, the others up to four.
fn age(number: usize) -> TimeDelta {
    let number = i64::try_from(number).expect("there are not so many");
    match number % STALE as i64 {
        0 => TimeDelta::days(6) + TimeDelta::hours(number % (14 * 24)),
        _ => TimeDelta::minutes(number * 7919 % (4 * 24 * 60)),
    }
}

/// What Helm stores of the example app, deployed for real.
fn real_body() -> Value {
    let site = Site::new("bench-original");
    let release = json!({"chart": "charts/app", "values": ["config/beta.yaml"]});
    let deployment = site.push("original");
    let deploy = site.helm_apply(HELM, deployment).release(&release);
    deploy.run().ends_with(0);
    unpacked(
        &site
            .namespace
            .get("Secret", "sh.helm.release.v1.hey-original.v1"),
    )
}

fn secret_size(site: &Site) -> usize {
    let secret = site
        .namespace
        .get("Secret", "sh.helm.release.v1.hey-branch-0.v1");
    secret["data"]["release"]
        .as_str()
        .map_or(0, |data| data.len() * 3 / 4)
}

fn helm_list(site: &Site) -> Run {
    let helm = tools::helm(HELM, &site.kubeconfig);
    let mut command = helm.expect("the testbed has both Helms");
    command
        .arg("list")
        .args(["--namespace", site.namespace.name()]);
    let run = measure::run(command.stdout(std::process::Stdio::null()));
    assert!(run.status.success(), "helm list ends with {}", run.status);
    run
}

/// Our own, which has to find what is stale, and nothing else.
fn dry_run(site: &Site, size: &Size) -> Run {
    let output = site.kubeconfig.with_extension("plan");
    let file = File::create(&output).expect("the run's folder can be written");
    let mut program = site
        .sweep_stale(HELM)
        .args(["--dry-run", "--output", "json"]);
    let run = measure::run(program.0.stdout(file));
    assert!(run.status.success(), "sweep-stale ends with {}", run.status);
    let plan = fs::read(&output).expect("it was written");
    let plan: Value = serde_json::from_slice(&plan).expect("it is JSON");
    let environments = plan["environments"].as_array().expect("a list");
    let removed = environments.iter().filter(|it| it["verdict"] == "goes");
    assert_eq!(removed.count(), size.releases / RELEASES_OF_EACH / STALE);
    run
}
