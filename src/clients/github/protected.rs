//! The branches that nobody may delete.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{GitHub, GitHubError};
use crate::model::Branch;

#[derive(Debug, Deserialize)]
struct Protected {
    name: String,
}

impl GitHub {
    /// The branches that are protected at GitHub; without those that are no [`Branch`] of ours, which
    /// have no environment.
    pub async fn protected_branches(&self) -> Result<BTreeSet<Branch>, GitHubError> {
        let listed: Vec<Protected> = self.listing("/branches", "protected=true&").await?;
        let names = listed.into_iter().map(|listed| listed.name);
        Ok(names.filter_map(|name| name.parse().ok()).collect())
    }
}
