//! Deployments.

use super::super::{
    answer::{Answer, Refusal, Reply},
    call::Call,
    deployments::Deployment,
    endpoint::Endpoint,
    pages,
    permissions::{Level, Permission},
    shapes,
    stored::Stored,
};

/// `GET /repos/{owner}/{repo}/deployments`, newest first, page by page.
pub static LIST: Endpoint = Endpoint {
    permissions: &[Permission::Deployments],
    level: Level::Read,
    docs: "/deployments/deployments#list-deployments",
    answer: list,
};

/// `GET /repos/{owner}/{repo}/deployments/{deployment_id}`
pub static GET: Endpoint = Endpoint {
    permissions: &[Permission::Deployments],
    level: Level::Read,
    docs: "/deployments/deployments#get-a-deployment",
    answer: |call, stored| {
        let deployment = find(call, stored)?;
        Ok(Answer::ok(shapes::deployment(stored, deployment)))
    },
};

/// `DELETE /repos/{owner}/{repo}/deployments/{deployment_id}`
pub static DELETE: Endpoint = Endpoint {
    permissions: &[Permission::Deployments],
    level: Level::Write,
    docs: "/deployments/deployments#delete-a-deployment",
    answer: delete,
};

/// The deployment that the path names.
pub fn find<'a>(call: &Call, stored: &'a Stored) -> Result<&'a Deployment, Refusal> {
    stored
        .deployment(call.number("deployment")?)
        .ok_or_else(Refusal::not_found)
}

fn list(call: &Call, stored: &mut Stored) -> Reply {
    let fits = |name, value: &str| match call.query(name) {
        None | Some("" | "none") => true,
        Some(wanted) => wanted == value,
    };
    let wanted = |one: &&Deployment| {
        fits("sha", &one.sha)
            && fits("ref", &one.reference)
            && fits("task", &one.task)
            && fits("environment", &one.environment)
    };
    let found: Vec<_> = stored.deployments.iter().rev().filter(wanted).collect();
    Ok(pages::page(call, stored, &found, |one| {
        shapes::deployment(stored, one)
    }))
}

fn delete(call: &Call, stored: &mut Stored) -> Reply {
    let deployment = find(call, stored)?;
    if stored.deployments.len() > 1 && !deployment.is_inactive() {
        return Err(Refusal::unprocessable(
            "We cannot delete an active deployment unless it is the only deployment in a given \
             environment.",
        ));
    }
    let id = deployment.id;
    stored.deployments.retain(|other| other.id != id);
    Ok(Answer::no_content())
}
