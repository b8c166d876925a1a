//! Why a workload has not even its pods.

use serde_json::Value;

use super::{
    Look, bare, text,
    told::{about, newest},
};
use crate::{
    decide::rollout::{condition, replica_set},
    model::{Trouble, What},
};

/// For what a Job failed, if it did.
pub(super) fn failed(kind: &str, live: &Value) -> Option<What> {
    let failed = condition(live, "Failed").filter(|it| kind == "Job" && it["status"] == "True")?;
    Some(What::Job {
        reason: text(&failed["reason"]),
        message: text(&failed["message"]),
    })
}

/// Whether it is something that has an end, and came to a good one: at which try is nobody's trouble.
pub(super) fn has_passed(kind: &str, live: &Value) -> bool {
    match kind {
        "Job" => condition(live, "Complete").is_some_and(|it| it["status"] == "True"),
        "Pod" => live["status"]["phase"] == "Succeeded",
        _ => false,
    }
}

/// Whether it is something of which Helm waits for no end, or that has come to it.
pub(in super::super) fn is_done(kind: &str, live: &Value) -> bool {
    let is_true = |name| condition(live, name).is_some_and(|it| it["status"] == "True");
    match kind {
        "Job" => is_true("Complete") || is_true("Failed"),
        "Pod" => matches!(
            live["status"]["phase"].as_str(),
            Some("Succeeded" | "Failed")
        ),
        _ => true,
    }
}

/// Pods that nobody may make.
pub(super) fn refused(look: &Look<'_>, kind: &str, live: &Value) -> Option<Trouble> {
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
