//! The API of the agents: what a job asks for while it runs.

mod meta_data;
mod steps;

use serde_json::{Value, json};

use super::{
    answer::{Answer, Refusal, Reply},
    call::Call,
    state::State,
    stored::BuildData,
};
use axum::http::StatusCode;

pub use meta_data::meta_data;
pub use steps::{export, update};

/// The build of the job that asks, by the job's own token.
fn caller<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut BuildData, Refusal> {
    let token = call.secret("token");
    let builds = state.pipelines.iter_mut().flat_map(|one| &mut one.builds);
    let is_its = |build: &&mut BuildData| {
        let mut jobs = build.jobs.iter();
        jobs.any(|job| Some(job.token.as_str()) == token && job.is_running())
    };
    let build = builds.into_iter().find(is_its);
    build.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "Invalid access token"))
}

fn text(fields: &serde_json::Map<String, Value>, name: &str) -> String {
    let text = fields.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// `POST /v3/jobs/{job}/annotations`
pub fn annotate(call: &Call) -> Reply {
    let fields = call.json()?;
    let mut state = call.shared.lock();
    let build = caller(call, &mut state)?;
    let mut context = text(&fields, "context");
    if context.is_empty() {
        "default".clone_into(&mut context);
    }
    let (style, body) = build.annotations.entry(context).or_default();
    if fields.get("append") != Some(&Value::Bool(true)) {
        body.clear();
    }
    *style = text(&fields, "style");
    body.push_str(&text(&fields, "body"));
    drop(state);
    call.shared.changed();
    Ok(Answer::created(json!({})))
}

/// `DELETE /v3/jobs/{job}/annotations/{context}`
pub fn remove_annotation(call: &Call) -> Reply {
    let mut state = call.shared.lock();
    let removed = caller(call, &mut state)?
        .annotations
        .remove(call.param("context"));
    removed.ok_or_else(|| Refusal::not_found("annotation"))?;
    Ok(Answer::ok(json!({})))
}
