//! How a build moves on: which jobs may begin, and what its own state is then.

use std::sync::Arc;

use chrono::Utc;

use super::{
    runner, shapes,
    state::{Shared, State},
    statuses,
    stored::{BuildData, JobData},
};

/// Moves a build as far as it gets: starts what may start, and tells GitHub what it has to know.
pub fn advance(shared: &Arc<Shared>, state: &mut State, place: usize, number: u64) {
    let agents = state.agents && !state.ended;
    let build = state.build(place, number);
    if build.by_hand || build.state == "skipped" {
        return;
    }
    let before = build.clone();
    settle(build);
    let starting = if agents { begin(build) } else { vec![] };
    conclude(build);
    for job in starting {
        runner::start(shared, state, place, number, &job);
    }
    tell(state, place, number, &before);
}

/// Asks a build to end: what runs is asked by its agent, what does not is canceled at once.
pub fn cancel(
    shared: &Arc<Shared>,
    state: &mut State,
    place: usize,
    number: u64,
    reason: Option<String>,
) {
    let build = state.build(place, number);
    build.cancel_reason = reason;
    build.state = "canceling".to_owned();
    let by_hand = build.by_hand;
    let mut ending = vec![];
    for job in build.jobs.iter_mut().filter(|job| !job.is_finished()) {
        if job.is_running() && !by_hand {
            job.state = "canceling".to_owned();
            ending.push(job.id.clone());
        } else {
            job.state = "canceled".to_owned();
            job.finished_at = Some(Utc::now());
        }
    }
    if by_hand {
        conclude(build);
    }
    for job in ending {
        if let Some(running) = state.running.get(&job) {
            running.cancel();
        }
    }
    advance(shared, state, place, number);
    shared.changed();
}

/// Repeats a job, and tells the id of the new one.
pub fn retry(
    shared: &Arc<Shared>,
    state: &mut State,
    place: usize,
    number: u64,
    id: &str,
) -> String {
    let build = state.build(place, number);
    let at = build.jobs.iter().position(|job| job.id == id);
    let at = at.expect("the caller found it");
    let old = &mut build.jobs[at];
    let mut new = JobData::new(&old.step, &old.step_id, old.parallel);
    new.retries = old.retries + 1;
    new.state = "scheduled".to_owned();
    let again = new.id.clone();
    old.retried_in = Some(again.clone());
    build.jobs.insert(at + 1, new);
    // What broke with it gets another chance.
    for job in build.jobs.iter_mut().filter(|job| job.state == "broken") {
        job.state = "waiting".to_owned();
        job.finished_at = None;
    }
    build.finished_at = None;
    advance(shared, state, place, number);
    shared.changed();
    again
}

/// Lets jobs wait no longer whose steps before have ended, one way or the other.
fn settle(build: &mut BuildData) {
    while let Some((at, next)) = (0..build.jobs.len()).find_map(|at| Some((at, due(build, at)?))) {
        let job = &mut build.jobs[at];
        job.state = next.to_owned();
        if next == "broken" {
            job.finished_at = Some(Utc::now());
        }
    }
}

/// What becomes of a waiting job now, if anything does.
fn due(build: &BuildData, at: usize) -> Option<&'static str> {
    let job = &build.jobs[at];
    let before = |other: &&JobData| {
        job.step.depends_on.contains(&other.step.key) && other.retried_in.is_none()
    };
    let before = || build.jobs.iter().filter(before);
    match job.state.as_str() {
        "waiting" if before().any(JobData::has_failed) => Some("broken"),
        "waiting" if before().all(JobData::is_finished) => Some("scheduled"),
        _ => None,
    }
}

/// Gives all jobs that are due to an agent, and tells which.
fn begin(build: &mut BuildData) -> Vec<String> {
    let now = Utc::now();
    let mut begun = vec![];
    let due = build.jobs.iter_mut().filter(|job| job.state == "scheduled");
    for job in due {
        job.state = "running".to_owned();
        job.started_at = Some(now);
        begun.push(job.id.clone());
    }
    if !begun.is_empty() {
        build.started_at.get_or_insert(now);
    }
    begun
}

/// The build's own state, by those of its jobs.
fn conclude(build: &mut BuildData) {
    let mut jobs = build.jobs.iter().filter(|job| job.retried_in.is_none());
    let failed = jobs.clone().any(JobData::has_failed);
    let begun = jobs.clone().any(|job| job.started_at.is_some());
    let ended = jobs.all(JobData::is_finished);
    let canceling = build.state == "canceling";
    build.state = match (ended, canceling, failed) {
        (true, true, _) => "canceled",
        (true, false, true) => "failed",
        (true, false, false) => "passed",
        (false, true, _) => "canceling",
        (false, false, true) => "failing",
        (false, false, false) if begun => "running",
        (false, false, false) => "scheduled",
    }
    .to_owned();
    if ended {
        build.finished_at.get_or_insert_with(Utc::now);
    }
    if failed && !canceling {
        build.failing_at.get_or_insert_with(Utc::now);
    }
}

/// Posts the statuses of the build's deployment: when it begins, and when it ends.
fn tell(state: &mut State, place: usize, number: u64, before: &BuildData) {
    let pipeline = &state.pipelines[place];
    let mut builds = pipeline.builds.iter();
    let Some(build) = builds.find(|build| build.number == number) else {
        return;
    };
    let page = shapes::web_url(pipeline, build);
    let began = before.started_at.is_none() && build.started_at.is_some();
    let ended = before.finished_at.is_none() && build.finished_at.is_some();
    let posts = [
        began.then(|| statuses::began(build, &page)),
        ended.then(|| statuses::ended(build, &page)),
    ];
    for post in posts.into_iter().flatten().flatten() {
        // The carrier ends with this state.
        let _ = state.statuses.send(post);
    }
}
