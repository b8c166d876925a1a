//! Thirty environments that are up for real, taken away by one sweep, and by one `helm uninstall`
//! after another.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use serde_json::{Value, json};
use testbed::{
    github::{DeploymentState, User},
    tools::{self, Tool},
    wait_until_within,
};

use crate::{
    figure::Figure,
    past::Seed,
    site::{Site, example_app},
};

const ENVIRONMENTS: usize = 30;
const LEAST_RATIO: f64 = 2.5;
const HELM: Tool = Tool::Helm3;
/// The releases of an environment by companion's name, with charts.
const RELEASES: [(&str, &str); 2] = [("--redis", "charts/redis"), ("", "charts/app")];
const PATIENCE: Duration = Duration::from_secs(180);

/// How often both are timed, in turn: what else the machine does is not seen in the middle one.
const PAIRS: usize = 3;

/// The same thirty twice: for us, and for Helm. Of several such pairs the one whose ratio is the median.
pub fn of_thirty() -> Vec<Figure> {
    let mut pairs: Vec<[Duration; 2]> = (0..PAIRS).map(pair).collect();
    pairs.sort_by(|one, next| ratio(one).total_cmp(&ratio(next)));
    let [ours, helms] = pairs[PAIRS / 2];
    let what = format!("{ENVIRONMENTS} environments of 2 removed");
    vec![
        Figure {
            within: true,
            limit: String::new(),
            ..Figure::time(format!("{what}: time"), ours, Some(helms), ours)
        },
        Figure::ratio(format!("{what}: faster by"), ours, helms, LEAST_RATIO),
    ]
}

fn pair(number: usize) -> [Duration; 2] {
    let pair = [swept(), uninstalled()];
    let [ours, helms] = pair.map(|it| it.as_secs_f64());
    let number = number + 1;
    eprintln!("pair {number} of {PAIRS}: ours {ours:.2} s, helm uninstall {helms:.2} s");
    pair
}

fn ratio([ours, helms]: &[Duration; 2]) -> f64 {
    helms.div_duration_f64(*ours)
}

/// By the sweep, which sees all of it gone, and tells GitHub.
fn swept() -> Duration {
    let site = up();
    let begun = Instant::now();
    let most = ENVIRONMENTS.to_string();
    // The lock as people hold it, not as tests do, which want it to run out soon.
    let sweep = site
        .sweep_stale(HELM)
        .args(["--max-deletions", &most])
        .without("BRANCH_DEPLOYS_LOCK_DURATION");
    sweep.run().ends_with(0);
    let took = begun.elapsed();
    assert_eq!(site.namespace.inventory(), [""; 0]);
    took
}

/// By Helm, which asks for it and leaves, and until it is gone.
fn uninstalled() -> Duration {
    let site = up();
    let begun = Instant::now();
    for branch in branches() {
        for (companion, _) in RELEASES.iter().rev() {
            let release = format!("hey-{branch}{companion}");
            let uninstall = helm(&site).args(["uninstall", &release]).output();
            let uninstall = uninstall.expect("Helm runs");
            assert!(uninstall.status.success(), "{uninstall:?}");
        }
    }
    wait_until_within(PATIENCE, "the pods are gone", || {
        let pods = site.namespace.objects("Pod");
        pods.is_empty().then_some(()).ok_or(pods.join(", "))
    });
    begun.elapsed()
}

/// A site with all of them up for a week.
fn up() -> Site {
    let site = Site::new("bench-teardown");
    let branches: Vec<String> = branches().collect();
    thread::scope(|scope| {
        for half in branches.chunks(ENVIRONMENTS.div_ceil(2)) {
            scope.spawn(|| half.iter().for_each(|branch| deploy(&site, branch)));
        }
    });
    for kind in ["Deployment", "StatefulSet"] {
        for name in site.namespace.objects(kind) {
            ready(&site, kind, &name);
        }
    }
    site
}

fn branches() -> impl Iterator<Item = String> {
    (0..ENVIRONMENTS).map(|number| format!("branch-{number}"))
}

/// What a deploy of a week ago leaves, at the cost of Helm alone.
fn deploy(site: &Site, branch: &str) {
    let week = TimeDelta::days(7);
    let deployment = site.push(branch);
    let success = DeploymentState::Success;
    site.repository
        .post_status(deployment, success, User::bot("branch-deploys"));
    for (companion, chart) in RELEASES {
        install(site, branch, companion, chart);
        site.age(&format!("hey-{branch}{companion}"), week);
    }
    // How long a load balancer and name servers remember an address is nobody's speed here.
    let record = json!({"deployments": [deployment], "deployed": deployment, "url": null});
    let seed = Seed::new(branch, week)
        .companions(&["redis"])
        .record(record);
    site.seed_record(&seed);
}

fn install(site: &Site, branch: &str, companion: &str, chart: &str) {
    let labels = format!(
        "branch-deploys/app=hey,branch-deploys/tier=beta,branch-deploys/slug={branch},\
         branch-deploys/repository-id={}",
        site.repository.id()
    );
    let values = json!({"global": {"branchDeploy": {"app": "hey", "branch": branch, "slug": branch,
        "tier": "beta", "host": format!("{branch}.beta.example.test")}}});
    let mut command = helm(site);
    let release = format!("hey-{branch}{companion}");
    command.args(["install", &release, chart, "--labels", &labels]);
    command.args(["--disable-openapi-validation", "-f", "-"]);
    if companion.is_empty() {
        command.args(["-f", "config/beta.yaml"]);
    }
    let mut install = command
        .current_dir(example_app())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("Helm starts");
    let mut input = install.stdin.take().expect("it is piped");
    input
        .write_all(values.to_string().as_bytes())
        .expect("Helm reads it");
    drop(input);
    assert!(install.wait().expect("Helm ends").success());
}

fn helm(site: &Site) -> Command {
    let helm = tools::helm(HELM, &site.kubeconfig);
    let mut command = helm.expect("the testbed has both Helms");
    command.args(["--namespace", site.namespace.name()]);
    command
}

/// Waits until all that its controllers make is there, and they have nothing left to do.
fn ready(site: &Site, kind: &str, name: &str) {
    wait_until_within(PATIENCE, &format!("{name} is ready"), || {
        let workload = site.namespace.get(kind, name);
        let ready: &Value = &workload["status"]["readyReplicas"];
        let is_ready = *ready == workload["spec"]["replicas"];
        is_ready.then_some(()).ok_or("it is not")
    });
}
