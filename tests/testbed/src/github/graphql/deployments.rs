//! Deployments and their statuses.

use apollo_compiler::resolvers::{ObjectValue, ResolveInfo};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{
    super::{
        deployments::{self as stored, DeploymentState},
        shapes::node_id,
    },
    actors::Actor,
    code::Repository,
    connection::Connection,
    object::{Resolved, leaf, maybe, object, some_text, time},
};

/// After so long without news a deployment that waits counts as abandoned.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);

#[derive(Clone, Copy)]
pub struct Deployment<'s> {
    pub repository: Repository<'s>,
    pub stored: &'s stored::Deployment,
}

impl<'s> Deployment<'s> {
    /// The statuses, newest first.
    fn statuses(self) -> impl Iterator<Item = Status<'s>> {
        self.stored.statuses.iter().rev().map(Status)
    }
}

impl ObjectValue for Deployment<'_> {
    fn type_name(&self) -> &str {
        "Deployment"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        let (repository, stored) = (self.repository, self.stored);
        match info.field_name() {
            "databaseId" => leaf(stored.id),
            "id" => leaf(node_id("Deployment", stored.id)),
            "task" => leaf(stored.task.as_str()),
            "description" => leaf(stored.description.as_deref()),
            "environment" => leaf(stored.environment.as_str()),
            "originalEnvironment" => leaf(stored.original_environment.as_str()),
            "payload" => leaf(payload(&stored.payload)),
            "createdAt" => time(stored.created_at),
            "creator" => object(Actor(&stored.creator)),
            "commitOid" => leaf(stored.sha.as_str()),
            "commit" => maybe(repository.commit(&stored.sha)),
            "ref" => {
                let name = &stored.reference;
                maybe(repository.branch(name).or_else(|| repository.tag(name)))
            }
            "repository" => object(repository),
            "state" => leaf(state(stored, Utc::now())),
            "latestStatus" => maybe(self.statuses().next()),
            "statuses" => object(Connection::of(
                "DeploymentStatusConnection",
                self.statuses(),
                info,
            )?),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

/// The text of the JSON, whether it was given as an object or as text; none where none was given.
fn payload(given: &Value) -> Option<String> {
    let is_empty = given.as_object().is_some_and(|fields| fields.is_empty());
    (!is_empty).then(|| given.to_string())
}

/// What GitHub makes of the statuses, and of there being none.
fn state(deployment: &stored::Deployment, now: DateTime<Utc>) -> &'static str {
    let last = deployment.statuses.last();
    let since = last.map_or(deployment.created_at, |status| status.created_at);
    match last.map(|status| status.state) {
        None | Some(DeploymentState::Pending) if now - since > PATIENCE => "ABANDONED",
        None => "PENDING",
        Some(DeploymentState::Success) => "ACTIVE",
        Some(DeploymentState::Inactive) if deployment.transient => "DESTROYED",
        Some(state) => word(state),
    }
}

#[derive(Clone, Copy)]
struct Status<'s>(&'s stored::Status);

impl ObjectValue for Status<'_> {
    fn type_name(&self) -> &str {
        "DeploymentStatus"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        let Self(stored) = self;
        match info.field_name() {
            "id" => leaf(node_id("DeploymentStatus", stored.id)),
            "state" => leaf(word(stored.state)),
            "description" => some_text(&stored.description),
            "logUrl" => some_text(&stored.log_url),
            "environmentUrl" => some_text(&stored.environment_url),
            "environment" => leaf(stored.environment.as_str()),
            "createdAt" => time(stored.created_at),
            "creator" => object(Actor(&stored.creator)),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

fn word(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Error => "ERROR",
        DeploymentState::Failure => "FAILURE",
        DeploymentState::Inactive => "INACTIVE",
        DeploymentState::InProgress => "IN_PROGRESS",
        DeploymentState::Queued => "QUEUED",
        DeploymentState::Pending => "PENDING",
        DeploymentState::Success => "SUCCESS",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::github::User;

    fn deployment(states: &[DeploymentState], at: DateTime<Utc>) -> stored::Deployment {
        let (text, creator) = (String::new, User::person("ada"));
        let status = |state: &DeploymentState| stored::Status {
            id: 1,
            state: *state,
            description: text(),
            log_url: text(),
            environment_url: text(),
            environment: text(),
            creator: creator.clone(),
            created_at: at,
        };
        stored::Deployment {
            id: 1,
            sha: text(),
            reference: text(),
            task: text(),
            environment: text(),
            original_environment: text(),
            description: None,
            payload: json!({}),
            creator: creator.clone(),
            transient: true,
            production: false,
            created_at: at,
            statuses: states.iter().map(status).collect(),
        }
    }

    #[test]
    fn what_waits_for_longer_than_half_an_hour_is_abandoned() {
        use DeploymentState::{Inactive, Pending, Queued, Success};
        let at = Utc::now();
        let after = |states: &[_], minutes| {
            state(&deployment(states, at), at + TimeDelta::minutes(minutes))
        };
        assert_eq!(after(&[], 30), "PENDING");
        assert_eq!(after(&[], 31), "ABANDONED");
        assert_eq!(after(&[Pending], 31), "ABANDONED");
        assert_eq!(after(&[Queued], 31), "QUEUED");
        assert_eq!(after(&[Success], 31), "ACTIVE");
        assert_eq!(after(&[Success, Inactive], 0), "DESTROYED");
    }

    #[test]
    fn a_payload_is_the_text_of_its_json() {
        assert_eq!(payload(&json!({})), None);
        assert_eq!(payload(&json!({"a": 1})).as_deref(), Some("{\"a\":1}"));
        assert_eq!(payload(&json!("{}")).as_deref(), Some("\"{}\""));
    }
}
