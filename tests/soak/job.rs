//! A program at work, and whether its end was honest.

use std::fmt;

use serde_json::Value;

use super::{
    model::{History, Moment, Told},
    plan::Place,
};
use crate::site::{Ran, Running};

/// How a program says that the lock was renewed too late.
const TOO_LATE: &str = "could not be renewed in time";

/// What a program was started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Ask(Place),
    /// Of a build that passes, or fails.
    Gate(usize, bool),
    Deploy(Place, u64),
    SweepDeleted(Place),
    SweepStale(usize),
}

/// A program at work.
pub struct Job {
    pub work: Work,
    pub running: Running,
    pub began: Moment,
    /// Whether it was interfered with, so that it may fail: by a fault, or a signal.
    pub disturbed: bool,
    /// Whether it was paused, and not resumed yet.
    pub paused: bool,
}

/// A program that has ended, in a world of which all is known.
pub struct Ended<'a> {
    pub work: Work,
    pub began: Moment,
    pub disturbed: bool,
    pub ran: Result<Ran, i32>,
    pub history: &'a History,
    /// The newest deployment of the place.
    pub newest: Option<u64>,
    /// Whether a success was posted on the deployment that it was for.
    pub succeeded: bool,
}

impl fmt::Display for Ended<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work, began, .. } = self;
        let disturbed = if self.disturbed { ", disturbed" } else { "" };
        write!(f, "{work:?}, begun at {began}{disturbed}: ")?;
        match &self.ran {
            Ok(ran) => write!(f, "{ran}"),
            Err(signal) => write!(f, "ended by signal {signal}"),
        }
    }
}

impl Ended<'_> {
    /// Which program ended how, in two words.
    pub fn kind(&self) -> String {
        let program = match self.work {
            Work::Ask(_) => "queue-deploy",
            Work::Gate(..) => "build-gate",
            Work::Deploy(..) => "helm-apply",
            Work::SweepDeleted(_) => "sweep-deleted",
            Work::SweepStale(_) => "sweep-stale",
        };
        match &self.ran {
            Ok(ran) => format!("{program} {}", ran.status),
            Err(_) => format!("{program} killed"),
        }
    }

    /// What a deploy told.
    pub fn told(&self) -> Told {
        match self.status() {
            Some(0) if self.word("state") == "success" => Told::Landed,
            Some(0) => Told::WasUp,
            Some(3) => Told::Superseded,
            _ => Told::Unclear,
        }
    }

    /// Why its exit status is not honest, if it is not.
    pub fn lie(&self) -> Option<String> {
        let reason = match (self.status(), self.work) {
            // The signals are ours.
            (None, _) | (Some(143), _) if self.disturbed => None,
            (Some(0), Work::Gate(_, passes)) => (!passes).then_some("the build failed"),
            (Some(1), Work::Gate(_, passes)) => passes.then_some("the build passed"),
            (Some(1 | 4 | 5), _) if self.disturbed => None,
            // The machine was too busy for it: no fault, and no lie.
            (Some(1), _) if self.word("message").contains(TOO_LATE) => None,
            (Some(0), Work::Deploy(place, _)) => self.lie_of_success(place),
            (Some(3), Work::Deploy(place, deployment)) => {
                let newer = self.newest > Some(deployment);
                let gone = self.history.was_gone_since(place.branch, self.began);
                (!newer && !gone).then_some("nothing superseded it")
            }
            (Some(0 | 3), Work::Ask(_)) => None,
            // It came back between two looks.
            (Some(1), Work::Ask(place)) => self.unless_it_moved(place.branch),
            (Some(0), Work::SweepDeleted(place)) => self.lie_of_sweep(place),
            (Some(0), Work::SweepStale(app)) => self.lie_of_sweeps(app),
            // A branch that comes back between two looks is not known.
            (Some(1), Work::SweepDeleted(place)) => self.unless_it_moved(place.branch),
            (Some(1), Work::SweepStale(_)) => {
                let moved = Place::all().any(|it| self.unless_it_moved(it.branch).is_none());
                (!moved).then_some("nothing was in its way")
            }
            _ => Some("nothing was in its way"),
        };
        reason.map(str::to_owned)
    }

    fn lie_of_success(&self, place: Place) -> Option<&'static str> {
        let there = self.history.was_there_since(place.branch, self.began);
        (!self.succeeded || !there).then_some("its deployment never succeeded")
    }

    fn unless_it_moved(&self, branch: usize) -> Option<&'static str> {
        let there = self.history.was_there_since(branch, self.began);
        let gone = self.history.was_gone_since(branch, self.began);
        (!there || !gone).then_some("its branch did not move")
    }

    fn lie_of_sweep(&self, place: Place) -> Option<&'static str> {
        let since = self.began;
        let honest = match self.word("state").as_str() {
            "kept" => self.history.was_there_since(place.branch, since),
            _ => self.history.was_gone_since(place.branch, since),
        };
        (!honest).then_some("the branch was never as it says")
    }

    fn lie_of_sweeps(&self, app: usize) -> Option<&'static str> {
        let wrongly = self.removed().into_iter().any(|branch| {
            let is_it = |place: &Place| place.app == app && place.branch() == branch;
            let place = Place::all().find(is_it);
            place.is_none_or(|place| self.history.is_live_since(place, self.began))
        });
        wrongly.then_some("it removed what has to stay")
    }

    /// The branches whose environments a sweep by age says it removed.
    fn removed(&self) -> Vec<String> {
        let told = self.json();
        let judged = told["environments"].as_array().cloned().unwrap_or_default();
        let removed = judged.iter().filter(|it| it["outcome"] == "removed");
        removed
            .map(|it| it["branch"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    fn status(&self) -> Option<i32> {
        self.ran.as_ref().ok().map(|ran| ran.status)
    }

    fn word(&self, key: &str) -> String {
        self.json()[key].as_str().unwrap_or_default().to_owned()
    }

    fn json(&self) -> Value {
        let ran = self.ran.as_ref().ok();
        ran.and_then(|ran| serde_json::from_str(&ran.stdout).ok())
            .unwrap_or_default()
    }
}
