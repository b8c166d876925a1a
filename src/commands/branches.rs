//! Whether a branch is there: by proofs, never by one 404.

use crate::{
    clients::github::{GitHub, GitHubError},
    decide::{Presence, presence},
    model::{Branch, Reading},
};

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
