//! Deployments and their statuses.

use serde_json::{Value, json};

use super::{
    super::{
        deployments::{Deployment, Status},
        stored::Stored,
    },
    node_id, time,
};

/// A deployment.
pub fn deployment(stored: &Stored, deployment: &Deployment) -> Value {
    let own = url(stored, deployment);
    let updated = deployment
        .statuses
        .last()
        .map_or(deployment.created_at, |last| last.created_at);
    json!({
        "url": own,
        "id": deployment.id,
        "node_id": node_id("Deployment", deployment.id),
        "sha": deployment.sha,
        "ref": deployment.reference,
        "task": deployment.task,
        "payload": deployment.payload,
        "original_environment": deployment.original_environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "creator": deployment.creator.json(&stored.url),
        "created_at": time(deployment.created_at),
        "updated_at": time(updated),
        "statuses_url": format!("{own}/statuses"),
        "repository_url": stored.api(),
        "transient_environment": deployment.transient,
        "production_environment": deployment.production,
        "performed_via_github_app": null,
    })
}

/// A status of a deployment.
pub fn deployment_status(stored: &Stored, deployment: &Deployment, status: &Status) -> Value {
    let own = url(stored, deployment);
    json!({
        "url": format!("{own}/statuses/{}", status.id),
        "id": status.id,
        "node_id": node_id("DeploymentStatus", status.id),
        "state": status.state,
        "creator": status.creator.json(&stored.url),
        "description": status.description,
        "environment": status.environment,
        "target_url": status.log_url,
        "created_at": time(status.created_at),
        "updated_at": time(status.created_at),
        "deployment_url": own,
        "repository_url": stored.api(),
        "environment_url": status.environment_url,
        "log_url": status.log_url,
        "performed_via_github_app": null,
    })
}

fn url(stored: &Stored, deployment: &Deployment) -> String {
    format!("{}/deployments/{}", stored.api(), deployment.id)
}
