//! How far the build of an image has come.

use chrono::{DateTime, Utc};

use super::{StepState, Wanted};
use crate::model::{Build, Job};

/// How far what makes the image has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has passed, in the build with this page.
    Passed(String),
    /// It may still pass: what is waited for, and since when.
    Waits(String, Option<DateTime<Utc>>),
    /// It will never pass: why, and the page to look at.
    Failed(String, Option<String>),
    /// A newer commit is built in its place: why, and the page of the build.
    Skipped(String, String),
}

/// What people call that which makes the image.
pub(super) fn name(wanted: &Wanted) -> &str {
    wanted.step.as_deref().unwrap_or("the build")
}

/// What the newest of the builds says that has the step, or may still have it; of builds that all
/// lack it, the newest one's word.
pub(super) fn newest<'a>(
    wanted: &Wanted,
    builds: impl Iterator<Item = &'a Build>,
) -> Option<Progress> {
    let mut builds: Vec<&Build> = builds.collect();
    builds.sort_by_key(|build| std::cmp::Reverse(build.number));
    let Some(step) = &wanted.step else {
        return builds.first().map(|build| whole(build));
    };
    let mut says = builds.iter().map(|build| of_step(step, build));
    let first = says.next()?;
    if !first.lacks_step {
        return Some(first.progress);
    }
    let other = says.find(|said| !said.lacks_step);
    Some(other.unwrap_or(first).progress)
}

/// What the agent says of a step of this build.
pub(super) fn here(wanted: &Wanted, step: &StepState) -> Progress {
    let key = name(wanted);
    let build = step.build.clone();
    let failed = |how: &str| Progress::Failed(format!("{key} {how}"), Some(build.clone()));
    match (step.state.as_deref(), step.outcome.as_str()) {
        (None, _) => Progress::Failed(
            format!("no step of this build has the key {key}"),
            Some(build),
        ),
        (Some("ignored"), _) => failed("is left out of this build"),
        (Some("finished"), "passed") => Progress::Passed(build),
        (Some("finished"), "hard_failed") => failed("failed"),
        (Some("finished"), "soft_failed") => failed("failed softly"),
        (Some("finished"), "errored") => failed("ended in an error"),
        (Some("finished"), "neutral") => failed("has ended without running"),
        (Some(state), _) => Progress::Waits(format!("{key} is {}", spaced(state)), None),
    }
}

/// What a build without regard to its steps says.
fn whole(build: &Build) -> Progress {
    let url = &build.web_url;
    match build.state.as_str() {
        _ if build.blocked || build.state == "blocked" => waits_at_block("the build", build),
        "passed" => Progress::Passed(url.clone()),
        "skipped" => skipped(build),
        "failed" => Progress::Failed("the build failed".into(), Some(url.clone())),
        "canceled" => Progress::Failed("the build was cancelled".into(), Some(url.clone())),
        "not_run" => Progress::Failed("the build was not run".into(), Some(url.clone())),
        "waiting_failed" => {
            let why = "what the build waited for failed";
            Progress::Failed(why.into(), Some(url.clone()))
        }
        state => Progress::Waits(format!("the build is {}: {url}", spaced(state)), None),
    }
}

/// What a build says of a step.
struct Said {
    progress: Progress,
    /// Whether the build has no such step, and never will.
    lacks_step: bool,
}

fn of_step(step: &str, build: &Build) -> Said {
    let is_step = |job: &&Job| job.step_key.as_deref() == Some(step) && !job.retried;
    let jobs: Vec<&Job> = build.jobs.iter().filter(is_step).collect();
    let said = |progress| Said {
        progress,
        lacks_step: false,
    };
    let total = jobs.iter().filter_map(|job| job.parallel_group_total).max();
    let all = jobs.len() >= total.unwrap_or(1);
    if all && jobs.iter().all(|job| job.state == "passed") {
        return said(Progress::Passed(build.web_url.clone()));
    }
    if build.state == "skipped" {
        return said(skipped(build));
    }
    if let Some((job, how)) = jobs.iter().find_map(|job| Some((job, failure(job)?))) {
        let url = job.web_url.as_ref().unwrap_or(&build.web_url);
        let why = format!("{step} {how}");
        return said(Progress::Failed(why, Some(url.clone())));
    }
    if let Some(how) = end_without(build) {
        let lacks_step = jobs.is_empty();
        let what = if lacks_step {
            format!("the build {how}, and has no step {step}")
        } else {
            format!("the build {how} before {step} has passed")
        };
        return Said {
            progress: Progress::Failed(what, Some(build.web_url.clone())),
            lacks_step,
        };
    }
    said(waits_for(step, &jobs, build))
}

/// What a step that may still pass is waiting for.
fn waits_for(step: &str, jobs: &[&Job], build: &Build) -> Progress {
    let undone = jobs.iter().filter(|job| job.state != "passed");
    // Of several, the one that has come the farthest.
    let job = undone.max_by_key(|job| (job.started_at.is_some(), job.state == "running"));
    match job {
        _ if is_blocked(build) && job.is_none_or(|job| job.started_at.is_none()) => {
            waits_at_block(step, build)
        }
        Some(job) => {
            let url = job.web_url.as_ref().unwrap_or(&build.web_url);
            Progress::Waits(
                format!("{step} is {}: {url}", spaced(&job.state)),
                job.started_at,
            )
        }
        None => Progress::Waits(
            format!("{step} is not in the build yet: {}", build.web_url),
            None,
        ),
    }
}

fn waits_at_block(what: &str, build: &Build) -> Progress {
    let url = &build.web_url;
    Progress::Waits(
        format!("{what} waits for somebody to unblock it: {url}"),
        None,
    )
}

fn is_blocked(build: &Build) -> bool {
    build.blocked || build.state == "blocked"
}

fn skipped(build: &Build) -> Progress {
    let number = build.number;
    let why = format!("Buildkite skipped build {number} for a newer one of its branch");
    Progress::Skipped(why, build.web_url.clone())
}

/// How a job has ended that did not pass, of the states that are known to be final.
fn failure(job: &Job) -> Option<&'static str> {
    Some(match job.state.as_str() {
        "failed" if job.soft_failed => "failed softly",
        "failed" => "failed",
        "timed_out" => "timed out",
        "canceled" => "was cancelled",
        "expired" => "found no agent in time",
        "skipped" => "was skipped",
        "broken" => "was not run: what it depends on, or its condition, did not hold",
        "waiting_failed" | "blocked_failed" | "unblocked_failed" => {
            "was not run: what it depends on failed"
        }
        _ => return None,
    })
}

/// How a build has ended in which nothing runs any more.
fn end_without(build: &Build) -> Option<&'static str> {
    Some(match build.state.as_str() {
        "passed" if !build.blocked => "passed",
        "failed" => "failed",
        "canceled" => "was cancelled",
        "not_run" => "was not run",
        "waiting_failed" => "was not run, as what it waited for failed",
        _ => return None,
    })
}

/// A state of Buildkite's as people say it.
fn spaced(state: &str) -> String {
    match state {
        "" => "in no state yet".into(),
        state => state.replace('_', " "),
    }
}
