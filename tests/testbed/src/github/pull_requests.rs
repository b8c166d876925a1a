//! Pull requests, and what is said on them.

use chrono::{DateTime, Utc};

use super::shapes::User;

/// A pull request into the default branch.
#[derive(Clone, Debug)]
pub struct PullRequest {
    pub id: u64,
    pub number: u64,
    /// The name of the branch that is to be merged.
    pub head: String,
    /// Whether that is a fork's branch.
    pub of_fork: bool,
    pub open: bool,
    /// Oldest first.
    pub comments: Vec<Comment>,
}

/// A comment on a pull request.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Its id.
    pub id: u64,
    /// Its Markdown.
    pub body: String,
    /// Who wrote it.
    pub author: User,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was last edited.
    pub updated_at: DateTime<Utc>,
}
