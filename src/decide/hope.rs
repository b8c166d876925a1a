//! Whether a release that is not ready yet can still become so.

mod patience;
mod spared;

use std::time::Duration;

use serde_json::Value;

use self::{patience::judged, spared::is_spared};
use super::{
    cause::{is_done, is_of_events, subject, troubles},
    rollout::pods_of,
    standing::Standing,
};
use crate::model::{Event, Object, Scene, Trouble, What};

pub(super) use self::spared::has_enough;

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

#[cfg(test)]
mod tests;
