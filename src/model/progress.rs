use super::Event;

/// How far a release is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is not ready yet.
    pub waited: Vec<Waited>,
    /// What the cluster said of it last.
    pub last: Option<Event>,
}

/// A workload that is not ready yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waited {
    /// Its name.
    pub name: String,
    /// So many of its pods are ready.
    pub ready: u64,
    /// So many are to be.
    pub wanted: u64,
}
