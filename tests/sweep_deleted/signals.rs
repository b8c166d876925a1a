//! A sweep that is cancelled.

use std::time::{Duration, Instant};

use http::Method;
use rustix::process::Signal;
use testbed::{
    faults::{Effect, Gate, Matcher},
    tools::Tool::Helm4,
    wait_until,
};

use super::{ENVIRONMENT, deleted, is_empty};
use crate::link::Link;

#[test]
fn a_github_that_hangs_holds_no_cancelled_sweep_up_and_the_next_one_goes_on() {
    let reference = || Matcher::get("/repos/acme/hey/git/ref/heads/new");
    let phases = [
        // Before the lock is held, and under it.
        reference().once(),
        reference().nth(3),
        // All is removed, and GitHub's deployment is made inactive.
        Matcher::post("/repos/acme/hey/deployments/*/statuses").once(),
    ];
    for held in phases {
        let (site, _) = deleted("sweep-cancelled", Helm4);
        let gate = Gate::default();
        site.github
            .faults()
            .when(held)
            .then(Effect::hold_before(&gate));
        let sweep = site.sweep_deleted(Helm4, "new").start();
        gate.reached();
        sweep.signal(Signal::TERM);
        let begun = Instant::now();
        sweep.end().ends_with(143);
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        assert!(site.is_free_or_gone(ENVIRONMENT));
        gate.open();
        site.sweep_deleted(Helm4, "new").run().ends_with(0);
        is_empty(&site);
    }
}

#[test]
fn a_lock_that_is_being_taken_when_the_signal_comes_is_let_go() {
    let (site, _) = deleted("sweep-taking", Helm4);
    let front = site.namespace.front(&site.kubeconfig);
    let leases = "/apis/coordination.k8s.io/v1/namespaces/*/leases/*";
    let taken = Matcher::any(leases).method(Method::PUT).once();
    let late = Effect::late_answer(Duration::from_secs(1));
    front.faults().when(taken).then(late);
    let sweep = site
        .sweep_deleted(Helm4, "new")
        .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
        .start();
    // The cluster has written it, and the sweep does not know that yet.
    wait_until("the lock is taken", || {
        (!site.is_free(ENVIRONMENT))
            .then_some(())
            .ok_or("it is not")
    });
    sweep.signal(Signal::TERM);
    sweep.end().ends_with(143);
    assert!(site.is_free(ENVIRONMENT));
}

#[test]
fn a_cluster_that_hangs_holds_no_cancelled_sweep_up() {
    let (site, _) = deleted("sweep-hung-cluster", Helm4);
    let link = Link::new(&site);
    let gate = Gate::default();
    // Under the lock.
    let reference = Matcher::get("/repos/acme/hey/git/ref/heads/new");
    site.github
        .faults()
        .when(reference.nth(3))
        .then(Effect::hold_before(&gate));
    let sweep = site
        .sweep_deleted(Helm4, "new")
        .env("BRANCH_DEPLOYS_KUBECONFIG", &link.kubeconfig)
        .env("BRANCH_DEPLOYS_LOCK_DURATION", "60s")
        .start();
    gate.reached();
    link.cut();
    sweep.signal(Signal::TERM);
    let begun = Instant::now();
    sweep
        .end()
        .ends_with(143)
        .says("the cluster is too slow to let the lock go");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    gate.open();
}
