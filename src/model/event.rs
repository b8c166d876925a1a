use chrono::{DateTime, Utc};

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
    /// Whether it was said before anybody listened.
    pub before: bool,
    /// When it was said last, where that is told.
    pub at: Option<DateTime<Utc>>,
}
