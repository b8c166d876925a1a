//! Claims that get no disk.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Look, bare,
    rank::is_of_claims,
    text,
    told::{about, newest},
};
use crate::model::{Event, Trouble, What};

/// Adds the claims of the pods that get no disk: they explain why such a pod finds no node.
pub(super) fn explain(look: &Look<'_>, pods: &[&Value], troubles: &mut Vec<Trouble>) {
    let volumes = pods.iter().map(|pod| &pod["spec"]["volumes"]);
    let volumes = volumes.flat_map(|it| it.as_array().into_iter().flatten());
    let names = volumes.filter_map(|it| it["persistentVolumeClaim"]["claimName"].as_str());
    let names: BTreeSet<_> = names.collect();
    let claims = names
        .into_iter()
        .filter_map(|name| look.scene.object("PersistentVolumeClaim", name));
    let claims: Vec<_> = claims.filter_map(|live| claim(look, live)).collect();
    if !claims.is_empty() {
        troubles.retain(|trouble| !is_of_claims(&trouble.what));
        troubles.extend(claims);
    }
}

/// A claim that gets no disk.
pub(super) fn claim(look: &Look<'_>, live: &Value) -> Option<Trouble> {
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
    trouble.events = events;
    Some(trouble)
}

/// As is said of a claim whose disk cannot be made, or that nobody makes one for: it names no class, and there
/// is none to take.
fn is_diskless(reason: &str) -> bool {
    matches!(reason, "ProvisioningFailed" | "FailedBinding")
}
