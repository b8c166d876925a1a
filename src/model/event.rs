use chrono::{DateTime, Utc};

/// What the API server says of a pod for which a namespace has no room left.
pub const QUOTA: &str = "exceeded quota";

/// What the cluster says of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// The object's kind, as in `Pod`.
    pub kind: String,
    /// The object's name.
    pub object: String,
    /// What tells the object from another of its name; empty where that is not told.
    pub uid: String,
    /// Whether it is a warning.
    pub warns: bool,
    /// One word, as in `FailedBuildModel`.
    pub reason: String,
    /// What was said, on one line.
    pub message: String,
    /// How often it was said.
    pub count: u32,
    /// Whether it was said before anybody listened: it proves nothing of now.
    pub before: bool,
    /// Whether nobody knows if it is so still: what it is about was changed since, or a pod has gone that a full
    /// quota counted.
    pub outdated: bool,
    /// When it was said last, where that is told.
    pub at: Option<DateTime<Utc>>,
}
