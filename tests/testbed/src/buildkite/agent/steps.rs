//! What a job learns of the steps of its build.

use serde_json::{Value, json};

use super::{
    super::{
        answer::{Answer, Refusal, Reply},
        call::Call,
        stored::{BuildData, JobData},
    },
    caller, text,
};

/// `POST /v3/steps/{step}/export`: one attribute, or the whole step as JSON.
pub fn export(call: &Call) -> Reply {
    let fields = call.json()?;
    let mut state = call.shared.lock();
    let build = caller(call, &mut state)?;
    let step = shape(build, call.param("step")).ok_or_else(|| Refusal::not_found("step"))?;
    let attribute = text(&fields, "attribute");
    let value = match attribute.as_str() {
        "" => step,
        name => step.get(name).cloned().ok_or_else(|| {
            Refusal::unprocessable(&format!("{name} is not an attribute of a step"))
        })?,
    };
    let output = match &value {
        Value::String(text) if text_wanted(&fields) => text.clone(),
        other => other.to_string(),
    };
    Ok(Answer::ok(json!({ "output": output })))
}

/// `PUT /v3/steps/{step}`: another label.
pub fn update(call: &Call) -> Reply {
    let fields = call.json()?;
    let mut state = call.shared.lock();
    let build = caller(call, &mut state)?;
    if text(&fields, "attribute") != "label" {
        return Err(Refusal::unprocessable("only the label can be changed here"));
    }
    let value = text(&fields, "value");
    let append = fields.get("append") == Some(&Value::Bool(true));
    let mut found = false;
    for job in build
        .jobs
        .iter_mut()
        .filter(|job| is_of(job, call.param("step")))
    {
        found = true;
        if !append {
            job.step.label.clear();
        }
        job.step.label.push_str(&value);
    }
    found
        .then(|| Answer::ok(json!({})))
        .ok_or_else(|| Refusal::not_found("step"))
}

fn text_wanted(fields: &serde_json::Map<String, Value>) -> bool {
    text(fields, "format") != "json"
}

fn is_of(job: &JobData, step: &str) -> bool {
    job.step.key == step || job.step_id == step
}

/// A step by its key or id; none when the build has no such step.
fn shape(build: &BuildData, step: &str) -> Option<Value> {
    let jobs = build.jobs.iter();
    let jobs: Vec<_> = jobs
        .filter(|job| is_of(job, step) && job.retried_in.is_none())
        .collect();
    let first = jobs.first()?;
    Some(json!({
        "id": first.step_id,
        "key": first.step.key,
        "label": first.step.label,
        "type": "command",
        "depends_on": first.step.depends_on,
        "state": state(&jobs),
        "outcome": outcome(&jobs),
    }))
}

fn state(jobs: &[&JobData]) -> &'static str {
    let any = |is: fn(&JobData) -> bool| jobs.iter().any(|job| is(job));
    if jobs.iter().all(|job| job.is_finished()) {
        "finished"
    } else if any(JobData::has_failed) {
        "failing"
    } else if any(|job| job.started_at.is_some()) {
        "running"
    } else if any(|job| job.state == "scheduled") {
        "ready"
    } else {
        "waiting_for_dependencies"
    }
}

fn outcome(jobs: &[&JobData]) -> &'static str {
    let any = |is: fn(&JobData) -> bool| jobs.iter().any(|job| is(job));
    if !jobs.iter().all(|job| job.is_finished()) {
        "neutral"
    } else if any(|job| job.state == "broken" || job.state == "canceled") {
        "errored"
    } else if any(JobData::has_failed) {
        "hard_failed"
    } else if any(|job| job.soft_failed) {
        "soft_failed"
    } else {
        "passed"
    }
}
