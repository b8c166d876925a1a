//! The statuses of one deployment: posted on change, each when it begins to be true.

use crate::{
    clients::github::{GitHub, GitHubError, NewStatus},
    model::State,
};

/// Where a deploy's statuses go; nowhere without a deployment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statuses<'a> {
    pub github: &'a GitHub,
    pub deployment: Option<u64>,
    pub log_url: Option<&'a str>,
}

impl Statuses<'_> {
    /// Posts `state`; the address goes with a success alone.
    pub(super) async fn post(
        &self,
        state: State,
        description: &str,
        url: Option<&str>,
    ) -> Result<(), GitHubError> {
        match self.deployment {
            Some(id) => self.post_on(id, state, description, url).await,
            None => Ok(()),
        }
    }

    /// Makes another deployment inactive. One that GitHub knows no more is no failure.
    pub(super) async fn retire(&self, id: u64, description: &str) -> Result<(), GitHubError> {
        match self.post_on(id, State::Inactive, description, None).await {
            Err(error) if error.status() == Some(404) => Ok(()),
            outcome => outcome,
        }
    }

    async fn post_on(
        &self,
        id: u64,
        state: State,
        description: &str,
        environment_url: Option<&str>,
    ) -> Result<(), GitHubError> {
        let status = NewStatus {
            state,
            description,
            log_url: self.log_url,
            environment_url,
        };
        self.github.post_status(id, &status).await
    }
}
