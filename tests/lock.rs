//! One writer: an environment has one at a time, and no Helm works for one that lost it.

use std::{
    io::Write as _,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, api::DeleteParams};
use rustix::process::Signal;
use serde_json::{Value, json};
use testbed::{
    Cluster,
    github::DeploymentState::{Failure, InProgress, Inactive, Success},
    tools::Tool::{Helm3, Helm4},
    wait_until,
};

use crate::{
    link::Link,
    objects::{NEVER_READY, config_map, hook, objects, stuck},
    processes::Process,
    site::{Program, Running, Site},
};

const ENVIRONMENT: &str = "hey-new";

#[test]
fn a_second_run_waits_and_says_for_whom_since_when_and_where_its_log_is() {
    let site = Site::new("lock-waits");
    let (older, newer) = (site.push("new"), site.push("new"));
    let log = "https://ci.example.com/builds/812";
    let holder = site
        .helm_apply(Helm3, newer)
        .env("BRANCH_DEPLOYS_LOG_URL", log)
        .release(&objects(&[stuck("gate")]))
        .start();
    let pod = site.wait_for_pod();
    let since = site.namespace.get("Lease", ENVIRONMENT)["spec"]["acquireTime"].clone();
    let since = since.as_str().unwrap()[11..19].to_owned();
    let waiting = land(&site, Helm3, older).start();
    wait_for_wish(&site, &json!({"deploy": older}));
    site.namespace.annotate("Pod", &pod, NEVER_READY, None);
    holder.end().ends_with(0);
    waiting
        .end()
        .says(&format!("waiting: helm-apply of deployment {newer} ("))
        .says(&format!("holds the lock since {since} UTC, its log: {log}"))
        .ends_with(3);
    assert!(site.is_free(ENVIRONMENT));
}

#[test]
fn a_lock_that_was_let_go_is_taken_at_once() {
    let site = Site::new("lock-free");
    for _ in 0..2 {
        let ran = land(&site, Helm4, site.push("new")).run().ends_with(0);
        assert!(!ran.stdout.contains("waiting"), "{ran}");
    }
}

#[test]
fn a_holder_that_was_killed_leaves_no_helm_and_the_next_run_converges() {
    let site = Site::new("lock-killed");
    land(&site, Helm4, site.push("new")).run().ends_with(0);
    let (killed, helm) = in_mid_deploy(&site, Helm4);
    let before = site.holder(ENVIRONMENT);
    killed.signal(Signal::KILL);
    drop(killed);
    let next = land(&site, Helm4, site.push("new")).start();
    wait_until("the lock has changed hands", || {
        Some(site.holder(ENVIRONMENT))
            .filter(|now| *now != before)
            .ok_or("the dead one has it")
    });
    assert!(!helm.lives(), "Helm outlived its lock");
    next.end().ends_with(0);
    assert_eq!(site.namespace.objects("Deployment"), [""; 0]);
}

#[test]
fn a_guardian_that_was_killed_takes_helm_with_it() {
    let site = Site::new("lock-guardian");
    let (running, helm) = in_mid_deploy(&site, Helm3);
    let guardian = Process::guardian(site.namespace.name()).expect("Helm has a guardian");
    guardian.kill();
    wait_until("Helm is gone", || {
        (!helm.lives()).then_some(()).ok_or("it lives")
    });
    running.end().ends_with(1);
    land(&site, Helm3, site.push("new")).run().ends_with(0);
}

#[test]
fn a_holder_that_was_paused_loses_helm_and_lock_and_changes_nothing_when_it_wakes() {
    let site = Site::new("lock-paused");
    let (paused, helm) = in_mid_deploy(&site, Helm4);
    let deployment = site.repository.deployments()[0].id;
    paused.signal(Signal::STOP);
    land(&site, Helm4, site.push("new")).run().ends_with(0);
    assert!(!helm.lives(), "Helm outlived its lock");
    let (lease, all) = (
        site.namespace.get("Lease", ENVIRONMENT),
        site.namespace.inventory(),
    );
    paused.signal(Signal::CONT);
    paused.end().says("the lock is lost").ends_with(1);
    assert_eq!(site.namespace.get("Lease", ENVIRONMENT), lease);
    assert_eq!(site.namespace.inventory(), all);
    assert_eq!(site.states(deployment), [InProgress, Inactive]);
}

