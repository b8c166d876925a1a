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

/// A Job that failed.
pub(super) fn failed(kind: &str, live: &Value) -> Option<Trouble> {
    let failed = condition(live, "Failed").filter(|it| kind == "Job" && it["status"] == "True")?;
    Some(bare(What::Job {
        reason: text(&failed["reason"]),
        message: text(&failed["message"]),
    }))
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
