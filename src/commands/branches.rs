//! Whether a branch is there: by proofs, never by one 404.

use anyhow::{Context as _, bail};

use crate::{
    clients::github::{GitHub, GitHubError},
    decide::{Presence, presence},
    model::{Branch, Reading},
    report::Report,
};

/// Whether the branch is proven gone; an error where nothing is proven.
pub(super) async fn is_proven_gone(
    github: &GitHub,
    branch: &Branch,
    default_branch: &Branch,
    report: &Report,
) -> anyhow::Result<bool> {
    let presence = look_for(github, branch, default_branch).await;
    match presence.context("nothing is removed")? {
        Presence::There => Ok(false),
        Presence::Gone => {
            report.done(&format!(
                "the branch {branch} is gone, while {default_branch} is seen with the same token"
            ));
            Ok(true)
        }
        Presence::Unproven(reason) => bail!("nothing is removed: {reason}"),
    }
}

/// Reads the branch, and if it is missing, reads it once more between two sights of the default
/// branch.
pub(super) async fn look_for(
    github: &GitHub,
    branch: &Branch,
    default_branch: &Branch,
) -> Result<Presence, GitHubError> {
    if let found @ Reading::Found(_) = github.head(branch).await? {
        return Ok(presence(
            branch,
            default_branch,
            [&Reading::Missing, &found, &Reading::Missing],
        ));
    }
    let before = github.head(default_branch).await?;
    let reading = github.head(branch).await?;
    let after = github.head(default_branch).await?;
    Ok(presence(
        branch,
        default_branch,
        [&before, &reading, &after],
    ))
}
