//! Runs that meet on one environment: whoever comes first at which point, what comes of it is one of
//! the outcomes that are stated here, and nothing is left over.
//!
//! One of the two is held at each request that it or its Helm sends, or is stopped there until its lock
//! has run out, and then the other begins. In `cargo test` that is every sixth request; with RACES=full
//! each.

mod handover;
mod paused;
mod race;

use chrono::TimeDelta;
use testbed::{
    faults::{Effect, Gate, Matcher},
    github::DeploymentState::{Failure, Inactive, Success},
    tools::Tool,
};

use self::race::{HeldBy, Race};
use crate::{
    objects::{config_map, objects},
    site::{HELMS, Program, Site},
};

const ENVIRONMENT: &str = "hey-new";

/// The id of the deployment that was queued as the nth, counted from 0.
fn nth(site: &Site, n: usize) -> u64 {
    site.repository.deployments()[n].id
}

/// A deploy of the deployment that was queued as the nth, which makes an object with that number.
fn deploy(site: &Site, helm: Tool, n: usize) -> Program {
    let app = objects(&[config_map("both"), config_map(&format!("of-{n}"))]);
    site.helm_apply(helm, nth(site, n)).release(&app)
}

/// The first deployment is up, and a second one is queued.
fn up_and_queued(site: &Site, helm: Tool) {
    site.push("new");
    deploy(site, helm, 0).run().ends_with(0);
    site.push("new");
}

/// The same, and what is up was deployed nine days ago.
fn old_and_queued(site: &Site, helm: Tool) {
    up_and_queued(site, helm);
    site.age(ENVIRONMENT, TimeDelta::days(9));
}

fn delete(site: &Site) {
    site.repository.delete_branch("new");
}

#[test]
fn a_deploy_and_the_sweep_of_its_deleted_branch_leave_nothing() {
    race::run(&Race {
        name: "deploy-sweep-deleted",
        prepare: up_and_queued,
        held: |site, helm| deploy(site, helm, 1),
        held_by: HeldBy::TheWire,
        meanwhile: delete,
        other: |site, helm| site.sweep_deleted(helm, "new"),
        outcome: |met| {
            // Up before the sweep, or told that the branch is gone.
            met.end_with(&[0, 3], &[0]).leave_nothing();
            for n in [0, 1] {
                let states = met.site.states(nth(met.site, n));
                assert_eq!(states.last(), Some(&Inactive), "{n}: {met}");
            }
        },
    });
}

#[test]
fn a_first_deploy_and_the_sweep_of_its_deleted_branch_leave_nothing() {
    race::run(&Race {
        name: "first-sweep-deleted",
        prepare: |site, _| {
            site.push("new");
        },
        held: |site, helm| deploy(site, helm, 0),
        held_by: HeldBy::TheWire,
        meanwhile: delete,
        other: |site, helm| site.sweep_deleted(helm, "new"),
        outcome: |met| {
            met.end_with(&[0, 3], &[0]).leave_nothing();
            let states = met.site.states(nth(met.site, 0));
            assert_eq!(states.last(), Some(&Inactive), "{met}");
        },
    });
}

#[test]
fn a_sweep_and_a_queued_deploy_of_the_deleted_branch_leave_nothing() {
    race::run(&Race {
        name: "sweep-deleted-deploy",
        prepare: |site, helm| {
            up_and_queued(site, helm);
            delete(site);
        },
        held: |site, helm| site.sweep_deleted(helm, "new"),
        held_by: HeldBy::TheWire,
        meanwhile: |_| {},
        other: |site, helm| deploy(site, helm, 1),
        outcome: |met| {
            met.end_with(&[0], &[3]).leave_nothing();
            for n in [0, 1] {
                let states = met.site.states(nth(met.site, n));
                assert_eq!(states.last(), Some(&Inactive), "{n}: {met}");
            }
        },
    });
}

#[test]
fn a_deploy_lands_whatever_a_sweep_by_age_does_meanwhile() {
    race::run(&Race {
        name: "deploy-sweep-stale",
        prepare: old_and_queued,
        held: |site, helm| deploy(site, helm, 1),
        held_by: HeldBy::TheWire,
        meanwhile: |_| {},
        other: |site, helm| site.sweep_stale(helm),
        outcome: |met| {
            met.end_with(&[0], &[0])
                .leave_up(nth(met.site, 1), &["both", "of-1"]);
            let last = [0, 1].map(|n| met.site.states(nth(met.site, n)).pop());
            assert_eq!(last, [Some(Inactive), Some(Success)], "{met}");
        },
    });
}

