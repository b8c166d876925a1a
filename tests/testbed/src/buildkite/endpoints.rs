//! What the REST API can be asked.

pub mod account;
pub mod builds;
pub mod changing_builds;
mod filters;
pub mod jobs;
pub mod pipelines;

use super::{
    ORGANIZATION,
    answer::Refusal,
    call::Call,
    gate,
    state::State,
    stored::{BuildData, PipelineData},
};

/// Whether the call may do this in the organization that it names.
fn permit(call: &Call, state: &mut State, scope: &str) -> Result<(), Refusal> {
    gate::permit(state, call.secret("bearer"), scope)?;
    if call.param("organization") == ORGANIZATION {
        return Ok(());
    }
    Err(Refusal::not_found("organization"))
}

/// The place of the pipeline that the path names.
fn place(call: &Call, state: &State) -> Result<usize, Refusal> {
    let slug = call.param("pipeline");
    let place = state.pipelines.iter().position(|one| one.slug == slug);
    place.ok_or_else(|| Refusal::not_found("pipeline"))
}

/// The build that the path names, by its number.
fn number(call: &Call, pipeline: &PipelineData) -> Result<u64, Refusal> {
    let number = call.param("number").parse().ok();
    let known = |number: &u64| pipeline.builds.iter().any(|build| build.number == *number);
    number
        .filter(known)
        .ok_or_else(|| Refusal::not_found("build"))
}

/// A pipeline with one of its builds.
fn both(state: &State, place: usize, number: u64) -> (&PipelineData, &BuildData) {
    let pipeline = &state.pipelines[place];
    let mut builds = pipeline.builds.iter();
    let build = builds.find(|build| build.number == number);
    (pipeline, build.expect("builds are never removed"))
}
