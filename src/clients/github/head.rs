//! Refs as GraphQL tells them.

use serde::Deserialize;

use crate::model::{Branch, Commit};

/// What is asked of each branch.
pub(super) const OF_EACH: &str = "name target { oid }";

/// A branch, and what it is at.
#[derive(Debug, Deserialize)]
pub struct Head {
    name: String,
    target: Target,
}

#[derive(Debug, Deserialize)]
struct Target {
    oid: Commit,
}

impl Head {
    /// What the branch is called: one that was renamed may come back by its new name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the one that was asked for.
    pub fn is_of(&self, branch: &Branch) -> bool {
        self.name == branch.as_str()
    }

    /// The commit.
    pub fn commit(&self) -> &Commit {
        &self.target.oid
    }
}

/// The branch that a repository always has.
#[derive(Debug, Deserialize)]
pub(super) struct DefaultBranch {
    pub name: Branch,
}
