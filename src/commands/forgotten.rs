//! What a record that was lost knew of GitHub's deployments: without it they stay active for ever.

use super::site::Site;
use crate::{
    clients::github::{GitHub, GitHubError},
    decide,
    model::{Deployment, Environment},
};

/// Whether the record was lost: there is none, and yet releases that bear this environment's labels.
pub(super) async fn is_lost(site: &Site<'_>) -> anyhow::Result<bool> {
    if site.lock.record().await?.is_some() {
        return Ok(false);
    }
    let labels = site.environment.release_labels();
    Ok(!site.storage.labelled(&labels).await?.is_empty())
}

/// The environment's newest deployments, at most a hundred, by one request.
///
/// One that was made for a commit in place of the branch, to go back on purpose, is not among them.
pub(super) async fn deployments(
    github: &GitHub,
    environment: &Environment,
) -> Result<Vec<u64>, GitHubError> {
    let task = Deployment::task_of(&environment.app);
    let branch = environment.branch.as_str();
    let listed = github
        .deployments_of(&task, &environment.tier, branch)
        .await?;
    Ok(decide::deployments_of(environment, &listed))
}
