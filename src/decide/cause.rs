//! Why a release is not ready: of all that is wrong with it, the most important first.

mod alike;
mod disk;
mod ingress;
mod made;
mod pod;
mod rank;
mod told;

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use serde_json::Value;

pub use self::alike::{beside, is_same, is_soft};
pub(super) use self::made::is_done;
pub use self::told::told;
use self::{rank::rank, told::about};
use super::rollout::{pods_of, ready};
use crate::model::{DEADLINE, Event, Object, Scene, Trouble, What};

/// All that is wrong with the objects of a release, the most important first. What was said, and which
/// hooks ran, before `since` is another deploy's.
pub fn troubles(scene: &Scene, objects: &[Object], since: Option<DateTime<Utc>>) -> Vec<Trouble> {
    let mut troubles: Vec<Trouble> = objects
        .iter()
        .flat_map(|object| of_object(&Look { scene, since }, object))
        .collect();
    troubles.sort_by_key(rank);
    troubles
}

/// The object that has the trouble: a pod, a claim, or the workload itself.
pub(super) fn subject<'a>(scene: &'a Scene, trouble: &Trouble) -> Option<&'a Value> {
    let (kind, name) = trouble.workload.split_once('/').unwrap_or_default();
    match (&trouble.pod, &trouble.what) {
        (_, What::Claim { name, .. }) => scene.object("PersistentVolumeClaim", name),
        (Some(pod), _) => scene.object("Pod", pod),
        (None, _) => scene.object(kind, name),
    }
}

/// Whether it is known by what is said of an object alone, and not by how that is.
pub(super) fn is_of_events(trouble: &Trouble) -> bool {
    let is_of_a_state = matches!(trouble.what, What::Claim { .. } | What::Job { .. });
    trouble.pod.is_none() && !is_of_a_state
}

/// What is said of a workload, and of its pods.
pub(super) fn said_of(scene: &Scene, kind: &str, live: &Value, pods: &[&Value]) -> Vec<Event> {
    let of_pods = pods.iter().flat_map(|pod| about(scene, "Pod", pod));
    about(scene, kind, live)
        .into_iter()
        .chain(of_pods)
        .collect()
}

/// Where is looked, and from when on.
struct Look<'a> {
    scene: &'a Scene,
    since: Option<DateTime<Utc>>,
}

fn of_object(look: &Look<'_>, object: &Object) -> Vec<Trouble> {
    let (kind, name) = (&object.key.kind, &object.key.name);
    let hook = object.annotation("helm.sh/hook");
    let is_of_now = |live: &&Value| hook.is_none() || !is_before(live, look.since);
    let live = look.scene.object(kind, name).filter(is_of_now);
    let mut troubles = live.map_or_else(Vec::new, |live| of_live(look, kind, live, hook.is_some()));
    for trouble in &mut troubles {
        trouble.workload = object.key.to_string();
        trouble.hook = hook.map(str::to_owned);
    }
    troubles
}

fn is_before(object: &Value, since: Option<DateTime<Utc>>) -> bool {
    let made = object["metadata"]["creationTimestamp"].as_str();
    let made = made.and_then(|made| DateTime::parse_from_rfc3339(made).ok());
    made.zip(since).is_some_and(|(made, since)| made < since)
}

fn of_live(look: &Look<'_>, kind: &str, live: &Value, is_hook: bool) -> Vec<Trouble> {
    match kind {
        "Ingress" => return ingress::refused(look, live).into_iter().collect(),
        "PersistentVolumeClaim" => return disk::claim(look, live).into_iter().collect(),
        _ => {}
    }
    if made::has_passed(kind, live) {
        return Vec::new();
    }
    let mut pods = pods_of(look.scene, kind, live);
    // Of the tries of a Job the last is the one that nobody repeats.
    pods.sort_by_key(|pod| Reverse(made_at(pod)));
    let mut found: Vec<Trouble> = pods.iter().flat_map(|it| pod::troubles(look, it)).collect();
    disk::explain(look, &pods, &mut found);
    let ready = ready(kind, live, &pods);
    let lacks = ready.is_none_or(|(_, wanted)| (pods.len() as u64) < wanted);
    match made::failed(kind, live) {
        // Its pods were ended for that, and tell no more of it than their logs.
        Some(failed) if found.is_empty() || is_late(&failed) => {
            found = vec![of_newest(look, &pods, failed)];
        }
        None if lacks => found.extend(made::refused(look, kind, live)),
        Some(_) | None => {}
    }
    // Nothing is wrong with it, but Helm waits for its end.
    if found.is_empty() && is_hook && !made::is_done(kind, live) {
        found.push(of_newest(look, &pods, What::Runs));
    }
    for trouble in &mut found {
        trouble.ready = ready;
        trouble.events.extend(about(look.scene, kind, live));
        trouble.events.sort_by_key(|event| Reverse(event.at));
    }
    found
}

/// Whether a Job took longer than it may.
fn is_late(what: &What) -> bool {
    matches!(what, What::Job { reason, .. } if reason == DEADLINE)
}

/// One of the newest of these pods, the first of them, whose log tells how far it came.
fn of_newest(look: &Look<'_>, pods: &[&Value], what: What) -> Trouble {
    let Some(newest) = pods.first() else {
        return bare(what);
    };
    Trouble {
        pod: Some(text(&newest["metadata"]["name"])),
        container: pod::speaker(newest),
        events: about(look.scene, "Pod", newest),
        ..bare(what)
    }
}

/// When an object was made, as text that is ordered as the time is.
fn made_at(object: &Value) -> &str {
    object["metadata"]["creationTimestamp"]
        .as_str()
        .unwrap_or_default()
}

/// One that nobody but its workload has.
fn bare(what: What) -> Trouble {
    Trouble {
        what,
        workload: String::new(),
        hook: None,
        ready: None,
        pod: None,
        container: None,
        events: Vec::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
