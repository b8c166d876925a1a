use chrono::{DateTime, Utc};

/// What the cluster warns of, about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The object's name; its kind is known to whoever asked.
    pub object: String,
    /// One word, as in `FailedBuildModel`.
    pub reason: String,
    /// What was said, on one line.
    pub message: String,
    /// When it was said last, where that is told.
    pub at: Option<DateTime<Utc>>,
}
