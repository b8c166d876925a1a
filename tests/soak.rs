//! Whatever happens, and however often: once all is quiet, exactly that is up which has to be.
//!
//! A plan is drawn from a seed and done to a world: pushes, deploys, deletions and sweeps in any order
//! and side by side, programs killed, cancelled and paused, GitHub and the cluster that answer wrongly,
//! late or not at all. The plan is always the same for a seed; how its programs meet is not.
//!
//! `cargo test` does one short plan; SOAK=full does twenty long ones, SOAK_SEED=7 the one of a seed.

mod figures;
mod job;
mod model;
mod plan;
mod quiet;
mod world;

use std::{sync::Mutex, thread, time::Instant};

use self::{
    figures::Figures,
    plan::plan,
    quiet::{
        every_branch_that_is_there_lands, every_deployment_has_its_final_status, is_as_expected,
        quieten,
    },
    world::World,
};

/// Operations of a long plan, and seeds of the full run.
const LONG: usize = 340;
const SEEDS: u64 = 20;

/// Operations of the plan that `cargo test` does.
const SHORT: usize = 180;

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
    let figures = Mutex::new(Figures::default());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(seeds.len()) {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("nobody panics with it").next();
                    let Some(seed) = next else { return };
                    let lived = lived(*seed, length);
                    *figures.lock().expect("nobody panics with it") += lived;
                }
            });
        }
    });
    let figures = figures.into_inner().expect("nobody panicked with it");
    let seconds = begun.elapsed().as_secs();
    println!("all of it, in {seconds} s: {figures}");
    // Without them the figures tell of nothing.
    assert!(figures.deployments > 0 && figures.met.contains_key("Killed"));
}

fn is_full() -> bool {
    std::env::var_os("SOAK").is_some_and(|value| value == "full")
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Does a plan to a world, lets it be quiet, and sees what is left; what was measured of that.
fn lived(seed: u64, length: usize) -> Figures {
    let begun = Instant::now();
    let mut world = World::new(seed, length);
    for operation in plan(seed, length) {
        world.act(operation);
    }
    quieten(&mut world);
    is_as_expected(&mut world);
    every_branch_that_is_there_lands(&mut world);
    every_deployment_has_its_final_status(&mut world);
    is_as_expected(&mut world);
    let mut figures = std::mem::take(&mut world.figures);
    figures.seeds = 1;
    figures.operations = world.done;
    figures.programs = world.started;
    println!("seed {seed}, in {} s: {figures}", begun.elapsed().as_secs());
    figures
}
