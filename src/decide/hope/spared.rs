//! What befalls a release and keeps it from nothing.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;

use super::{
    super::rollout::{is_ready, owned, pods_of, ready, spared},
    Awaited,
    patience::is_of_room,
};
use crate::model::{Object, Scene, Trouble, What};

/// Whether what befalls an object keeps the release from nothing: Helm has yet to come to it, or enough of
/// its pods are left. Helm waits for those that it may not do without, and an address answers by one.
pub(super) fn is_spared(
    scene: &Scene,
    object: &Object,
    awaited: &Awaited,
    fatal: &[(Trouble, Duration)],
) -> bool {
    let (kind, name) = (&object.key.kind, &object.key.name);
    let Some(live) = scene.object(kind, name) else {
        return false;
    };
    if matches!(awaited, Awaited::Rollout { standing, .. } if standing.awaits_helm(scene, object)) {
        return true;
    }
    let pods = pods_of(scene, kind, live);
    let Some((ready, wanted)) = ready(kind, live, &pods) else {
        return false;
    };
    let workload = object.key.to_string();
    let troubles = fatal.iter().map(|(trouble, _)| trouble);
    let troubles: Vec<_> = troubles.filter(|it| it.workload == workload).collect();
    let has_old = owned(scene, kind, live).count() > pods.len();
    if has_old && gains_room(&pods, &troubles) {
        return true;
    }
    let needed = match awaited {
        Awaited::Rollout { spares, .. } => needed(kind, live, wanted, *spares),
        Awaited::Answer => 0,
    };
    // Helm 3 may be content with none: nobody else is.
    let needed = needed.max(wanted.min(1));
    let lost = lost(&pods, &troubles, ready, wanted);
    // A rolling update goes no further as long as none of its new pods is well. Once it is up, old ones answer.
    let is_rising = matches!(awaited, Awaited::Rollout { .. });
    let is_stuck = is_rising && !pods.is_empty() && pods.len() == with_trouble(&troubles).len();
    !is_stuck && wanted.saturating_sub(lost) >= needed
}

/// The names of the pods that have one of these troubles.
fn with_trouble<'a>(troubles: &[&'a Trouble]) -> BTreeSet<&'a str> {
    let pods = troubles.iter().filter_map(|it| it.pod.as_deref());
    pods.collect()
}

/// Whether it lacks room alone, and one of its new pods begins: an old one goes for each that is ready.
fn gains_room(pods: &[&Value], troubles: &[&Trouble]) -> bool {
    let lost = with_trouble(troubles);
    let begins = |pod: &&Value| {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        !lost.contains(name) && !is_ready(pod)
    };
    troubles.iter().all(|it| is_of_room(&it.what)) && pods.iter().any(begins)
}

/// How many of the `wanted` pods will not be ready, by these troubles.
fn lost(pods: &[&Value], troubles: &[&Trouble], ready: u64, wanted: u64) -> u64 {
    let lost = with_trouble(troubles).len() as u64;
    let has = |is: fn(&What) -> bool| troubles.iter().any(|it| is(&it.what));
    if has(|what| matches!(what, What::Claim { .. })) {
        // Any that is not ready may wait for that disk.
        wanted.saturating_sub(ready)
    } else if has(|what| matches!(what, What::NotMade(_))) {
        lost + wanted.saturating_sub(pods.len() as u64)
    } else {
        lost
    }
}

/// Whether the workload that has the trouble is ready, for a Helm that `spares` what a rolling update may do
/// without, or waits for all.
pub fn has_enough(scene: &Scene, objects: &[Object], trouble: &Trouble, spares: bool) -> bool {
    let mut objects = objects.iter();
    let object = objects.find(|object| object.key.to_string() == trouble.workload);
    let live = object.and_then(|it| scene.object(&it.key.kind, &it.key.name));
    let Some((object, live, (ready, wanted))) = object
        .zip(live)
        .zip(trouble.ready)
        .map(|((object, live), ready)| (object, live, ready))
    else {
        return false;
    };
    ready > 0 && ready >= needed(&object.key.kind, live, wanted, spares)
}

/// How many ready pods Helm waits for.
fn needed(kind: &str, workload: &Value, wanted: u64, spares: bool) -> u64 {
    match spares {
        true => wanted - spared(kind, workload, wanted),
        false => wanted,
    }
}
