//! Whether a release that is not ready yet can still become so.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;

use super::{
    cause::{is_done, is_of_events, subject, troubles},
    rollout::{is_ready, leaves, owned, pods_of, ready, spared},
    standing::Standing,
};
use crate::model::{Event, Object, QUOTA, Scene, Trouble, Unpulled, What};

/// How long what is refused may be refused until it is believed.
const REFUSED: Duration = Duration::from_secs(5);

/// The same of what outside machinery may bring about, or another branch that goes: a disk, a node, a load
/// balancer, room in a quota.
const OUTSIDE: Duration = Duration::from_secs(45);

/// How far a deploy is with a release.
#[derive(Debug)]
pub enum Awaited {
    /// Helm brings it up.
    Rollout {
        /// What of it Helm has yet to come to.
        standing: Standing,
        /// Whether Helm does without what a rolling update may do without.
        spares: bool,
    },
    /// It was up, and its address is waited for.
    Answer,
}

impl Awaited {
    /// Helm begins with it, one that `spares` what a rolling update may do without, or waits for all.
    pub fn rollout(spares: bool) -> Self {
        let standing = Standing::default();
        Self::Rollout { standing, spares }
    }

    /// Notes what stands while Helm is at work: to be called before each [`hope`].
    pub fn look(&mut self, scene: &Scene, objects: &[Object]) {
        if let Self::Rollout { standing, .. } = self {
            standing.look(scene, objects);
        }
    }
}

/// What is known of a release that is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hope {
    /// It may become ready.
    Waits,
    /// It will not, if one of these is still so after its time.
    Fades(Vec<(Trouble, Duration)>),
    /// It will not.
    Lost(Box<Trouble>),
}

/// Whether a release can become ready. What was there before the deploy is no proof that it cannot, nor what
/// befalls one that Helm has yet to come to, or one that has pods enough; and as long as a hook runs nothing
/// is: that is waited for in any case.
pub fn hope(scene: &Scene, objects: &[Object], max_restarts: u64, awaited: &Awaited) -> Hope {
    if objects.iter().any(|object| runs(scene, object)) {
        return Hope::Waits;
    }
    let is_begun = matches!(awaited, Awaited::Answer)
        || !objects.iter().any(|object| comes_before(scene, object));
    let is_proof = |trouble: &Trouble| {
        let is_its_turn = is_begun || trouble.hook.is_some();
        is_its_turn && !is_of_before(scene, trouble) && !is_not_waited_for(trouble)
    };
    let mut fatal: Vec<_> = troubles(scene, objects, None)
        .into_iter()
        .filter(is_proof)
        .filter_map(|trouble| judged(scene, &trouble, max_restarts).map(|time| (trouble, time)))
        .collect();
    for object in objects {
        if is_spared(scene, object, awaited, &fatal) {
            let workload = object.key.to_string();
            fatal.retain(|(trouble, _)| trouble.workload != workload);
        }
    }
    match fatal.iter().position(|(_, time)| *time == Duration::ZERO) {
        Some(at) => Hope::Lost(Box::new(fatal.swap_remove(at).0)),
        None if fatal.is_empty() => Hope::Waits,
        None => Hope::Fades(fatal),
    }
}

