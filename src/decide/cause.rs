//! Why a release is not ready: of all that is wrong with it, the most important first.

mod pod;
mod rank;
mod told;

use std::mem::discriminant;

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
    let mut troubles: Vec<Trouble> = objects
        .iter()
        .filter_map(|object| of_object(&Look { scene, since }, object))
        .collect();
    troubles.sort_by_key(rank);
    troubles
}

/// Whether it is no more than that something is not ready yet.
pub fn is_soft(trouble: &Trouble) -> bool {
    matches!(trouble.what, What::NotReady(_) | What::Waits { .. })
}

/// Whether it is about the same thing, and says the same of it.
pub fn is_same(trouble: &Trouble, other: &Trouble) -> bool {
    let container = |it: &Trouble| it.container.as_ref().map(|it| it.name.clone());
    trouble.workload == other.workload
        && trouble.pod == other.pod
        && container(trouble) == container(other)
        && discriminant(&trouble.what) == discriminant(&other.what)
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

fn of_object(look: &Look<'_>, object: &Object) -> Option<Trouble> {
    let (kind, name) = (&object.key.kind, &object.key.name);
    let hook = object.annotation("helm.sh/hook");
    let mut trouble = match look.scene.object(kind, name) {
        Some(live) if hook.is_some() && is_before(live, look.since) => return None,
        Some(live) => of_live(look, kind, live)?,
        None => return None,
    };
    trouble.workload = object.key.to_string();
    trouble.hook = hook.map(str::to_owned);
    Some(trouble)
}

fn is_before(object: &Value, since: Option<DateTime<Utc>>) -> bool {
    let made = object["metadata"]["creationTimestamp"].as_str();
    let made = made.and_then(|made| DateTime::parse_from_rfc3339(made).ok());
    made.zip(since).is_some_and(|(made, since)| made < since)
}

fn of_live(look: &Look<'_>, kind: &str, live: &Value) -> Option<Trouble> {
    match kind {
        "Ingress" => return ingress(look, live),
        "PersistentVolumeClaim" => return claim(look, live),
        _ => {}
    }
    let pods = pods_of(look.scene, kind, live);
    let of_pods = pods.iter().filter_map(|pod| pod::trouble(look, pod));
    let claims = pods.iter().flat_map(|pod| claims(look, pod));
    let found = of_pods.chain(claims).min_by_key(rank);
    let mut found = found.or_else(|| not_made(look, kind, live))?;
    found.ready = ready(kind, live, &pods);
    found.events.extend(about(look.scene, kind, live));
    found.events = told(found.events);
    Some(found)
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
    let set = (kind == "Deployment").then(|| replica_set(look.scene, live));
    let makers = set.flatten().map(|set| ("ReplicaSet", set)).into_iter();
    let makers = makers.chain([(kind, live)]);
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
    let refused = newest(&events, |event| is_diskless(&event.reason))?;
    // Who gives it a class later says so: it waits for its pod, or somebody makes its disk.
    let is_over = |event: &Event| !event.warns && event.at > refused.at;
    if refused.reason == "FailedBinding" && events.iter().any(is_over) {
        return None;
    }
    let mut trouble = bare(What::Claim {
        name: text(&live["metadata"]["name"]),
        reason: refused.reason.clone(),
        message: refused.message.clone(),
    });
    trouble.events = told(events);
    Some(trouble)
}

/// As is said of a claim whose disk cannot be made, or that nobody makes one for: it names no class, and there
/// is none to take.
fn is_diskless(reason: &str) -> bool {
    matches!(reason, "ProvisioningFailed" | "FailedBinding")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