#[test]
fn a_sweep_by_age_takes_no_deploy_along_that_comes_meanwhile() {
    race::run(&Race {
        name: "sweep-stale-deploy",
        prepare: old_and_queued,
        held: |site, helm| site.sweep_stale(helm),
        held_by: HeldBy::TheWire,
        meanwhile: |_| {},
        other: |site, helm| deploy(site, helm, 1),
        outcome: |met| {
            met.end_with(&[0], &[0])
                .leave_up(nth(met.site, 1), &["both", "of-1"]);
            let last = [0, 1].map(|n| met.site.states(nth(met.site, n)).pop());
            assert_eq!(last, [Some(Inactive), Some(Success)], "{met}");
        },
    });
}

#[test]
fn of_two_first_deploys_at_once_the_newer_is_up() {
    race::run(&Race {
        name: "two-first",
        prepare: |site, _| {
            site.push("new");
        },
        held: |site, helm| deploy(site, helm, 0),
        held_by: HeldBy::TheWire,
        meanwhile: |site| {
            site.push("new");
        },
        other: |site, helm| deploy(site, helm, 1),
        outcome: the_newer_is_up,
    });
}

#[test]
fn a_newer_deploy_overtakes_an_older_one_in_every_phase() {
    race::run(&Race {
        name: "overtaken",
        prepare: up_and_queued,
        held: |site, helm| deploy(site, helm, 1),
        held_by: HeldBy::TheWire,
        meanwhile: |site| {
            site.push("new");
        },
        other: |site, helm| deploy(site, helm, 2),
        outcome: the_newer_is_up,
    });
}

/// The last deployment is up; the one before it was superseded, or landed first.
fn the_newer_is_up(met: &race::Met<'_>) {
    let newest = met.site.repository.deployments().len() - 1;
    let of_newest = format!("of-{newest}");
    met.end_with(&[0, 3], &[0])
        .leave_up(nth(met.site, newest), &["both", &of_newest]);
    for n in 0..=newest {
        let last = met.site.states(nth(met.site, n)).pop();
        let expected = if n == newest { Success } else { Inactive };
        assert_eq!(last, Some(expected), "{n}: {met}");
    }
}

#[test]
fn a_deploy_that_was_paused_past_its_lock_takes_nothing_from_the_one_that_came_after() {
    race::run(&Race {
        name: "paused-deploy",
        prepare: up_and_queued,
        held: |site, helm| deploy(site, helm, 1),
        held_by: HeldBy::APause,
        meanwhile: |_| {},
        // The same deployment, as somebody who runs the build again.
        other: |site, helm| deploy(site, helm, 1),
        outcome: |met| {
            met.end_with(&[0, 1], &[0])
                .leave_up(nth(met.site, 1), &["both", "of-1"]);
            let last = [0, 1].map(|n| met.site.states(nth(met.site, n)).pop());
            assert_eq!(last, [Some(Inactive), Some(Success)], "{met}");
        },
    });
}

#[test]
fn a_deploy_that_was_paused_past_its_lock_brings_back_nothing_that_was_swept() {
    race::run(&Race {
        name: "paused-deploy-swept",
        prepare: up_and_queued,
        held: |site, helm| deploy(site, helm, 1),
        held_by: HeldBy::APause,
        meanwhile: delete,
        other: |site, helm| site.sweep_deleted(helm, "new"),
        outcome: |met| {
            met.end_with(&[0, 1, 3], &[0]).leave_nothing();
            for n in [0, 1] {
                let last = met.site.states(nth(met.site, n)).pop();
                assert!(matches!(last, Some(Inactive | Failure)), "{n}: {met}");
            }
        },
    });
}

#[test]
fn a_sweep_that_was_paused_past_its_lock_takes_nothing_of_the_branch_that_came_back() {
    race::run(&Race {
        name: "paused-sweep",
        prepare: |site, helm| {
            up_and_queued(site, helm);
            delete(site);
        },
        held: |site, helm| site.sweep_deleted(helm, "new"),
        held_by: HeldBy::APause,
        meanwhile: |site| {
            site.push("new");
        },
        other: |site, helm| deploy(site, helm, 2),
        outcome: |met| {
            met.end_with(&[0, 1], &[0]);
            is_up_again(met);
        },
    });
}