/// Whether what befalls an object keeps the release from nothing: Helm has yet to come to it, or enough of
/// its pods are left. Helm waits for those that it may not do without, and an address answers by one.
fn is_spared(
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
    let needed = match awaited {
        Awaited::Rollout { spares, .. } => needed(kind, live, wanted, *spares),
        Awaited::Answer => 0,
    };
    // Helm 3 may be content with none: nobody else is.
    let needed = needed.max(wanted.min(1));
    let workload = object.key.to_string();
    let troubles = fatal.iter().map(|(trouble, _)| trouble);
    let troubles: Vec<_> = troubles.filter(|it| it.workload == workload).collect();
    let pods_lost: BTreeSet<_> = troubles.iter().filter_map(|it| it.pod.as_deref()).collect();
    // Room may come with each new pod that is ready: an old one goes for it.
    let has_old = owned(scene, kind, live).count() > pods.len();
    let begins = |pod: &&Value| {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        !pods_lost.contains(name) && !is_ready(pod)
    };
    if has_old && troubles.iter().all(|it| is_of_room(&it.what)) && pods.iter().any(begins) {
        return true;
    }
    let pods_lost = pods_lost.len() as u64;
    let has = |is: fn(&What) -> bool| troubles.iter().any(|it| is(&it.what));
    let lost = if has(|what| matches!(what, What::Claim { .. })) {
        // Any that is not ready may wait for that disk.
        wanted.saturating_sub(ready)
    } else if has(|what| matches!(what, What::NotMade(_))) {
        pods_lost + wanted.saturating_sub(pods.len() as u64)
    } else {
        pods_lost
    };
    // A rolling update goes no further as long as none of its new pods is well. Once it is up, old ones answer.
    let is_rising = matches!(awaited, Awaited::Rollout { .. });
    let is_stuck = is_rising && pods_lost > 0 && pods.len() as u64 <= pods_lost;
    !is_stuck && wanted.saturating_sub(lost) >= needed
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

/// Whether it is want of room, of which others may leave some.
fn is_of_room(what: &What) -> bool {
    match what {
        What::NotMade(message) => message.contains(QUOTA),
        What::Unschedulable(message) => FULL.iter().any(|words| message.contains(words)),
        _ => false,
    }
}

/// How many ready pods Helm waits for.
fn needed(kind: &str, workload: &Value, wanted: u64, spares: bool) -> u64 {
    match spares {
        true => wanted - spared(kind, workload, wanted),
        false => wanted,
    }
}

/// Whether it is a hook that runs, and that Helm waits for: the pods of others run for good.
fn runs(scene: &Scene, object: &Object) -> bool {
    let is_hook = object.annotation("helm.sh/hook").is_some();
    let (kind, name) = (&object.key.kind, &object.key.name);
    let is_waited_for = is_hook && ends(kind);
    let Some(live) = scene.object(kind, name).filter(|_| is_waited_for) else {
        return false;
    };
    // How one that is gone was seen last says nothing.
    let is_there = |pod: &Value| scene.of_kind("Pod").any(|there| there == pod);
    let is_running = |pod: &&Value| pod["status"]["phase"] == "Running" && is_there(pod);
    pods_of(scene, kind, live).iter().any(is_running)
}

/// Whether it is a hook of this run that has not come to its end, and before which Helm changes nothing.
fn comes_before(scene: &Scene, object: &Object) -> bool {
    let (kind, name) = (&object.key.kind, &object.key.name);
    let hook = object.annotation("helm.sh/hook").unwrap_or_default();
    let is_first = hook.contains("pre-") && !hook.contains("post-") && ends(kind);
    let live = scene.objects.get(&(kind.clone(), name.clone()));
    live.is_some_and(|live| is_first && !scene.is_old(live) && !is_done(kind, live))
}

/// Whether it is a kind of which Helm waits for the end, where it is a hook. It waits for no other hook.
fn ends(kind: &str) -> bool {
    matches!(kind, "Job" | "Pod")
}

/// Whether it is about what Helm does not wait for: a Job that is no hook, which may be done at a later try,
/// and a hook that has no end. An Ingress is waited for by us.
fn is_not_waited_for(trouble: &Trouble) -> bool {
    let (kind, _) = trouble.workload.split_once('/').unwrap_or_default();
    match trouble.hook {
        Some(_) => !ends(kind) && kind != "Ingress",
        None => kind == "Job",
    }
}

/// Whether it is about what was there before, or was said of it before.
fn is_of_before(scene: &Scene, trouble: &Trouble) -> bool {
    match is_of_events(trouble) {
        // An Ingress is changed where it stands, and a workload is refused anew.
        true => {
            let said = trouble.events.iter();
            let mut said = said.filter(|event| says(event, &trouble.what));
            said.all(|event| event.before || event.outdated)
        }
        false => subject(scene, trouble).is_some_and(|object| scene.is_old(object)),
    }
}

/// Whether it is by this event that such a trouble is known: what else was said since proves nothing.
fn says(event: &Event, what: &What) -> bool {
    match what {
        What::NotMade(_) => event.reason == "FailedCreate",
        What::Ingress { reason, .. } => event.reason == *reason,
        _ => true,
    }
}

/// After which time such a trouble does not heal any more; never where none is told.
fn judged(scene: &Scene, trouble: &Trouble, max_restarts: u64) -> Option<Duration> {
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

#[cfg(test)]
mod tests;
