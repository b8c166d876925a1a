//! Builds, to be read.

use super::{
    super::{
        answer::{Answer, Reply},
        call::Call,
        pages,
        shapes::{self, Parts},
        stored::{BuildData, PipelineData},
    },
    both,
    filters::Filters,
    number, permit, place,
};

/// `GET /v2/organizations/{organization}/builds`
pub fn list_all(call: &Call) -> Reply {
    let mut state = call.shared.lock();
    permit(call, &mut state, "read_builds")?;
    listing(call, &state.pipelines.iter().collect::<Vec<_>>())
}

/// `GET /v2/organizations/{organization}/pipelines/{pipeline}/builds`
pub fn list(call: &Call) -> Reply {
    let mut state = call.shared.lock();
    permit(call, &mut state, "read_builds")?;
    listing(call, &[&state.pipelines[place(call, &state)?]])
}

/// `GET /v2/organizations/{organization}/pipelines/{pipeline}/builds/{number}`
pub fn get(call: &Call) -> Reply {
    let mut state = call.shared.lock();
    permit(call, &mut state, "read_builds")?;
    let place = place(call, &state)?;
    let number = number(call, &state.pipelines[place])?;
    let (pipeline, build) = both(&state, place, number);
    let shape = shapes::build(&call.shared.url, pipeline, build, parts(call));
    Ok(Answer::ok(shape))
}

/// The builds of these pipelines that the filters let through, newest first.
fn listing(call: &Call, pipelines: &[&PipelineData]) -> Reply {
    let filters = Filters::of(call)?;
    let mut found: Vec<_> = pipelines
        .iter()
        .flat_map(|pipeline| pipeline.builds.iter().map(move |build| (*pipeline, build)))
        .filter(|(_, build)| filters.let_through(build))
        .collect();
    // Stable, and of the same instant the higher number comes first.
    found.reverse();
    found.sort_by_key(|(_, build)| std::cmp::Reverse(build.created_at));
    let shape = |(pipeline, build): &(&PipelineData, &BuildData)| {
        shapes::build(&call.shared.url, pipeline, build, parts(call))
    };
    Ok(pages::page(call, &found, shape))
}

fn parts(call: &Call) -> Parts {
    Parts {
        jobs: !call.flag("exclude_jobs"),
        retried_jobs: call.flag("include_retried_jobs"),
        pipeline: !call.flag("exclude_pipeline"),
    }
}