#[test]
fn a_branch_that_comes_back_and_is_deployed_while_it_is_swept_is_up() {
    race::run(&Race {
        name: "back-again",
        prepare: |site, helm| {
            up_and_queued(site, helm);
            delete(site);
        },
        held: |site, helm| site.sweep_deleted(helm, "new"),
        held_by: HeldBy::TheWire,
        meanwhile: |site| {
            site.push("new");
        },
        other: |site, helm| deploy(site, helm, 2),
        outcome: |met| {
            // The sweep saw that it is back, or removed what was before.
            met.end_with(&[0], &[0]);
            is_up_again(met);
        },
    });
}

#[test]
fn the_event_and_the_daily_sweep_together_leave_nothing() {
    race::run(&Race {
        name: "two-sweeps",
        prepare: |site, helm| {
            up_and_queued(site, helm);
            delete(site);
        },
        held: |site, helm| site.sweep_deleted(helm, "new"),
        held_by: HeldBy::TheWire,
        meanwhile: |_| {},
        other: |site, helm| site.sweep_stale(helm),
        outcome: |met| {
            met.end_with(&[0], &[0]).leave_nothing();
            let last = met.site.states(nth(met.site, 0)).pop();
            assert_eq!(last, Some(Inactive), "{met}");
        },
    });
}

#[test]
fn the_daily_sweep_and_an_event_that_comes_meanwhile_leave_nothing() {
    race::run(&Race {
        name: "two-sweeps-other-way",
        prepare: |site, helm| {
            up_and_queued(site, helm);
            delete(site);
        },
        held: |site, helm| site.sweep_stale(helm),
        held_by: HeldBy::TheWire,
        meanwhile: |_| {},
        other: |site, helm| site.sweep_deleted(helm, "new"),
        outcome: |met| {
            met.end_with(&[0], &[0]).leave_nothing();
            let last = met.site.states(nth(met.site, 0)).pop();
            assert_eq!(last, Some(Inactive), "{met}");
        },
    });
}

#[test]
fn a_sweep_by_age_that_was_paused_past_its_lock_takes_no_deploy_along() {
    race::run(&Race {
        name: "paused-sweep-stale",
        prepare: old_and_queued,
        held: |site, helm| site.sweep_stale(helm),
        held_by: HeldBy::APause,
        meanwhile: |_| {},
        other: |site, helm| deploy(site, helm, 1),
        outcome: |met| {
            // It wakes before it judged, or has lost the lock.
            met.end_with(&[0, 1], &[0])
                .leave_up(nth(met.site, 1), &["both", "of-1"]);
            let last = [0, 1].map(|n| met.site.states(nth(met.site, n)).pop());
            assert_eq!(last, [Some(Inactive), Some(Success)], "{met}");
        },
    });
}

#[test]
fn a_branch_that_comes_back_and_is_deployed_during_the_daily_sweep_is_up() {
    race::run(&Race {
        name: "back-again-daily",
        prepare: |site, helm| {
            up_and_queued(site, helm);
            delete(site);
        },
        held: |site, helm| site.sweep_stale(helm),
        held_by: HeldBy::TheWire,
        meanwhile: |site| {
            site.push("new");
        },
        other: |site, helm| deploy(site, helm, 2),
        outcome: |met| {
            // The sweep saw that it is back, or not what it is, or removed what was before.
            met.end_with(&[0, 1], &[0]);
            is_up_again(met);
        },
    });
}

/// The branch's third deployment is up, and of the first that was said.
fn is_up_again(met: &race::Met<'_>) {
    met.leave_up(nth(met.site, 2), &["both", "of-2"]);
    let last = [0, 2].map(|n| met.site.states(nth(met.site, n)).pop());
    assert_eq!(last, [Some(Inactive), Some(Success)], "{met}");
}

#[test]
fn an_environment_that_goes_while_it_is_listed_fails_no_sweep() {
    let site = Site::new("listed-going");
    up_and_queued(&site, HELMS[0]);
    delete(&site);
    let front = site.namespace.front(&site.kubeconfig);
    let records = Matcher::get("/apis/coordination.k8s.io/v1/namespaces/*/leases").once();
    let releases = Matcher::get("/api/v1/namespaces/*/secrets").once();
    let (faults, gate, listed) = (front.faults(), Gate::default(), Gate::default());
    faults.when(records).then(Effect::hold_before(&gate));
    faults.when(releases).then(Effect::hold_after(&listed));
    let sweep = site.sweep_stale(HELMS[1]);
    let sweep = sweep.env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig());
    let sweep = sweep.start();
    // Its releases are listed, and its record is not yet.
    gate.reached();
    listed.reached();
    site.sweep_deleted(HELMS[0], "new").run().ends_with(0);
    listed.open();
    gate.open();
    sweep.end().ends_with(0);
    assert_eq!(site.namespace.inventory(), [""; 0]);
}
