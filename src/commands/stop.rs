//! Why work stops before its end, told once to all who work.

use std::{future::Future, sync::Arc};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Why work stops before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// This signal came.
    Signal(u8),
    /// This newer deployment takes over.
    Superseded(u64),
    /// The branch was deleted.
    BranchGone,
    /// Somebody else may hold the lock.
    LockLost(String),
}

/// The work was stopped; the [`Reason`] is told where the work began.
#[derive(Debug)]
pub(super) struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stopped {}

/// Where a stop is asked for and heard. The first reason counts.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    reason: Arc<watch::Sender<Option<Reason>>>,
    asked: Arc<watch::Sender<bool>>,
}

impl Stop {
    /// One that hears SIGTERM and SIGINT.
    pub(super) fn on_signals() -> std::io::Result<Self> {
        let stop = Self {
            reason: Arc::new(watch::Sender::new(None)),
            asked: Arc::new(watch::Sender::new(false)),
        };
        for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
            let (mut signals, stop) = (signal(kind)?, stop.clone());
            let number = kind.as_raw_value().unsigned_abs() as u8;
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    stop.ask(Reason::Signal(number));
                }
            });
        }
        Ok(stop)
    }

    /// Asks for the stop.
    pub(super) fn ask(&self, reason: Reason) {
        self.reason.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert(reason);
            first
        });
        self.asked.send_replace(true);
    }

    /// Why, if it was asked for.
    pub(super) fn reason(&self) -> Option<Reason> {
        self.reason.borrow().clone()
    }

    /// True once it was asked for, for Helm's guardian.
    pub(super) fn flag(&self) -> watch::Receiver<bool> {
        self.asked.subscribe()
    }

    /// Fails if the stop was asked for: between two steps.
    pub(super) fn check(&self) -> Result<(), Stopped> {
        if *self.asked.borrow() {
            Err(Stopped)
        } else {
            Ok(())
        }
    }

    /// Waits for something that changes nothing, unless the stop is asked for first.
    pub(super) async fn unless<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        let mut asked = self.asked.subscribe();
        tokio::select! {
            biased;
            _ = asked.wait_for(|asked| *asked) => Err(Stopped),
            done = work => Ok(done),
        }
    }
}
