use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{App, Branch, Commit, Posted};

/// A deployment of GitHub's, as far as we read it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Deployment {
    /// Its number, which grows: the higher of two is the newer.
    pub id: u64,
    /// The commit that its ref was when it was made.
    pub sha: String,
    /// The branch, tag or commit that it was made for.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// What it is for; ours is [`Deployment::task_of`].
    pub task: String,
    /// The environment's name at GitHub: our tier.
    pub environment: String,
    /// Anything its maker put there: an object, or text that holds one.
    #[serde(default)]
    pub payload: serde_json::Value,
    /// When it was made, by GitHub's clock.
    pub created_at: DateTime<Utc>,
}

/// A deployment, and what was said on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The deployment.
    pub deployment: Deployment,
    /// Its statuses, newest first: as many of them as were asked for, the newest in any case.
    pub statuses: Vec<Posted>,
}

/// What somebody asks to be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The branch whose environment it is.
    pub branch: Branch,
    /// The commit.
    pub commit: Commit,
    /// Whether migrations run.
    pub migrate: bool,
    /// How long age removes nothing, as in `14d`.
    pub keep_for: Option<String>,
}

/// What our deployments carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The app.
    pub app: String,
    /// The branch.
    pub branch: Branch,
    /// The commit; equal to the deployment's `sha`, else it is none of ours.
    pub commit: Commit,
    /// Tells a deployment from its repetition.
    pub nonce: String,
    /// Whether migrations run.
    #[serde(default)]
    pub migrate: bool,
    /// How long age removes nothing, as in `14d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_for: Option<String>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_by: Option<String>,
}

impl Payload {
    /// Whether it asks for the same, whoever asked.
    pub fn is_for(&self, order: &Order) -> bool {
        self.branch == order.branch
            && self.commit == order.commit
            && self.migrate == order.migrate
            && self.keep_for == order.keep_for
    }
}

impl Deployment {
    /// The task of an app's deployments.
    pub fn task_of(app: &App) -> String {
        format!("branch-deploys:{app}")
    }

    /// What is wrong with the payload of a deployment that is meant for `app` on `tier`, if it
    /// cannot be read: nobody else will say so.
    pub fn flaw(&self, app: &App, tier: &str) -> Option<String> {
        let payload = self.payload()?;
        let meant = self.task == Self::task_of(app)
            && self.environment == tier
            && payload["app"] == app.as_str();
        let error = Payload::deserialize(payload).err().filter(|_| meant)?;
        Some(error.to_string())
    }

    /// The payload as JSON: GitHub hands back text where text was given.
    fn payload(&self) -> Option<serde_json::Value> {
        match &self.payload {
            serde_json::Value::String(text) => serde_json::from_str(text).ok(),
            value => Some(value.clone()),
        }
    }

    /// The payload, if the deployment is ours and of `app` on `tier`.
    pub fn ours(&self, app: &App, tier: &str) -> Option<Payload> {
        if self.task != Self::task_of(app) || self.environment != tier {
            return None;
        }
        let payload = Payload::deserialize(self.payload()?).ok()?;
        let matches = payload.app == app.as_str()
            && payload.commit.as_str() == self.sha
            && !payload.nonce.is_empty();
        matches.then_some(payload)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(payload: serde_json::Value) -> Deployment {
        serde_json::from_value(json!({
            "id": 5, "sha": "a".repeat(40), "ref": "new", "task": "branch-deploys:hey",
            "environment": "beta", "payload": payload, "created_at": "2026-11-24T09:00:00Z",
        }))
        .unwrap()
    }

    fn payload() -> serde_json::Value {
        json!({"app": "hey", "branch": "new", "commit": "a".repeat(40), "nonce": "n"})
    }

    fn is_ours(deployment: &Deployment) -> bool {
        deployment.ours(&"hey".parse().unwrap(), "beta").is_some()
    }

    #[test]
    fn ours_is_told_by_task_tier_and_payload() {
        assert!(is_ours(&deployment(payload())));
        assert!(is_ours(&deployment(json!(payload().to_string()))));
    }

    #[test]
    fn a_deployment_that_differs_in_one_thing_is_not_ours() {
        for (key, value) in [
            ("app", json!("hay")),
            ("commit", json!("b".repeat(40))),
            ("nonce", json!("")),
            ("branch", json!("{{x}}")),
        ] {
            let mut payload = payload();
            payload[key] = value;
            assert!(!is_ours(&deployment(payload)), "{key}");
        }
        for payload in [json!(null), json!("text"), json!({}), json!([])] {
            assert!(!is_ours(&deployment(payload)));
        }
        let mut other_task = deployment(payload());
        other_task.task = "deploy".into();
        assert!(!is_ours(&other_task));
        let mut other_tier = deployment(payload());
        other_tier.environment = "staging".into();
        assert!(!is_ours(&other_tier));
    }

    #[test]
    fn a_payload_that_cannot_be_read_is_told_to_whom_it_is_meant_for() {
        let flaw =
            |deployment: &Deployment, app: &str| deployment.flaw(&app.parse().unwrap(), "beta");
        let mut hostile = payload();
        hostile["branch"] = json!("{{x}}");
        let hostile = deployment(hostile);
        assert!(flaw(&hostile, "hey").unwrap().contains("{{"));
        assert_eq!(flaw(&hostile, "hay"), None);
        assert_eq!(flaw(&deployment(payload()), "hey"), None);
    }
}
