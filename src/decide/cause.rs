//! Why a release is not ready: of all that is wrong with it, the most important first.

mod pod;
mod rank;
mod told;

use std::{cmp::Reverse, mem::discriminant};

use chrono::{DateTime, Utc};
use serde_json::Value;

use self::{
    rank::rank,
    told::{about, newest, told},
};
use super::rollout::{condition, pods_of, ready, replica_set};
use crate::model::{Event, Object, Scene, Trouble, What};

/// What is wrong with the objects of a release, the most important first. What was said, and which
/// hooks ran, before `since` is another deploy's.
pub fn troubles(scene: &Scene, objects: &[Object], since: Option<DateTime<Utc>>) -> Vec<Trouble> {
    let look = Look { scene, since };
    let troubles = objects.iter().flat_map(|object| of_object(&look, object));
    let mut troubles: Vec<Trouble> = troubles.collect();
    troubles.sort_by_key(rank);
    troubles
}

/// Whether it is no more than that something is not ready yet.
pub fn is_soft(trouble: &Trouble) -> bool {
    matches!(trouble.what, What::NotReady(_) | What::Waits { .. })
}

/// Whether it is about the same thing, and says the same of it.
pub fn is_same(trouble: &Trouble, other: &Trouble) -> bool {
    trouble.workload == other.workload && trouble.pod == other.pod && is_alike(trouble, other)
}

/// Whether it says the same of a container or claim of that name, whichever pod has it.
fn is_alike(trouble: &Trouble, other: &Trouble) -> bool {
    let name = |it: &Trouble| match (&it.what, &it.container) {
        (What::Claim { name, .. }, _) => Some(name.clone()),
        (_, container) => container.as_ref().map(|it| it.name.clone()),
    };
    name(trouble) == name(other) && discriminant(&trouble.what) == discriminant(&other.what)
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
    let live = look.scene.object(kind, name);
    let live = live.filter(|live| hook.is_none() || !is_before(live, look.since));
    let mut troubles = live.map_or_else(Vec::new, |live| of_live(look, kind, live));
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

fn of_live(look: &Look<'_>, kind: &str, live: &Value) -> Vec<Trouble> {
    match kind {
        "Ingress" => return ingress(look, live).into_iter().collect(),
        "PersistentVolumeClaim" => return claim(look, live).into_iter().collect(),
        _ => {}
    }
    let pods = pods_of(look.scene, kind, live);
    let of_pods = pods.iter().flat_map(|pod| pod::troubles(look, pod));
    let claims = pods.iter().flat_map(|pod| claims(look, pod));
    let mut found = once_each(of_pods.chain(claims));
    if found.is_empty() {
        found.extend(not_made(look, kind, live));
    }
    for trouble in &mut found {
        trouble.ready = ready(kind, live, &pods);
        let of_makers = makers(look.scene, kind, live);
        let events = of_makers.flat_map(|(kind, maker)| about(look.scene, kind, maker));
        trouble.events.extend(events);
        trouble.events = told(std::mem::take(&mut trouble.events));
    }
    found
}

/// Of pods that all have the same trouble, the one that tells most.
fn once_each(troubles: impl Iterator<Item = Trouble>) -> Vec<Trouble> {
    let mut troubles: Vec<Trouble> = troubles.collect();
    troubles.sort_by_key(|it| (rank(it), Reverse(restarts(it))));
    let mut found: Vec<Trouble> = Vec::new();
    for trouble in troubles {
        if !found.iter().any(|known| is_alike(known, &trouble)) {
            found.push(trouble);
        }
    }
    found
}

fn restarts(trouble: &Trouble) -> u64 {
    trouble.container.as_ref().map_or(0, |it| it.restarts)
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

/// Why a workload has not even pods.
fn not_made(look: &Look<'_>, kind: &str, live: &Value) -> Option<Trouble> {
    let failed = condition(live, "Failed").filter(|it| kind == "Job" && it["status"] == "True");
    if let Some(failed) = failed {
        return Some(bare(What::Job {
            reason: text(&failed["reason"]),
            message: text(&failed["message"]),
        }));
    }
    let makers = makers(look.scene, kind, live);
    let refused = makers.filter_map(|(kind, maker)| {
        let mut events = about(look.scene, kind, maker);
        events.retain(|event| look.is_now(event));
        let refused = newest(&events, |event| event.reason == "FailedCreate")?.clone();
        let made = newest(&events, |event| event.reason == "SuccessfulCreate");
        // What was refused and then made is made.
        let is_over = made.is_some_and(|made| made.at > refused.at);
        (!is_over).then_some((refused, events))
    });
    let (refused, events) = { refused }.next()?;
    let mut trouble = bare(What::NotMade(refused.message));
    trouble.events = events;
    Some(trouble)
}

/// Who makes a workload's pods: a Deployment leaves that to its newest ReplicaSet.
fn makers<'a>(
    scene: &'a Scene,
    kind: &'a str,
    live: &'a Value,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let set = (kind == "Deployment").then(|| replica_set(scene, live));
    let set = set.flatten().map(|set| ("ReplicaSet", set));
    set.into_iter().chain([(kind, live)])
}

fn ingress(look: &Look<'_>, live: &Value) -> Option<Trouble> {
    let mut events = about(look.scene, "Ingress", live);
    events.retain(|event| look.is_now(event));
    let last = newest(&events, |event| {
        event.reason == "SuccessfullyReconciled" || is_refusal(&event.reason)
    })?;
    if !is_refusal(&last.reason) {
        return None;
    }
    let mut trouble = bare(What::Ingress {
        reason: last.reason.clone(),
        message: last.message.clone(),
    });
    trouble.events = told(events);
    Some(trouble)
}

/// As the AWS Load Balancer Controller says that a rule or its load balancer cannot be made.
fn is_refusal(reason: &str) -> bool {
    matches!(reason, "FailedBuildModel" | "FailedDeployModel")
}

/// The claims of a pod that get no disk.
fn claims(look: &Look<'_>, pod: &Value) -> Vec<Trouble> {
    let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    let names = volumes.filter_map(|it| it["persistentVolumeClaim"]["claimName"].as_str());
    let claims = names.filter_map(|name| look.scene.object("PersistentVolumeClaim", name));
    claims.filter_map(|live| claim(look, live)).collect()
}

fn claim(look: &Look<'_>, live: &Value) -> Option<Trouble> {
    if live["status"]["phase"] != "Pending" {
        return None;
    }
    let events = about(look.scene, "PersistentVolumeClaim", live);
    let refused = newest(&events, |event| is_unbound(&event.reason))?;
    let mut trouble = bare(What::Claim {
        name: text(&live["metadata"]["name"]),
        message: refused.message.clone(),
    });
    trouble.events = told(events);
    Some(trouble)
}

/// As a disk is refused by who makes disks, and by the cluster where nobody is asked for one: the claim names
/// no class of them, and none is the default.
fn is_unbound(reason: &str) -> bool {
    matches!(reason, "ProvisioningFailed" | "FailedBinding")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
