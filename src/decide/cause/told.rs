//! What the cluster says of an object, and how much of it is worth a person's time.

use std::cmp::Reverse;

use serde_json::Value;

use super::Look;
use crate::model::{Event, Scene};

/// So many events are shown, and so many of them are kept for warnings.
const SHOWN: usize = 5;
const WARNINGS: usize = 3;

impl Look<'_> {
    /// Whether it was said of this deploy.
    pub(super) fn is_now(&self, event: &Event) -> bool {
        event
            .at
            .zip(self.since)
            .is_none_or(|(at, since)| at >= since)
    }
}

/// What is said of an object, and not of an older one of its name.
pub(super) fn about(scene: &Scene, kind: &str, object: &Value) -> Vec<Event> {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    let uid = metadata["uid"].as_str().unwrap_or_default();
    let is_about = |event: &&Event| {
        let same = event.uid.is_empty() || uid.is_empty() || event.uid == uid;
        same && event.kind == kind && event.object == name
    };
    scene.events.iter().filter(is_about).cloned().collect()
}

/// The last of these that was said.
pub(super) fn newest(events: &[Event], which: impl Fn(&Event) -> bool) -> Option<&Event> {
    let those = events.iter().filter(|event| which(event));
    those.max_by_key(|event| event.at)
}

/// What is said of every pod.
fn is_usual(reason: &str) -> bool {
    let usual = [
        "Scheduled",
        "ScalingReplicaSet",
        "SuccessfulCreate",
        "Created",
        "Pulled",
    ];
    usual.contains(&reason)
}

/// Those that are worth a person's time: the newest, newest first; warnings are not crowded out by what is as it
/// should be.
pub fn told(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(|event| Reverse(event.at));
    events.retain(|event| event.warns || !is_usual(&event.reason));
    let warnings: Vec<Event> = events.iter().filter(|it| it.warns).cloned().collect();
    let mut shown: Vec<Event> = warnings.iter().take(WARNINGS).cloned().collect();
    for event in events {
        if shown.len() < SHOWN && !shown.contains(&event) {
            shown.push(event);
        }
    }
    shown.sort_by_key(|event| Reverse(event.at));
    shown
}
