//! Statuses of commits, and what a deployment asks of them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::shapes::User;

/// A status of a commit.
#[derive(Clone, Debug)]
pub struct CommitStatus {
    pub id: u64,
    pub sha: String,
    pub context: String,
    pub state: String,
    pub description: Option<String>,
    pub target_url: Option<String>,
    pub creator: User,
    pub created_at: DateTime<Utc>,
}

/// All statuses of a repository's commits.
#[derive(Debug, Default)]
pub struct Checks {
    /// The contexts that every commit needs besides those it has.
    pub required: Vec<String>,
    statuses: Vec<CommitStatus>,
}

impl Checks {
    /// Adds a status, and gives it back.
    pub fn add(&mut self, status: CommitStatus) -> &CommitStatus {
        self.statuses.push(status);
        self.statuses.last().expect("it was just added")
    }

    /// The contexts of a commit that are not `success`, with their states: of those wanted, or of
    /// all there are.
    pub fn unmet(&self, sha: &str, wanted: Option<&[String]>) -> Vec<(String, String)> {
        let contexts: BTreeSet<&String> = match wanted {
            Some(wanted) => wanted.iter().collect(),
            None => self
                .of(sha)
                .map(|status| &status.context)
                .chain(&self.required)
                .collect(),
        };
        let state = |context: &String| (context.clone(), self.state(sha, context).to_owned());
        contexts
            .into_iter()
            .map(state)
            .filter(|(_, state)| state != "success")
            .collect()
    }

    fn state(&self, sha: &str, context: &str) -> &str {
        let newest = self.of(sha).rev().find(|status| status.context == context);
        newest.map_or("pending", |status| &status.state)
    }

    fn of(&self, sha: &str) -> impl DoubleEndedIterator<Item = &CommitStatus> {
        self.statuses.iter().filter(move |status| status.sha == sha)
    }
}
