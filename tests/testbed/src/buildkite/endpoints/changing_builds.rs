//! Builds, made and canceled.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    super::{
        answer::{Answer, Refusal, Reply},
        builds::{self, NewBuild},
        call::Call,
        progress,
        shapes::{self, Parts},
        state::State,
    },
    both, number, permit, place,
};

/// What an answer to a change shows.
const ALL: Parts = Parts {
    jobs: true,
    retried_jobs: false,
    pipeline: true,
};

/// `POST /v2/organizations/{organization}/pipelines/{pipeline}/builds`
pub fn create(call: &Call) -> Reply {
    let fields = call.json()?;
    let mut state = call.shared.lock();
    permit(call, &mut state, "write_builds")?;
    let place = place(call, &state)?;
    let new = NewBuild {
        env: texts(&fields, "env"),
        meta_data: texts(&fields, "meta_data"),
        message: text(&fields, "message").unwrap_or_default(),
        source: "api",
        ..NewBuild::of(&required(&fields, "branch")?, &required(&fields, "commit")?)
    };
    let number = builds::create(&call.shared, &mut state, place, new);
    Ok(Answer::created(shape(call, &state, place, number)))
}

/// `PUT …/builds/{number}/cancel`
pub fn cancel(call: &Call) -> Reply {
    let mut state = call.shared.lock();
    permit(call, &mut state, "write_builds")?;
    let place = place(call, &state)?;
    let number = number(call, &state.pipelines[place])?;
    if state.build(place, number).is_finished() {
        return Err(Refusal::unprocessable(
            "Build can't be canceled because it's already finished.",
        ));
    }
    let reason = call.json().ok().and_then(|fields| text(&fields, "reason"));
    progress::cancel(&call.shared, &mut state, place, number, reason);
    Ok(Answer::ok(shape(call, &state, place, number)))
}

/// `PUT …/builds/{number}/rebuild`
pub fn rebuild(call: &Call) -> Reply {
    let mut state = call.shared.lock();
    permit(call, &mut state, "write_builds")?;
    let place = place(call, &state)?;
    let number = number(call, &state.pipelines[place])?;
    let new = NewBuild::again(state.build(place, number), "api");
    let number = builds::create(&call.shared, &mut state, place, new);
    Ok(Answer::ok(shape(call, &state, place, number)))
}

fn shape(call: &Call, state: &State, place: usize, number: u64) -> Value {
    let (pipeline, build) = both(state, place, number);
    shapes::build(&call.shared.url, pipeline, build, ALL)
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name)?.as_str().map(str::to_owned)
}

fn required(fields: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    let given = text(fields, name).filter(|text| !text.is_empty());
    given.ok_or_else(|| Refusal::unprocessable(&format!("{name} can't be blank")))
}

/// An object of texts; what is none is written as JSON.
fn texts(fields: &Map<String, Value>, name: &str) -> BTreeMap<String, String> {
    let all = fields.get(name).and_then(Value::as_object).into_iter();
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    all.flatten()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}
