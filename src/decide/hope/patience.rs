//! How long each trouble may last.

use std::time::Duration;

use super::super::{cause::subject, rollout::leaves};
use crate::model::{QUOTA, Scene, Trouble, Unpulled, What};

/// How long what is refused may be refused until it is believed.
pub(super) const REFUSED: Duration = Duration::from_secs(5);

/// The same of what outside machinery may bring about, or another branch that goes: a disk, a node, a load
/// balancer, room in a quota.
pub(super) const OUTSIDE: Duration = Duration::from_secs(45);

/// After which time such a trouble does not heal any more; never where none is told.
pub(super) fn judged(scene: &Scene, trouble: &Trouble, max_restarts: u64) -> Option<Duration> {
    let restarts = trouble.container.as_ref().map_or(0, |it| it.restarts);
    match &trouble.what {
        What::Image { reason, .. } if reason == "InvalidImageName" => Some(Duration::ZERO),
        What::Image { message, .. } => match Unpulled::by(message) {
            Unpulled::Missing => Some(Duration::ZERO),
            // A Secret to pull by may come.
            Unpulled::Refused => Some(OUTSIDE),
            Unpulled::Else => None,
        },
        What::Exit { backs_off, .. } if trouble.hook.is_none() => {
            (*backs_off && restarts >= max_restarts).then_some(Duration::ZERO)
        }
        // It is a hook's: for no other does Helm wait.
        What::Job { .. } => Some(Duration::ZERO),
        What::Unschedulable(message) => node(trouble, message),
        What::NotMade(message) if message.contains(QUOTA) => Some(quota(message) + way_out(scene)),
        What::NotMade(message) => is_refused(message).then_some(REFUSED),
        What::Claim { message, .. } if message.contains("not found") => Some(REFUSED),
        What::Claim { .. } => Some(OUTSIDE),
        What::Ingress {
            reason,
            message,
            culprit: None,
        } if reason == "FailedBuildModel" && !is_of_the_way(message) => {
            // What is wrong with it may be what Helm mends at this moment beside it: its Service.
            let stands = subject(scene, trouble).is_some_and(|it| scene.is_as_before(it));
            Some(if stands { OUTSIDE } else { REFUSED })
        }
        What::Ingress { .. } => Some(OUTSIDE),
        What::Exit { .. }
        | What::Start { .. }
        | What::Lost { .. }
        | What::Waits { .. }
        | What::Runs
        | What::NotReady(_) => None,
    }
}

fn is_refused(message: &str) -> bool {
    // The last as the API server tells of a webhook that says no, and not of one that does not answer.
    let words = ["forbidden", "violates PodSecurity", "denied the request"];
    words.iter().any(|words| message.contains(words))
}

/// How long a quota may be full: others may leave it, unless they have nothing of what it refuses.
fn quota(message: &str) -> Duration {
    let used = message.split_once("used: ");
    let used = used.map(|(_, rest)| rest.split(", ").next().unwrap_or(rest));
    let is_unused = used.is_some_and(|used| used.split(',').any(|it| it.ends_with("=0")));
    if is_unused { REFUSED } else { OUTSIDE }
}

/// How long pods that are on their way out may take for it: until then they count for a quota.
fn way_out(scene: &Scene) -> Duration {
    let leaving = scene.of_kind("Pod").filter(|pod| leaves(pod));
    let seconds = leaving.filter_map(|pod| pod["metadata"]["deletionGracePeriodSeconds"].as_u64());
    Duration::from_secs(seconds.max().unwrap_or_default())
}

/// What is said, in small letters, by one who did not reach the cloud, or was told to come later.
const OF_THE_WAY: [&str; 9] = [
    "throttl",
    "rate exceeded",
    "limit exceeded",
    "request failed",
    "request send failed",
    "timeout",
    "deadline exceeded",
    "serviceunavailable",
    "internalfailure",
];

/// Whether it is about the way to the cloud, and not about what was asked of it.
fn is_of_the_way(message: &str) -> bool {
    let message = message.to_lowercase();
    OF_THE_WAY.iter().any(|words| message.contains(words))
}

/// What the scheduler says where a node is right, and full: pods that go make room.
const FULL: [&str; 5] = [
    "Insufficient",
    "Too many pods",
    "free ports",
    "max volume count",
    "anti-affinity",
];

/// A node that has what the pod asks for may come, or come free. Where the machinery that makes nodes says
/// no, or nobody speaks of it, only room may come.
fn node(trouble: &Trouble, message: &str) -> Option<Duration> {
    let said = |reasons: &[&str]| {
        let said = trouble
            .events
            .iter()
            .filter(|it| reasons.contains(&it.reason.as_str()));
        said.map(|event| event.at).max()
    };
    let comes = said(&["TriggeredScaleUp", "Nominated"]);
    let refused = said(&["NotTriggerScaleUp"]);
    // A claim that is not there may be made yet; no node makes it.
    if message.contains("persistentvolumeclaim \"") && message.contains("not found") {
        return Some(OUTSIDE);
    }
    // A disk that is being made, or a node that comes: neither is lack of a node, whatever is said of one.
    let may_pass = [
        "node.kubernetes.io/",
        "PersistentVolumeClaim",
        "persistentvolumeclaim",
    ];
    if may_pass.iter().any(|it| message.contains(it)) {
        return None;
    }
    let is_full = FULL.iter().any(|words| message.contains(words));
    if refused > comes {
        return Some(if is_full { OUTSIDE } else { Duration::ZERO });
    }
    (comes.is_none() && !is_full).then_some(OUTSIDE)
}

/// Whether it is want of room, of which others may leave some.
pub(super) fn is_of_room(what: &What) -> bool {
    match what {
        What::NotMade(message) => message.contains(QUOTA),
        What::Unschedulable(message) => FULL.iter().any(|words| message.contains(words)),
        _ => false,
    }
}
