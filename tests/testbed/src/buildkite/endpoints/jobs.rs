//! Jobs.

use super::{
    super::{
        answer::{Answer, Refusal, Reply},
        call::Call,
        progress, shapes,
        stored::JobData,
    },
    both, permit,
};

/// `PUT /v2/organizations/{organization}/jobs/{job}/retry`, and the same below the build.
pub fn retry(call: &Call) -> Reply {
    let mut state = call.shared.lock();
    permit(call, &mut state, "write_builds")?;
    let id = call.param("job");
    let found = state.find_job(id);
    let (place, number) = found.ok_or_else(|| Refusal::not_found("job"))?;
    let build = state.build(place, number);
    let canceled = build.state == "canceled";
    let job = build.job(id).expect("it was just found");
    may_retry(job, canceled)?;
    let again = progress::retry(&call.shared, &mut state, place, number, id);
    let (pipeline, build) = both(&state, place, number);
    let job = build.jobs.iter().find(|job| job.id == again);
    let job = job.expect("it was just made");
    Ok(Answer::ok(shapes::job(
        &call.shared.url,
        pipeline,
        build,
        job,
    )))
}

fn may_retry(job: &JobData, canceled: bool) -> Result<(), Refusal> {
    if canceled {
        return Err(Refusal::unprocessable(
            "Jobs from canceled builds cannot be retried",
        ));
    }
    let state = job.state.as_str();
    if job.retried_in.is_some() || !["failed", "timed_out", "canceled"].contains(&state) {
        return Err(Refusal::bad(
            "Only failed, timed out or canceled jobs can be retried",
        ));
    }
    Ok(())
}
