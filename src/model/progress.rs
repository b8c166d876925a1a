use super::Event;

/// How far a release is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is not ready yet.
    pub waited: Vec<Waited>,
    /// What the cluster said of it last.
    pub last: Option<Event>,
}

/// A workload that is not ready yet, or a hook that has yet to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waited {
    /// Its name.
    pub name: String,
    /// How many of its pods are ready, of how many; none for a hook.
    pub pods_ready: Option<(u64, u64)>,
}

/// A container of a hook's pod that has something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speaker {
    /// The hook's name.
    pub hook: String,
    /// The pod's.
    pub pod: String,
    /// The container's.
    pub container: String,
    /// How often it was started again.
    pub restarts: u64,
    /// Whether it runs now.
    pub runs: bool,
    /// Whether the pod has no other.
    pub alone: bool,
}
