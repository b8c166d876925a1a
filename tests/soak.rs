//! Whatever happens, and however often: once all is quiet, exactly that is up which has to be.
//!
//! A plan is drawn from a seed and done to a world: pushes, deploys, deletions and sweeps in any order
//! and side by side, programs killed, cancelled and paused, GitHub and the cluster that answer wrongly,
//! late or not at all. The plan is always the same for a seed; how its programs meet is not.
//!
//! `cargo test` does one short plan; SOAK=full does twenty long ones, SOAK_SEED=7 the one of a seed.

mod job;
mod model;
mod plan;
mod world;

use std::{
    collections::BTreeSet,
    sync::{Mutex, atomic::AtomicUsize},
    thread,
    time::Instant,
};

use chrono::TimeDelta;
use testbed::github::DeploymentState::{Error, Failure, Inactive, Success};

use self::{
    job::Work,
    model::Expected,
    plan::{APPS, Place, plan},
    world::{World, environment, objects_of, record_of, release_of_secret, releases_of, there},
};

/// Operations of a long plan, and seeds of the full run.
const LONG: usize = 340;
const SEEDS: u64 = 20;

/// Operations of the plan that `cargo test` does.
const SHORT: usize = 70;

/// How many worlds there are at a time in the full run.
const AT_ONCE: usize = 3;

#[test]
fn once_all_is_quiet_exactly_that_is_up_which_has_to_be() {
    let begun = Instant::now();
    let (seeds, length): (Vec<u64>, usize) = match (number("SOAK_SEED"), is_full()) {
        (Some(seed), _) => (vec![seed], LONG),
        (None, true) => ((1..=SEEDS).collect(), LONG),
        (None, false) => (vec![1], SHORT),
    };
    let length = number("SOAK_LENGTH").map_or(length, |length| length as usize);
    let left = Mutex::new(seeds.iter());
    let (done, runs) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(seeds.len()) {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("nobody panics with it").next();
                    let Some(seed) = next else { return };
                    let (operations, programs) = lived(*seed, length);
                    add(&done, operations);
                    add(&runs, programs);
                }
            });
        }
    });
    println!(
        "{} operations of {} seeds, {} programs run, in {:.0} s; leftovers 0, wrong deletions 0",
        done.into_inner(),
        seeds.len(),
        runs.into_inner(),
        begun.elapsed().as_secs_f64(),
    );
}

fn add(to: &AtomicUsize, more: usize) {
    to.fetch_add(more, std::sync::atomic::Ordering::Relaxed);
}

fn is_full() -> bool {
    std::env::var_os("SOAK").is_some_and(|value| value == "full")
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Does a plan to a world, lets it be quiet, and sees what is left; how many operations and programs
/// that were.
fn lived(seed: u64, length: usize) -> (usize, usize) {
    let begun = Instant::now();
    let mut world = World::new(seed, length);
    for operation in plan(seed, length) {
        world.act(operation);
    }
    quieten(&mut world);
    is_as_expected(&world);
    every_deployment_has_its_final_status(&mut world);
    is_as_expected(&world);
    let time = begun.elapsed().as_secs();
    println!(
        "seed {seed}: {} operations in {time} s; {:?}",
        world.done, world.ends
    );
    (world.done, world.started)
}

/// All comes to its end; what failed is run again, and swept once more.
fn quieten(world: &mut World) {
    world.calm();
    for place in Place::all() {
        let newest = world.newest(place);
        let newest = newest.filter(|_| world.history.is_there(place.branch));
        if let Some(id) = newest.filter(|id| world.history.is_unfinished(place, *id)) {
            world.run(Work::Deploy(place, id));
        }
    }
    sweep(world);
}

fn sweep(world: &mut World) {
    world.calm();
    for app in 0..APPS.len() {
        world.run(Work::SweepStale(app));
    }
    world.calm();
}

/// Sees that what is up is what has to be, and nothing else is there.
fn is_as_expected(world: &World) {
    let site = &world.site;
    let up: Vec<(Place, u64)> = Place::all().filter_map(|it| up_at(world, it)).collect();
    let of_all = |each: &dyn Fn(Place, u64) -> Vec<String>| -> BTreeSet<String> {
        up.iter().flat_map(|(at, id)| each(*at, *id)).collect()
    };
    let names: BTreeSet<String> = there(site, "ConfigMap").into_iter().collect();
    assert_eq!(names, of_all(&objects_of), "ConfigMaps");
    let secrets = there(site, "Secret").into_iter();
    let releases: BTreeSet<String> = secrets.filter_map(|it| release_of_secret(&it)).collect();
    assert_eq!(releases, of_all(&|at, _| releases_of(at)), "releases");
    let leases: BTreeSet<String> = there(site, "Lease").into_iter().collect();
    let environments = of_all(&|at, _| vec![environment(at)]);
    assert_eq!(leases, environments, "records");
    for left in site.namespace.inventory() {
        let (kind, name) = left.split_once('/').expect("a kind and a name");
        let of_one = environments.iter().any(|it| name.starts_with(it.as_str()));
        let known = matches!(kind, "ConfigMap" | "Secret" | "Lease");
        assert!(known || of_one, "{left} is left over");
    }
}

/// The deployment that is up at a place, as it has to be.
fn up_at(world: &World, place: Place) -> Option<(Place, u64)> {
    let newest = world.newest(place);
    let expected = world.history.expected(place, newest);
    let record = record_of(&world.site, place);
    let id = match (expected, &record) {
        (Expected::Nothing, _) | (Expected::Either(_), None) => return None,
        (Expected::Up(id) | Expected::Either(id), _) => id,
    };
    let record = record.unwrap_or_else(|| panic!("{place:?} has to be up: {expected:?}"));
    assert_eq!(record["phase"], "up", "{place:?}: {record}");
    assert_eq!(record["deployed"], id, "{place:?}: {record}");
    assert!(world.site.is_free(&environment(place)), "{place:?} is held");
    Some((place, id))
}

/// Days go by, with a sweep each; then no deployment is in the middle of anything.
fn every_deployment_has_its_final_status(world: &mut World) {
    let repository = world.site.repository.clone();
    for deployment in repository.deployments() {
        repository.age_deployment(deployment.id, TimeDelta::hours(25));
    }
    sweep(world);
    for place in Place::all() {
        let up = up_at(world, place).map(|(_, id)| id);
        for deployment in world.asked(place) {
            let state = deployment.state();
            let is_final = match up == Some(deployment.id) {
                true => state == Some(Success),
                false => matches!(state, Some(Inactive | Failure | Error)),
            };
            let id = deployment.id;
            assert!(is_final, "{place:?}: {id} is {state:?}, while {up:?} is up");
        }
    }
}
