//! Deployments as GraphQL tells them.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::model::{Deployment, Posted, Told};

/// What a question asks of each deployment, to be added to its text.
pub(super) const FRAGMENTS: &str = "
fragment Made on Deployment {
  databaseId task payload environment commitOid createdAt
  ref { name }
  latestStatus { ...Said }
}
fragment Said on DeploymentStatus { id state description logUrl environmentUrl }
";

/// The order in which deployments are asked for.
pub(super) const NEWEST_FIRST: &str = "orderBy: {field: CREATED_AT, direction: DESC}";

/// A deployment. Its `state` is not asked for: GitHub makes one up where it has no status.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Made {
    database_id: u64,
    task: Option<String>,
    payload: Option<String>,
    environment: Option<String>,
    commit_oid: String,
    created_at: DateTime<Utc>,
    #[serde(rename = "ref")]
    git_ref: Option<Name>,
    latest_status: Option<Said>,
    /// Asked for of some alone.
    statuses: Option<Nodes<Said>>,
}

#[derive(Debug, Deserialize)]
struct Name {
    name: String,
}

/// A status of a deployment.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    id: String,
    state: String,
    description: Option<String>,
    log_url: Option<String>,
    environment_url: Option<String>,
}

/// One page of a connection.
#[derive(Debug, Deserialize)]
pub(super) struct Nodes<T> {
    pub nodes: Vec<T>,
}

impl From<Made> for Told {
    fn from(made: Made) -> Self {
        let statuses = made.statuses.map(|statuses| statuses.nodes);
        let statuses = newest_first(made.latest_status, statuses.unwrap_or_default());
        let deployment = Deployment {
            id: made.database_id,
            // A ref that is gone is not told: what is left of it is the commit.
            git_ref: made
                .git_ref
                .map_or_else(|| made.commit_oid.clone(), |found| found.name),
            sha: made.commit_oid,
            task: made.task.unwrap_or_default(),
            environment: made.environment.unwrap_or_default(),
            payload: made.payload.map_or(Value::Null, payload),
            created_at: made.created_at,
        };
        Self {
            deployment,
            statuses: statuses.into_iter().map(Posted::from).collect(),
        }
    }
}

/// A payload is told as the text of its JSON.
fn payload(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// The statuses in the order of the REST API. GraphQL promises none, but tells the latest.
fn newest_first(latest: Option<Said>, mut listed: Vec<Said>) -> Vec<Said> {
    let Some(latest) = latest else {
        return listed;
    };
    if listed.last().is_some_and(|last| last.id == latest.id) {
        listed.reverse();
    }
    listed.retain(|said| said.id != latest.id);
    listed.insert(0, latest);
    listed
}

impl From<Said> for Posted {
    fn from(said: Said) -> Self {
        Self {
            // The REST API's word for it.
            state: said.state.to_lowercase(),
            description: said.description,
            log_url: said.log_url,
            environment_url: said.environment_url,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(changes: Value) -> Told {
        let mut made = json!({
            "databaseId": 4_400_000_001u64, "task": "branch-deploys:hey", "payload": "{\"app\":\"hey\"}",
            "environment": "beta", "commitOid": "a".repeat(40), "ref": {"name": "new"},
            "createdAt": "2026-11-24T09:00:00Z", "latestStatus": null,
        });
        for (key, value) in changes.as_object().unwrap() {
            made[key] = value.clone();
        }
        serde_json::from_value::<Made>(made).unwrap().into()
    }

    #[test]
    fn a_payload_comes_as_it_was_given_whether_object_or_text() {
        let object = told(json!({})).deployment.payload;
        assert_eq!(object, json!({"app": "hey"}));
        let text = told(json!({"payload": "\"{\\\"app\\\":\\\"hey\\\"}\""}));
        assert_eq!(text.deployment.payload, json!("{\"app\":\"hey\"}"));
        let none = told(json!({"payload": null, "ref": null})).deployment;
        assert_eq!((none.payload, none.git_ref), (json!(null), "a".repeat(40)));
    }

    #[test]
    fn statuses_come_newest_first_whatever_their_order() {
        let said = |id: &str| json!({"id": id, "state": "IN_PROGRESS", "description": id});
        let latest = json!({"id": "c", "state": "SUCCESS", "description": "c"});
        let newest_first = json!({"nodes": [latest, said("b"), said("a")]});
        let oldest_first = json!({"nodes": [said("a"), said("b"), latest]});
        for statuses in [newest_first, oldest_first] {
            let told = told(json!({"statuses": statuses, "latestStatus": latest}));
            let words: Vec<_> = told
                .statuses
                .iter()
                .map(|it| it.description.as_deref())
                .collect();
            assert_eq!(words, [Some("c"), Some("b"), Some("a")]);
            assert_eq!(told.statuses[1].state, "in_progress");
        }
        let only = told(json!({"latestStatus": latest}));
        assert_eq!(only.statuses.len(), 1);
        assert!(told(json!({})).statuses.is_empty());
    }
}