#[test]
fn a_holder_that_is_cut_off_from_the_cluster_loses_helm_before_its_lock() {
    let site = Site::new("lock-cut-off");
    let link = Link::new(&site);
    let cut_off = site
        .helm_apply(Helm3, site.push("new"))
        .env("BRANCH_DEPLOYS_KUBECONFIG", &link.kubeconfig)
        .release(&objects(&[stuck("gate")]))
        .start();
    site.wait_for_pod();
    let helm = Process::helm(site.namespace.name()).expect("Helm runs");
    let before = site.holder(ENVIRONMENT);
    link.cut();
    let next = land(&site, Helm3, site.push("new")).start();
    wait_until("the lock has changed hands", || {
        (site.holder(ENVIRONMENT) != before)
            .then_some(())
            .ok_or("who is cut off has it")
    });
    assert!(!helm.lives(), "Helm outlived its lock");
    drop(link);
    cut_off.end().says("the lock is lost").ends_with(1);
    next.end().ends_with(0);
}

/// A Helm that ends when it is told to, and says so by its status.
const OBEDIENT: &str = "#!/bin/sh\ntrap 'exit 7' TERM\nwhile :; do sleep 0.1; done\n";

#[test]
fn a_guardian_counts_from_the_last_renewal_and_not_from_its_own_start() {
    let site = Site::new("lock-allowance");
    let helm = site.script("helm", OBEDIENT);
    let guardian = |unrenewed: &str| {
        let program = site.program(env!("CARGO_BIN_EXE_helm-apply"));
        let mut command = program.args(["__guardian", "600000", unrenewed]).0;
        let mut guardian = command
            .arg(&helm)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the guardian starts");
        // No values.
        let stdin = guardian.stdin.as_mut().expect("it has one");
        stdin.write_all(&[0; 8]).expect("the guardian reads");
        guardian
    };
    let (mut long_unrenewed, mut renewed) = (guardian("595000"), guardian("0"));
    let status = wait_until("Helm is ended", || {
        long_unrenewed
            .try_wait()
            .unwrap()
            .ok_or("its lock has not run out")
    });
    assert_eq!(status.code(), Some(7));
    let reason = "Error: the lock was not renewed in time: Helm is ended\n";
    assert_eq!(said(&mut long_unrenewed), reason);
    assert_eq!(renewed.try_wait().unwrap(), None);
    drop(renewed.stdin.take());
    assert_eq!(renewed.wait().unwrap().code(), Some(7));
    assert_eq!(said(&mut renewed), "");
}

fn said(guardian: &mut Child) -> String {
    let stderr = guardian.stderr.take().expect("it has one");
    std::io::read_to_string(stderr).expect("it is a text")
}

#[test]
fn a_deploy_whose_lease_is_deleted_stops_and_makes_no_new_one() {
    let site = Site::new("lock-deleted");
    let deployment = site.push("new");
    let running = start_stuck(&site, Helm3, deployment);
    site.namespace.delete("Lease", ENVIRONMENT);
    running
        .end()
        .says("the lock is lost: its lease was deleted")
        .ends_with(1);
    assert_eq!(site.namespace.objects("Lease"), [""; 0]);
    assert_eq!(site.states(deployment), [InProgress, Failure]);
}

#[test]
fn a_deploy_whose_namespace_is_deleted_ends_with_one_clear_line() {
    let site = Site::new("lock-namespace");
    let deployment = site.push("new");
    let running = start_stuck(&site, Helm3, deployment);
    let namespaces: Api<Namespace> = Api::all(Cluster::shared().client());
    let params = DeleteParams::default();
    let deletion = namespaces.delete(site.namespace.name(), &params);
    let _ = Cluster::shared().block_on(deletion).unwrap();
    let ran = running.end().says("Deploy failed: ").ends_with(1);
    assert!(ran.stderr.is_empty(), "{ran}");
    assert_eq!(site.states(deployment), [InProgress, Failure]);
}

