//! The statuses of one deployment: posted on change, each when it begins to be true.

use std::time::Duration;

use crate::{
    clients::github::{GitHub, GitHubError, NewStatus},
    model::{State, describe},
};

/// How often one status is posted, as long as GitHub leaves in doubt whether it was.
const ATTEMPTS: u32 = 4;

/// How long GitHub is left alone after the first of them; after later ones longer.
const PAUSE: Duration = Duration::from_millis(250);

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
        let mut attempt = 1;
        loop {
            match self.github.post_status(id, &status).await {
                Err(error) if error.leaves_doubt() && attempt < ATTEMPTS => {
                    tokio::time::sleep(PAUSE * attempt).await;
                    if self.is_newest(id, &status).await? {
                        return Ok(());
                    }
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Whether a status was posted although GitHub's answer to it was none: it is not posted twice.
    async fn is_newest(&self, id: u64, status: &NewStatus<'_>) -> Result<bool, GitHubError> {
        let newest = self.github.newest_status(id).await?;
        Ok(newest.is_some_and(|newest| {
            newest.state == status.state.to_string()
                && newest.description == Some(describe(status.description))
        }))
    }
}
