use std::time::Duration;

use super::Commit;

/// How an HTTP request was answered, as far as it matters for asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// No answer, or one cut off: the server may have done what was asked.
    None,
    /// A status, and how long the server asks to wait: `retry-after`, or, with nothing left of the
    /// limit, the time until it is reset.
    Status(u16, Option<Duration>),
    /// A refusal for a limit that tells no time.
    Limited,
}

/// Whether to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// After this time.
    After(Duration),
    /// Not at all: the answer stands.
    No,
}

/// What GitHub answered when asked for one ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The ref that came back, as in `refs/heads/main`.
    Found(String),
    /// 404: there is no such ref, or the token may not see it.
    Missing,
}

/// What one answer of GitHub's, that told of many branches, tells of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It is there, at this commit.
    At(Commit),
    /// GitHub showed the repository, and this branch not: one of the proofs that it is gone.
    Absent,
    /// Nothing is known of it, for this reason: then nothing is deleted.
    Unknown(String),
}
