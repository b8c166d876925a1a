use std::fmt;

use serde::{Deserialize, Serialize};

use super::{App, Branch, Commit};

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

/// The states that we post, each when it begins to be true and not before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The lock is held and work is going on.
    InProgress,
    /// The address answers.
    Success,
    /// It failed, or was cancelled.
    Failure,
    /// Superseded, or swept.
    Inactive,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Inactive => "inactive",
        })
    }
}

/// The most characters of a status's description; GitHub answers 422 to more.
const DESCRIPTION: usize = 140;

/// `text` as a status's description: one line, cut where GitHub would refuse it.
pub fn describe(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= DESCRIPTION {
        return line;
    }
    let cut: String = line.chars().take(DESCRIPTION - 1).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn deployment(payload: serde_json::Value) -> Deployment {
        serde_json::from_value(json!({
            "id": 5, "sha": "a".repeat(40), "ref": "new", "task": "branch-deploys:hey",
            "environment": "beta", "payload": payload,
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

    proptest! {
        #[test]
        fn a_description_is_one_line_that_github_takes(text in "[\\PC\n]{0,400}") {
            let line = describe(&text);
            prop_assert!(line.chars().count() <= 140);
            prop_assert!(!line.contains('\n'));
        }
    }
}
