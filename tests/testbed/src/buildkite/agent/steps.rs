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
        "" => &step,
        name => step
            .get(name)
            .ok_or_else(|| Refusal::bad(&format!("`{name}` is currently not supported")))?,
    };
    let output = match (value, text(&fields, "format").as_str()) {
        (value, "json") => value.to_string(),
        (Value::Null, _) => String::new(),
        (Value::String(text), _) => text.clone(),
        (Value::Array(_) | Value::Object(_), _) => {
            return Err(Refusal::bad("a list or an object needs a format"));
        }
        (number, _) => number.to_string(),
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

fn is_of(job: &JobData, step: &str) -> bool {
    job.step.key == step || job.step_id == step
}

/// A step by its key or id; none when the build has no such step.
fn shape(build: &BuildData, step: &str) -> Option<Value> {
    let all: Vec<_> = build.jobs.iter().filter(|job| is_of(job, step)).collect();
    let jobs: Vec<_> = all.iter().copied().filter(is_newest).collect();
    let JobData { step, .. } = jobs.first()?;
    Some(json!({
        "label": step.label,
        "type": "command",
        "if": null,
        "state": state(&jobs),
        "key": step.key,
        "outcome": outcome(&all, &jobs),
        "notify": [],
        "command": step.command,
        "parallelism": step.parallelism,
        "env": step.env,
        "timeout": null,
        "concurrency_limit": null,
        "concurrency_key": null,
        "agents": null,
        "depends_on": step.depends_on,
    }))
}

fn is_newest(job: &&JobData) -> bool {
    job.retried_in.is_none()
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

/// How the step ended; while jobs of it are under way again, how it had ended before, if it had.
fn outcome(all: &[&JobData], newest: &[&JobData]) -> Option<&'static str> {
    if newest.iter().all(|job| job.is_finished()) {
        return worst(newest.iter().copied());
    }
    worst(all.iter().copied().rfind(|job| job.is_finished()))
}

/// What the worst of some jobs makes of their step; nothing without any.
fn worst<'a>(jobs: impl IntoIterator<Item = &'a JobData>) -> Option<&'static str> {
    const FROM_BAD_TO_GOOD: [&str; 4] = ["errored", "hard_failed", "soft_failed", "passed"];
    let ends: Vec<_> = jobs.into_iter().map(end).collect();
    FROM_BAD_TO_GOOD.into_iter().find(|end| ends.contains(end))
}

/// "Errored" is what no exit status of the command has told.
fn end(job: &JobData) -> &'static str {
    match job.state.as_str() {
        "passed" => "passed",
        "failed" if job.soft_failed => "soft_failed",
        "failed" => "hard_failed",
        _ => "errored",
    }
}
