//! Creating a deployment: the endpoint with the traps.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        answer::{Answer, Refusal, Reply},
        call::Call,
        deployments::NewDeployment,
        endpoint::Endpoint,
        git::Resolved,
        permissions::{Level, Permission},
        shapes,
        stored::Stored,
    },
    fields::Fields,
};

/// The most that a payload's JSON may be long, in bytes.
const MOST_PAYLOAD: usize = 64 * 1024;

/// `POST /repos/{owner}/{repo}/deployments`, with the defaults that make it a trap: it merges the
/// default branch in, waits for all contexts, and deploys to production.
pub static ENDPOINT: Endpoint = Endpoint {
    permissions: &[Permission::Deployments],
    level: Level::Write,
    docs: "/deployments/deployments#create-a-deployment",
    answer: create,
};

fn create(call: &Call, stored: &mut Stored) -> Reply {
    let fields = Fields::of(call, "Deployment")?;
    let reference = fields.required_text("ref")?;
    let auto_merge = fields.flag("auto_merge")?.unwrap_or(true);
    let contexts = fields.texts("required_contexts")?;
    let unknown = || Refusal::unprocessable(format!("No ref found for: {reference}"));
    let resolved = stored.git.resolve(&reference).ok_or_else(unknown)?;
    let new = described(call, &fields, &reference, &resolved.sha)?;
    if auto_merge && let Some(merged) = merge_default_into(stored, &resolved, &new)? {
        return Ok(merged);
    }
    contexts_met(stored, &new, contexts.as_deref())?;
    let deployment = stored.deploy(new);
    Ok(Answer::created(shapes::deployment(stored, &deployment)))
}

/// The deployment as the fields describe it.
fn described(
    call: &Call,
    fields: &Fields,
    reference: &str,
    sha: &str,
) -> Result<NewDeployment, Refusal> {
    let environment = fields
        .at_most("environment", 255)?
        .filter(|name| !name.is_empty());
    let environment = environment.unwrap_or_else(|| "production".to_owned());
    let is_production = environment == "production";
    Ok(NewDeployment {
        sha: sha.to_owned(),
        reference: reference.to_owned(),
        task: fields.text("task")?.unwrap_or_else(|| "deploy".to_owned()),
        environment,
        description: fields.text("description")?,
        payload: payload(fields)?,
        creator: call.caller.owner.clone(),
        transient: fields.flag("transient_environment")?.unwrap_or(false),
        production: fields
            .flag("production_environment")?
            .unwrap_or(is_production),
    })
}

fn payload(fields: &Fields) -> Result<Value, Refusal> {
    let Some(payload) = fields.any("payload") else {
        return Ok(json!({}));
    };
    if !payload.is_object() && !payload.is_string() {
        let message =
            format!("Invalid request.\n\nFor 'properties/payload', {payload} is not an object.");
        return Err(Refusal::unprocessable(message));
    }
    if payload.to_string().len() > MOST_PAYLOAD {
        return Err(fields.invalid("payload", "is too long (maximum is 65536 characters)"));
    }
    Ok(payload.clone())
}

/// Merges the default branch into a branch that lacks some of it; then no deployment is made.
fn merge_default_into(
    stored: &mut Stored,
    resolved: &Resolved,
    new: &NewDeployment,
) -> Result<Option<Answer>, Refusal> {
    let Some(branch) = &resolved.branch else {
        return Ok(None);
    };
    let head = stored.git.default_head().to_owned();
    if stored.git.contains(&resolved.sha, &head) {
        return Ok(None);
    }
    let default = stored.git.default_branch.clone();
    if stored.conflicting.contains(branch) {
        let message = format!("Conflict merging {default} into {branch}.");
        return Err(Refusal::new(StatusCode::CONFLICT, message));
    }
    let parents = vec![resolved.sha.clone(), head];
    let merge = stored
        .git
        .commit(parents, &format!("Merge {default} into {branch}"));
    stored.move_branch(branch, &merge, &new.creator);
    let message = format!("Auto-merged {default} into {branch} on deployment.");
    Ok(Some(Answer::accepted(&message)))
}

fn contexts_met(
    stored: &Stored,
    new: &NewDeployment,
    wanted: Option<&[String]>,
) -> Result<(), Refusal> {
    let unmet = stored.checks.unmet(&new.sha, wanted);
    if unmet.is_empty() {
        return Ok(());
    }
    let unmet = unmet
        .iter()
        .map(|(context, state)| json!({ "context": context, "state": state }));
    let error = json!({
        "contexts": unmet.collect::<Vec<_>>(),
        "resource": "Deployment",
        "field": "required_contexts",
        "code": "invalid",
    });
    let message = format!(
        "Conflict: Commit status checks failed for {}.",
        new.reference
    );
    Err(Refusal::new(StatusCode::CONFLICT, message).with_error(error))
}
