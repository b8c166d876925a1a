//! Pipelines.

use super::{
    super::{
        answer::{Answer, Reply},
        call::Call,
        pages, shapes,
    },
    permit, place,
};

/// `GET /v2/organizations/{organization}/pipelines`
pub fn list(call: &Call) -> Reply {
    let mut state = call.shared.lock();
    permit(call, &mut state, "read_pipelines")?;
    let all: Vec<_> = state.pipelines.iter().collect();
    let shape = |one: &&_| shapes::pipeline(&call.shared.url, one);
    Ok(pages::page(call, &all, shape))
}

/// `GET /v2/organizations/{organization}/pipelines/{pipeline}`
pub fn get(call: &Call) -> Reply {
    let mut state = call.shared.lock();
    permit(call, &mut state, "read_pipelines")?;
    let pipeline = &state.pipelines[place(call, &state)?];
    Ok(Answer::ok(shapes::pipeline(&call.shared.url, pipeline)))
}
