//! Webhooks of GitHub, which start builds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    answer::{Answer, Refusal, Reply},
    builds::{self, NewBuild},
    call::Call,
    stored::{Deployment, PipelineData, Trigger},
};

/// `POST /deliver/{secret}`, at `webhook.buildkite.com`
pub fn deliver(call: &Call) -> Reply {
    let payload = Value::Object(call.json()?);
    let event = call.headers.get("x-github-event");
    let event = event.and_then(|event| event.to_str().ok()).unwrap_or("");
    let mut state = call.shared.lock();
    let secret = call.param("secret");
    let mut pipelines = state.pipelines.iter();
    let place = pipelines.position(|pipeline| pipeline.deliver == secret);
    let place = place.ok_or_else(|| Refusal::not_found("pipeline"))?;
    let numbers: Vec<_> = wanted(&state.pipelines[place], event, &payload)
        .into_iter()
        .map(|new| builds::create(&call.shared, &mut state, place, new))
        .collect();
    Ok(Answer::ok(json!({ "builds": numbers })))
}

/// The build that an event asks for, if it asks for one. A delivery that comes twice is not known
/// again.
fn wanted(pipeline: &PipelineData, event: &str, payload: &Value) -> Option<NewBuild> {
    let condition = pipeline.condition.as_ref();
    let new = match (pipeline.trigger, event) {
        (Trigger::Code, "push") => pushed(pipeline, payload)?,
        (Trigger::Deployment, "deployment") => deployed(&payload["deployment"])?,
        _ => return None,
    };
    condition.is_none_or(|holds| holds(payload)).then_some(new)
}

fn pushed(pipeline: &PipelineData, payload: &Value) -> Option<NewBuild> {
    if payload["deleted"] == true {
        return None;
    }
    let reference = payload["ref"].as_str()?;
    let commit = payload["after"].as_str()?;
    let tag = reference.strip_prefix("refs/tags/");
    let name = tag
        .filter(|_| pipeline.build_tags)
        .or_else(|| reference.strip_prefix("refs/heads/"))?;
    let message = payload["head_commit"]["message"].as_str();
    Some(NewBuild {
        tag: tag.map(str::to_owned),
        message: message.unwrap_or_default().to_owned(),
        source: "webhook",
        ..NewBuild::of(name, commit)
    })
}

fn deployed(deployment: &Value) -> Option<NewBuild> {
    let text = |field: &str| deployment[field].as_str().map(str::to_owned);
    let id = deployment["id"].as_u64()?;
    let env = [
        ("ID", id.to_string()),
        ("ENVIRONMENT", text("environment")?),
        ("TASK", text("task")?),
        ("PAYLOAD", deployment["payload"].to_string()),
    ];
    let env = env.map(|(name, value)| (format!("BUILDKITE_GITHUB_DEPLOYMENT_{name}"), value));
    let description = text("description");
    Some(NewBuild {
        message: description.unwrap_or_else(|| format!("Deployment {id}")),
        source: "webhook",
        env: BTreeMap::from(env),
        deployment: Some(Deployment {
            id,
            statuses_url: text("statuses_url")?,
        }),
        ..NewBuild::of(&text("ref")?, &text("sha")?)
    })
}
