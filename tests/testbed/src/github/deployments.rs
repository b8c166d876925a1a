//! Deployments and their statuses, and the rules among them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shapes::User;

/// A deployment with all its statuses.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Its id, higher than that of every earlier one.
    pub id: u64,
    /// The commit that `reference` stood for when it was made.
    pub sha: String,
    /// The branch, tag or SHA it was made for, as it was given.
    pub reference: String,
    /// `deploy` unless it was given.
    pub task: String,
    /// The environment; a status may change it.
    pub environment: String,
    /// The environment it was made for.
    pub original_environment: String,
    /// What was said of it.
    pub description: Option<String>,
    /// The payload as it was given: an object or a string.
    pub payload: Value,
    /// Who made it.
    pub creator: User,
    /// Whether its environment is to vanish one day.
    pub transient: bool,
    /// Whether its environment is one that end users see.
    pub production: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its statuses, oldest first.
    pub statuses: Vec<Status>,
}

impl Deployment {
    /// The state it is in; `None` before its first status.
    pub fn state(&self) -> Option<DeploymentState> {
        self.statuses.last().map(|status| status.state)
    }

    /// The states it went through, oldest first.
    pub fn states(&self) -> Vec<DeploymentState> {
        self.statuses.iter().map(|status| status.state).collect()
    }

    /// Whether a later success of the same environment makes it inactive by itself.
    pub fn gives_way(&self) -> bool {
        !self.transient && !self.production && self.state() == Some(DeploymentState::Success)
    }

    /// Whether it may be deleted while others are there: any status but success makes it so.
    pub fn is_inactive(&self) -> bool {
        self.state()
            .is_some_and(|state| state != DeploymentState::Success)
    }
}

/// One status of a deployment.
#[derive(Clone, Debug)]
pub struct Status {
    /// Its id.
    pub id: u64,
    /// What it says.
    pub state: DeploymentState,
    /// What it says in words; empty without any.
    pub description: String,
    /// Where its log is; empty without one.
    pub log_url: String,
    /// Where the environment is; empty without one.
    pub environment_url: String,
    /// The environment it is about.
    pub environment: String,
    /// Who posted it.
    pub creator: User,
    /// When it was posted.
    pub created_at: DateTime<Utc>,
}

/// The states that a status may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Something went wrong outside the deployment.
    Error,
    /// The deployment failed.
    Failure,
    /// It is no longer up; shown as destroyed if it was transient.
    Inactive,
    /// It runs.
    InProgress,
    /// It waits for its turn.
    Queued,
    /// It is about to begin.
    Pending,
    /// It is up.
    Success,
}

/// A deployment that is to be made.
#[derive(Clone, Debug)]
pub struct NewDeployment {
    pub sha: String,
    pub reference: String,
    pub task: String,
    pub environment: String,
    pub description: Option<String>,
    pub payload: Value,
    pub creator: User,
    pub transient: bool,
    pub production: bool,
}

/// A status that is to be posted.
#[derive(Clone, Debug)]
pub struct NewStatus {
    /// What it says.
    pub state: DeploymentState,
    /// What it says in words.
    pub description: String,
    /// Where its log is.
    pub log_url: String,
    /// Where the environment is.
    pub environment_url: String,
    /// `None` keeps the environment of the status before.
    pub environment: Option<String>,
    /// Whether earlier successes of the environment end by it.
    pub auto_inactive: bool,
    /// Who posts it.
    pub creator: User,
}

impl NewStatus {
    /// A state without any words.
    pub fn bare(state: DeploymentState, creator: User) -> Self {
        Self {
            state,
            description: String::new(),
            log_url: String::new(),
            environment_url: String::new(),
            environment: None,
            auto_inactive: false,
            creator,
        }
    }

    /// With these words.
    pub fn saying(mut self, words: &str) -> Self {
        self.description = words.to_owned();
        self
    }

    /// With the address of a log.
    pub fn log(mut self, url: &str) -> Self {
        self.log_url = url.to_owned();
        self
    }

    /// With the address of the environment.
    pub fn at(mut self, url: &str) -> Self {
        self.environment_url = url.to_owned();
        self
    }
}