#[test]
fn a_newer_deployment_takes_over_from_a_running_one_within_seconds() {
    let site = Site::new("lock-newer");
    let older = site.push("new");
    let running = start_stuck(&site, Helm3, older);
    let newer = site.push("new");
    let begun = Instant::now();
    let next = land(&site, Helm3, newer).start();
    running
        .end()
        .says(&format!("Superseded by deployment {newer}"))
        .ends_with(3);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    next.end().ends_with(0);
    assert_eq!(site.states(older).last(), Some(&Inactive));
    assert_eq!(site.states(newer), [InProgress, Success]);
}

#[test]
fn a_migration_that_runs_is_not_interrupted_by_a_newer_deployment() {
    let site = Site::new("lock-migration");
    let migration = hook("migrate", "pre-install,pre-upgrade", "testbed/hold");
    let older = site.push("new");
    let running = site
        .helm_apply(Helm4, older)
        // With something to wait for behind it: else Helm may be done before it is asked to stop.
        .release(&objects(&[migration, stuck("gate")]))
        .start();
    let pod = site.wait_for_pod();
    let newer = site.push("new");
    let next = land(&site, Helm4, newer).start();
    wait_for_wish(&site, &json!({"deploy": newer}));
    let before = site.holder(ENVIRONMENT);
    site.wait_for_renewals(ENVIRONMENT, 2);
    assert_eq!(site.holder(ENVIRONMENT), before);
    assert_eq!(site.wait_for_pod(), pod);
    site.namespace.annotate("Pod", &pod, "testbed/hold", None);
    running.end().says("first the hook").ends_with(3);
    next.end().ends_with(0);
}

#[test]
fn a_migration_of_a_killed_run_is_waited_for() {
    let site = Site::new("lock-orphaned-migration");
    let migration = hook("migrate", "pre-install,pre-upgrade", "testbed/hold");
    let killed = site
        .helm_apply(Helm3, site.push("new"))
        .release(&objects(&[migration]))
        .start();
    let pod = site.wait_for_pod();
    let before = site.holder(ENVIRONMENT);
    killed.signal(Signal::KILL);
    drop(killed);
    let next = land(&site, Helm3, site.push("new")).start();
    wait_until("the lock has changed hands", || {
        Some(())
            .filter(|()| site.holder(ENVIRONMENT) != before)
            .ok_or("the dead one has it")
    });
    site.wait_for_renewals(ENVIRONMENT, 2);
    assert_eq!(site.wait_for_pod(), pod);
    site.namespace.annotate("Pod", &pod, "testbed/hold", None);
    next.end()
        .says("the hook Job/migrate of an earlier run still runs")
        .ends_with(0);
}

/// A deploy that lands by itself.
fn land(site: &Site, helm: testbed::tools::Tool, deployment: u64) -> Program {
    site.helm_apply(helm, deployment)
        .release(&objects(&[config_map("landed")]))
}

/// A deploy whose Helm waits for an address that does not come.
fn start_stuck(site: &Site, helm: testbed::tools::Tool, deployment: u64) -> Running {
    let running = site
        .helm_apply(helm, deployment)
        .release(&objects(&[stuck("gate")]))
        .start();
    site.wait_for_pod();
    running
}

/// The same for a new deployment, with its Helm.
fn in_mid_deploy(site: &Site, helm: testbed::tools::Tool) -> (Running, Process) {
    let running = start_stuck(site, helm, site.push("new"));
    let helm = Process::helm(site.namespace.name()).expect("Helm runs");
    (running, helm)
}

fn wait_for_wish(site: &Site, wish: &Value) {
    wait_until("the wish is written", || {
        let lease = site.namespace.get("Lease", ENVIRONMENT);
        let text = lease["metadata"]["annotations"]["branch-deploys/wish"].as_str();
        let found: Value = serde_json::from_str(text.ok_or("there is none")?).unwrap();
        (found == *wish).then_some(()).ok_or("it is another")
    });
}
