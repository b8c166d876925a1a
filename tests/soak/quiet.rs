//! What is left once all is quiet, against what has to be.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use testbed::github::DeploymentState::{Error, Failure, Inactive, Success};

use super::{
    job::Work,
    model::Expected,
    plan::{APPS, Place},
    world::{World, environment, objects_of, record_of, releases_of},
};

/// All comes to its end; what failed is run again, and swept once more.
pub fn quieten(world: &mut World) {
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
pub fn is_as_expected(world: &mut World) {
    let up: Vec<(Place, u64)> = Place::all().filter_map(|it| up_at(world, it)).collect();
    let mut wanted = BTreeSet::from(["ConfigMap/theirs".to_owned()]);
    for (place, deployment) in &up {
        wanted.extend(all_of(world, *place, *deployment));
    }
    let inventory = world.site.namespace.inventory().into_iter();
    // A pod's name is its Job's, and five letters.
    let found: BTreeSet<String> = inventory.map(|it| without_suffix(&it)).collect();
    let missing: Vec<_> = wanted.difference(&found).collect();
    let over: Vec<_> = found.difference(&wanted).collect();
    world.figures.looked(wanted.len(), missing.len());
    world.figures.found += found.len();
    world.figures.left_over += over.len();
    assert!(missing.is_empty(), "missing: {missing:?}");
    assert!(over.is_empty(), "left over: {over:?}");
}

fn without_suffix(object: &str) -> String {
    let job = object.strip_prefix("Pod/").and_then(|name| {
        let (job, letters) = name.rsplit_once('-')?;
        (letters.len() == 5).then_some(job)
    });
    job.map_or(object.to_owned(), |job| format!("Pod/{job}-"))
}

/// Everything that an environment is made of, as `Kind/name`.
fn all_of(world: &World, place: Place, deployment: u64) -> BTreeSet<String> {
    let name = environment(place);
    let mut all = BTreeSet::from([format!("Lease/{name}")]);
    let made = objects_of(place, deployment).into_iter();
    all.extend(made.map(|it| format!("ConfigMap/{it}")));
    if place.branch == 2 {
        all.extend(["Job", "Pod"].map(|kind| {
            let end = if kind == "Pod" { "-" } else { "" };
            format!("{kind}/{name}-migrate{end}")
        }));
    }
    for release in releases_of(place) {
        let revisions = kept_of(world, place, &release).into_iter();
        all.extend(revisions.map(|it| format!("Secret/sh.helm.release.v1.{release}.v{it}")));
    }
    all
}

/// The revisions of a release that is up: the newest is deployed and no other, and there are no more than
/// Helm was told to keep.
fn kept_of(world: &World, place: Place, release: &str) -> Vec<u32> {
    let revisions = world.site.namespace.release_revisions(release);
    let deployed = revisions.iter().filter(|it| it.1 == "deployed").count();
    let is_newest = revisions.last().is_some_and(|it| it.1 == "deployed");
    assert!(is_newest && deployed == 1, "{release}: {revisions:?}");
    // Helm keeps one more where the one that is deployed is older than those.
    let most = if place.branch == 2 { 3 } else { 11 };
    assert!(revisions.len() <= most, "{release}: {revisions:?}");
    revisions.into_iter().map(|it| it.0).collect()
}

/// The deployment that is up at a place, as it has to be.
fn up_at(world: &World, place: Place) -> Option<(Place, u64)> {
    let newest = world.newest(place);
    let expected = world.history.expected(place, newest);
    let record = record_of(&world.site, place);
    let Some(record) = record else {
        let may_be_nothing = !matches!(expected, Expected::Up(_));
        assert!(may_be_nothing, "{place:?} has to be up: {expected:?}");
        return None;
    };
    let id = match expected {
        Expected::Nothing => return None,
        Expected::Up(id) | Expected::Either(id) => id,
        // A deploy that was killed may have landed and not told.
        Expected::Before(newest) => {
            let id = record["deployed"].as_u64().unwrap_or_default();
            let is_there = world.asked(place).iter().any(|it| it.id == id);
            assert!(id < newest && is_there, "{place:?}: {expected:?}, {record}");
            id
        }
    };
    assert_eq!(record["phase"], "up", "{place:?}: {record}");
    assert_eq!(record["deployed"], id, "{place:?}: {record}");
    assert!(world.site.is_free(&environment(place)), "{place:?} is held");
    Some((place, id))
}

/// Days go by, with a sweep each; then no deployment is in the middle of anything.
pub fn every_deployment_has_its_final_status(world: &mut World) {
    let repository = world.site.repository.clone();
    for deployment in repository.deployments() {
        repository.age_deployment(deployment.id, TimeDelta::hours(25));
    }
    sweep(world);
    let (mut seen, mut wrong) = (0, Vec::new());
    for place in Place::all() {
        let up = up_at(world, place).map(|(_, id)| id);
        for deployment in world.asked(place) {
            seen += 1;
            let state = deployment.state();
            let is_final = match up == Some(deployment.id) {
                true => state == Some(Success),
                false => matches!(state, Some(Inactive | Failure | Error)),
            };
            if !is_final {
                let id = deployment.id;
                wrong.push(format!("{place:?}: {id} is {state:?}, while {up:?} is up"));
            }
        }
    }
    world.figures.deployments += seen;
    world.figures.without_final_status += wrong.len();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let all = repository.deployments().len();
    assert_eq!(seen, all, "a deployment is of no branch of ours");
}

/// Whoever is there is deployed in the end: where nothing is up, since its branch was gone when it was its
/// turn or a sweep met it, it is asked for once more, and that lands.
pub fn every_branch_that_is_there_lands(world: &mut World) {
    let there = |world: &World| -> Vec<Place> {
        let is_there = |place: &Place| world.history.is_there(place.branch);
        Place::all().filter(is_there).collect()
    };
    for place in there(world) {
        if up_at(world, place).is_none() {
            world.run(Work::Ask(place));
            world.calm();
            let asked = world.newest(place).expect("it was asked for");
            world.run(Work::Deploy(place, asked));
            world.calm();
        }
    }
    let places = there(world);
    let down = places.iter().filter(|it| up_at(world, **it).is_none());
    let down: Vec<_> = down.collect();
    world.figures.wanted += places.len();
    world.figures.without_commit += down.len();
    assert!(down.is_empty(), "nothing is up at {down:?}");
}
