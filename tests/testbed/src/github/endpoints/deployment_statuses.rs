//! Statuses of deployments.

use serde_json::Value;

use super::{
    super::{
        answer::{Answer, Refusal, Reply},
        call::Call,
        deployments::{DeploymentState, NewStatus},
        endpoint::Endpoint,
        pages,
        permissions::{Level, Permission},
        shapes,
        stored::Stored,
    },
    deployments::find,
    fields::Fields,
};

/// `GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses`, newest first, page by page.
pub static LIST: Endpoint = Endpoint {
    permissions: &[Permission::Deployments],
    level: Level::Read,
    docs: "/deployments/statuses#list-deployment-statuses",
    answer: list,
};

/// `GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses/{status_id}`
pub static GET: Endpoint = Endpoint {
    permissions: &[Permission::Deployments],
    level: Level::Read,
    docs: "/deployments/statuses#get-a-deployment-status",
    answer: get,
};

/// `POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses`
pub static CREATE: Endpoint = Endpoint {
    permissions: &[Permission::Deployments],
    level: Level::Write,
    docs: "/deployments/statuses#create-a-deployment-status",
    answer: create,
};

fn list(call: &Call, stored: &mut Stored) -> Reply {
    let deployment = find(call, stored)?;
    let newest_first: Vec<_> = deployment.statuses.iter().rev().collect();
    let shape = |status: &&_| shapes::deployment_status(stored, deployment, status);
    Ok(pages::page(call, stored, &newest_first, shape))
}

fn get(call: &Call, stored: &mut Stored) -> Reply {
    let (deployment, id) = (find(call, stored)?, call.number("status")?);
    let status = deployment.statuses.iter().find(|status| status.id == id);
    let status = status.ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(shapes::deployment_status(
        stored, deployment, status,
    )))
}

fn create(call: &Call, stored: &mut Stored) -> Reply {
    let deployment = find(call, stored)?;
    let fields = Fields::of(call, "DeploymentStatus")?;
    let new = described(call, &fields)?;
    if deployment.statuses.len() >= stored.most_statuses {
        let message = "This deployment has reached the maximum number of statuses.";
        return Err(
            Refusal::unprocessable("Validation Failed").with_error(serde_json::json!({
                "resource": "DeploymentStatus", "code": "custom", "message": message,
            })),
        );
    }
    let id = deployment.id;
    let status = stored.post_status(id, new);
    let deployment = stored.deployment(id).ok_or_else(Refusal::not_found)?;
    Ok(Answer::created(shapes::deployment_status(
        stored, deployment, &status,
    )))
}

fn described(call: &Call, fields: &Fields) -> Result<NewStatus, Refusal> {
    let state = Value::String(fields.required_text("state")?);
    let state: DeploymentState = serde_json::from_value(state)
        .map_err(|_| fields.invalid("state", "is not included in the list"))?;
    // `log_url` took the place of `target_url`, which is still accepted.
    let (target_url, log_url) = (fields.url("target_url")?, fields.url("log_url")?);
    Ok(NewStatus {
        state,
        description: fields.at_most("description", 140)?.unwrap_or_default(),
        log_url: log_url.or(target_url).unwrap_or_default(),
        environment_url: fields.url("environment_url")?.unwrap_or_default(),
        environment: fields
            .at_most("environment", 255)?
            .filter(|name| !name.is_empty()),
        auto_inactive: fields.flag("auto_inactive")?.unwrap_or(true),
        creator: call.caller.owner.clone(),
    })
}
