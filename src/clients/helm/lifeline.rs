use std::time::{Duration, Instant};

use tokio::sync::watch;

/// What a running Helm hears of the program that started it.
#[derive(Debug, Clone)]
pub struct Lifeline {
    /// Changes at every renewal of the lock.
    pub renewed: watch::Receiver<()>,
    /// How long the lock stands without one: then Helm is ended, whatever became of us.
    pub lock_duration: Duration,
    /// When the lock was renewed last.
    pub renewed_at: Instant,
    /// True when Helm is to stop.
    pub stop: watch::Receiver<bool>,
}
