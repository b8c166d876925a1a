//! How long a newcomer waits for the one at work, whatever that one is doing.

use std::time::{Duration, Instant};

use serde_json::Value;
use testbed::{
    Front,
    faults::{Effect, Gate, Matcher},
    github::DeploymentState::{Inactive, Success},
    wait_until,
};

use super::{ENVIRONMENT, deploy, nth};
use crate::{
    objects::{config_map, hook, objects, stuck},
    site::{HELMS, Program, Running, Site},
};

/// From a newcomer's wish to the handover, beside what Helm and a running hook need.
const MOST: Duration = Duration::from_secs(5);

/// What Helm needs to end, or is killed after.
const HELMS_OWN: Duration = Duration::from_secs(2);

/// A deploy in the middle of something that does not end by itself.
struct Phase {
    name: &'static str,
    /// Where it is held, for those that come there.
    held_at: Option<Held>,
    /// What it deploys.
    app: fn(Program) -> Program,
    /// Waits until it is there.
    reached: fn(&Site, &Gate),
    helm_is_at_work: bool,
}

enum Held {
    AtGitHub(Matcher),
    InTheCluster(Matcher),
}

fn plain(deploy: Program) -> Program {
    deploy.release(&objects(&[config_map("both")]))
}

fn at_the_gate(_: &Site, gate: &Gate) {
    gate.reached();
}

fn phases() -> Vec<Phase> {
    let listing = Matcher::get("/repos/acme/hey/deployments");
    let statuses = Matcher::post("/repos/acme/hey/deployments/*/statuses");
    let secrets = Matcher::post("/api/v1/namespaces/*/secrets");
    let of = |name, held_at, helm_is_at_work| Phase {
        name,
        held_at: Some(held_at),
        app: plain,
        reached: at_the_gate,
        helm_is_at_work,
    };
    vec![
        of("asking who is newest", Held::AtGitHub(listing), false),
        of("posting that it begins", Held::AtGitHub(statuses), false),
        of("Helm at work", Held::InTheCluster(secrets), true),
        Phase {
            name: "the rollout",
            held_at: None,
            app: |deploy| deploy.release(&objects(&[stuck("gate")])),
            reached: |site, _| drop(site.wait_for_pod()),
            helm_is_at_work: true,
        },
        Phase {
            name: "the address",
            held_at: None,
            // A port on which nobody listens.
            app: |deploy| plain(deploy).args(["--url", "http://127.0.0.1:1/{slug}"]),
            reached: |site, _| {
                site.repository.wait_for_deployment(|it| {
                    let last = it.statuses.last();
                    last.is_some_and(|it| it.description.contains("127.0.0.1"))
                });
            },
            helm_is_at_work: false,
        },
    ]
}

#[test]
fn a_newcomer_has_the_lock_within_seconds_whatever_the_one_before_is_doing() {
    let mut worst = Duration::ZERO;
    for (number, phase) in phases().into_iter().enumerate() {
        let site = Site::new("handover");
        let front = site.namespace.front(&site.kubeconfig);
        let gate = Gate::default();
        hold(&phase, &site, &front, &gate);
        site.push("new");
        let older = site.helm_apply(HELMS[number % 2], nth(&site, 0));
        // As long as a team has it: a wish is not to wait until the lock is renewed.
        let older = older
            .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
            .env("BRANCH_DEPLOYS_LOCK_DURATION", "30s");
        let older = (phase.app)(older).start();
        (phase.reached)(&site, &gate);
        site.push("new");
        let newer = deploy(&site, HELMS[1 - number % 2], 1).start();
        let took = handover(&site);
        println!("{}: {:.1} s", phase.name, took.as_secs_f64());
        let helms_own = if phase.helm_is_at_work {
            HELMS_OWN
        } else {
            Duration::ZERO
        };
        assert!(took <= MOST + helms_own, "{}: {took:?}", phase.name);
        worst = worst.max(took);
        gate.open();
        is_superseded(&site, older, newer, phase.name);
    }
    println!(
        "from a wish to the handover: {:.1} s at worst",
        worst.as_secs_f64()
    );
}

#[test]
fn a_newcomer_overtakes_those_who_wait_for_a_migration_too() {
    let site = Site::new("overtaken-waiting");
    let migration = hook("migrate", "pre-install,pre-upgrade", "testbed/hold");
    site.push("new");
    let migrating = site.helm_apply(HELMS[0], nth(&site, 0));
    // With something to wait for behind it: else Helm may be done before it is asked to stop.
    let release = objects(&[migration, stuck("gate")]);
    let migrating = migrating.release(&release).start();
    let pod = site.wait_for_pod();
    let waits = |n: usize| {
        site.push("new");
        let waiting = deploy(&site, HELMS[n % 2], n).start();
        let wish = format!("{{\"deploy\":{}}}", nth(&site, n));
        wait_until("its wish is written", || {
            let lease = site.namespace.get("Lease", ENVIRONMENT);
            let written = &lease["metadata"]["annotations"]["branch-deploys/wish"];
            (*written == *wish).then_some(()).ok_or(written.to_string())
        });
        waiting
    };
    let (waiting, newest) = (waits(1), waits(2));
    // A holder hears a wish when it renews its lock.
    site.wait_for_renewals(ENVIRONMENT, 2);
    site.namespace.annotate("Pod", &pod, "testbed/hold", None);
    let ended = [migrating, waiting, newest].map(Running::end);
    assert_eq!(
        [3, 3, 0],
        ended.each_ref().map(|ran| ran.status),
        "{ended:?}"
    );
    let last = [0, 1, 2].map(|n| site.states(nth(&site, n)).pop());
    assert_eq!(last, [Some(Inactive), Some(Inactive), Some(Success)]);
}

fn hold(phase: &Phase, site: &Site, front: &Front, gate: &Gate) {
    let (faults, matcher) = match &phase.held_at {
        None => return,
        Some(Held::AtGitHub(matcher)) => (site.github.faults(), matcher),
        Some(Held::InTheCluster(matcher)) => (front.faults(), matcher),
    };
    let effect = Effect::hold_before(gate);
    faults.when(matcher.clone().once()).then(effect);
}

/// How long it takes from the newcomer's wish until it holds the lock.
fn handover(site: &Site) -> Duration {
    let before = site.holder(ENVIRONMENT);
    wait_until("the newcomer's wish is written", || {
        let lease = site.namespace.get("Lease", ENVIRONMENT);
        let wish = &lease["metadata"]["annotations"]["branch-deploys/wish"];
        (*wish != Value::Null).then_some(()).ok_or("it is not")
    });
    let begun = Instant::now();
    wait_until("the lock changes hands", || {
        // A deploy that had not begun takes its Lease along.
        let lease = site
            .namespace
            .find("Lease", ENVIRONMENT)
            .unwrap_or_default();
        let holder = &lease["spec"]["holderIdentity"];
        let changed = *holder != Value::Null && *holder != before;
        changed.then_some(()).ok_or("the one before has it")
    });
    begun.elapsed()
}

fn is_superseded(site: &Site, older: Running, newer: Running, phase: &str) {
    let (older, newer) = (older.end(), newer.end());
    assert_eq!(
        (older.status, newer.status),
        (3, 0),
        "{phase}: {older}\n{newer}"
    );
    let last = [0, 1].map(|n| site.states(nth(site, n)).pop());
    assert_eq!(last, [Some(Inactive), Some(Success)], "{phase}");
}
