//! Runs that are stopped in the middle of one certain request, and go on when others were there.

use rustix::process::Signal;
use testbed::{
    Front,
    faults::{Effect, Gate, Matcher},
    github::DeploymentState::Success,
    tools::Tool::{Helm3, Helm4},
};

use super::{delete, deploy, nth, up_and_queued};
use crate::site::{Program, Running, Site};

/// A run that is stopped while its request is answered.
fn stopped_at(site: &Site, request: Matcher, run: Program) -> (Running, Front) {
    let (front, gate) = (site.namespace.front(&site.kubeconfig), Gate::default());
    let effect = Effect::hold_after(&gate);
    front.faults().when(request.once()).then(effect);
    let run = run.env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig());
    let running = run.start();
    gate.reached();
    running.signal(Signal::STOP);
    gate.open();
    (running, front)
}

#[test]
fn a_lock_is_held_from_when_it_was_asked_for_and_not_from_when_the_answer_was_read() {
    let site = Site::new("paused-acquiring");
    up_and_queued(&site, Helm3);
    let leases = "/apis/coordination.k8s.io/v1/namespaces/*/leases/hey-new";
    let taking = Matcher::any(leases).method(http::Method::PUT);
    let (paused, _front) = stopped_at(&site, taking, deploy(&site, Helm3, 1));
    deploy(&site, Helm4, 1).run().ends_with(0);
    paused.signal(Signal::CONT);
    paused.end().says("the lock is lost").ends_with(1);
    assert_eq!(site.states(nth(&site, 1)).pop(), Some(Success));
}

#[test]
fn a_sweep_that_was_paused_deletes_nothing_that_it_reads_when_it_wakes() {
    let site = Site::new("paused-looking");
    up_and_queued(&site, Helm4);
    delete(&site);
    let looking = Matcher::get("/api/v1");
    let (paused, _front) = stopped_at(&site, looking, site.sweep_deleted(Helm4, "new"));
    site.push("new");
    deploy(&site, Helm3, 2).run().ends_with(0);
    paused.signal(Signal::CONT);
    paused.end().says("the lock is lost").ends_with(1);
    let made = site.namespace.objects("ConfigMap");
    assert_eq!(made, ["both", "kube-root-ca.crt", "of-2"]);
}
