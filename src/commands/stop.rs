//! Why work stops before its end, told once to all who work.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::model::Ending;

/// How long after a signal the work may take to end by itself, before it is dropped: Helm's
/// guardian gives Helm 2 s.
pub(super) const WIND_UP: Duration = Duration::from_millis(2500);
/// How long after a signal a final status may take.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(3700);
/// How long after a signal letting the lock go may take: the CI kills soon after.
pub(super) const LEAVE: Duration = Duration::from_millis(4700);

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
    signalled: Arc<watch::Sender<Option<Instant>>>,
}

impl Stop {
    /// One that hears SIGTERM and SIGINT.
    pub(super) fn on_signals() -> std::io::Result<Self> {
        let stop = Self {
            reason: Arc::new(watch::Sender::new(None)),
            asked: Arc::new(watch::Sender::new(false)),
            signalled: Arc::new(watch::Sender::new(None)),
        };
        for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
            let (mut signals, stop) = (signal(kind)?, stop.clone());
            let number = kind.as_raw_value().unsigned_abs() as u8;
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    stop.signalled.send_if_modified(|at| {
                        let first = at.is_none();
                        at.get_or_insert_with(Instant::now);
                        first
                    });
                    stop.ask(Reason::Signal(number));
                }
            });
        }
        Ok(stop)
    }

    /// One for a part of the work: it hears what this one hears, and what is asked of it alone
    /// stops nothing else.
    pub(super) fn part(&self) -> Self {
        let part = Self {
            reason: Arc::new(watch::Sender::new(None)),
            asked: Arc::new(watch::Sender::new(false)),
            signalled: self.signalled.clone(),
        };
        let (mut reasons, of_part) = (self.reason.subscribe(), part.clone());
        tokio::spawn(async move {
            if let Ok(reason) = reasons.wait_for(Option::is_some).await
                && let Some(reason) = reason.clone()
            {
                of_part.ask(reason);
            }
        });
        part
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

    /// Lets work run that ends by itself once it hears the stop, but no longer than `time` after a
    /// signal: whatever it hangs at then, it is dropped. What it began to write may be written.
    pub(super) async fn within<T>(
        &self,
        time: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Stopped> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.signalled_since(time) => Err(Stopped),
        }
    }

    /// Waits until a signal came, and `time` after it has gone by.
    async fn signalled_since(&self, time: Duration) {
        let mut signalled = self.signalled.subscribe();
        let at = signalled.wait_for(Option::is_some).await;
        match at.map(|at| *at) {
            Ok(Some(at)) => sleep_until(at + time).await,
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// How the command ends: as the signal says that came, whatever was achieved until then.
    pub(super) fn ending(&self, otherwise: Ending) -> Ending {
        match self.reason() {
            Some(Reason::Signal(number)) => Ending::Signal(number),
            Some(Reason::Superseded(_) | Reason::BranchGone | Reason::LockLost(_)) | None => {
                otherwise
            }
        }
    }
}
