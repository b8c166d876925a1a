//! The lock on an environment, and the record that it guards: both are one Lease.
//!
//! Whoever changes an environment holds it, renews it, hears in it what others want, and stops
//! when it is lost. A holder that was lost makes no new one.

mod held;
mod lease;
mod waiting;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use k8s_openapi::api::coordination::v1::Lease;
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};

pub(super) use self::lease::{
    branch as branch_in, has_record, holder_of, is_held, last_held, record as record_in, seen,
    without_record,
};
use self::{
    held::Held,
    waiting::{Waiting, Wanted},
};
use super::stop::{LEAVE, Stop, WIND_UP};
use crate::{
    clients::{
        cluster::{Leases, Written},
        helm::GRACE,
    },
    decide::Step,
    model::{Environment, Halt, Holder, Record, Wish},
    report::Report,
};

/// How often a holder reads its Lease, and one who waits looks at it.
const LOOK: Duration = Duration::from_secs(1);

/// How often a write that met another's is tried again.
const CONFLICTS: usize = 10;

/// How often one who asked for the lock, and got no clear answer, looks and asks anew.
const DOUBTS: usize = 3;

/// What a lock is asked for with.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub environment: &'a Environment,
    pub holder: Holder,
    /// What the present holder is asked for.
    pub wish: Option<Wish>,
    pub duration: Duration,
    pub timeout: Duration,
}

/// A lock that is held.
pub(super) struct Lock {
    held: Arc<Held>,
    renewal: JoinHandle<()>,
}

impl Lock {
    /// Waits until the environment's lock is free, or its holder is dead, and takes it. With it
    /// comes the record as the last holder left it.
    ///
    /// The stop is heard between two requests, and a lock that was just taken is let go then.
    ///
    /// # Errors
    /// A [`Halt`] for a Lease that is not this environment's, a record that cannot be read, and a
    /// wait that was too long; [`Stopped`](super::stop::Stopped).
    pub(super) async fn acquire(
        leases: Leases,
        request: &Request<'_>,
        stop: &Stop,
        report: &Report,
    ) -> anyhow::Result<(Self, Option<Record>)> {
        let identity = lease::identity();
        let name = request.environment.name();
        let deadline = Instant::now() + request.timeout;
        let mut waiting = Waiting::default();
        let (mut begun, mut doubts) = (Instant::now(), 0);
        loop {
            let wanted = match stop.unless(leases.get(&name)).await?? {
                // It was written, and the answer was lost.
                Some(lease) if lease::is_of(&lease, &identity) => {
                    return Self::got(
                        leases,
                        identity,
                        (begun, request.duration),
                        lease,
                        stop,
                        report,
                    )
                    .await;
                }
                None => Wanted::Made(lease::fresh(request, &identity)?),
                Some(lease) => {
                    lease::check(&lease, request.environment)?;
                    let now = Instant::now();
                    match waiting.patience.look(&lease::seen(&lease), now, GRACE) {
                        Step::Take => Wanted::Taken(lease::taken(lease, request, &identity)?),
                        Step::Wait if now > deadline => {
                            bail!(Halt::timed_out(format!(
                                "gave up waiting: {}",
                                lease::holder(&lease)
                            )))
                        }
                        Step::Wait => {
                            let told = waiting.tell(&leases, &lease, request, report);
                            stop.unless(told).await??;
                            stop.unless(tokio::time::sleep(LOOK)).await?;
                            continue;
                        }
                    }
                }
            };
            stop.check()?;
            begun = Instant::now();
            // A write that is dropped may be done all the same.
            let written = match stop.within(WIND_UP, wanted.write(&leases)).await? {
                Err(error) if error.is_in_doubt() && doubts < DOUBTS => {
                    doubts += 1;
                    stop.unless(tokio::time::sleep(LOOK)).await?;
                    continue;
                }
                written => written?,
            };
            if let Written::Done(lease) = written {
                let time = (begun, request.duration);
                return Self::got(leases, identity, time, *lease, stop, report).await;
            }
        }
    }

    /// The lock that was just taken, unless it is not wanted any more.
    async fn got(
        leases: Leases,
        identity: String,
        time: (Instant, Duration),
        lease: Lease,
        stop: &Stop,
        report: &Report,
    ) -> anyhow::Result<(Self, Option<Record>)> {
        let record = lease::record(&lease)?;
        let lock = Self::hold(leases, identity, time, lease);
        if let Err(stopped) = stop.check() {
            lock.leave(stop, report).await;
            return Err(stopped.into());
        }
        Ok((lock, record))
    }

    /// Lets the lock go, or deletes the Lease where nothing was begun under it. Where that cannot be
    /// done it is told, and the lock runs out by itself.
    pub(super) async fn leave(self, stop: &Stop, report: &Report) {
        let left = async {
            match self.record().await {
                Ok(None) => self.delete().await,
                Ok(Some(_)) | Err(_) => self.release().await,
            }
        };
        match stop.within(LEAVE, left).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => report.warn(&format!("{error:#}")),
            Err(_) => {
                report.warn("the cluster is too slow to let the lock go: it runs out by itself");
            }
        }
    }

    /// Counted from before it was asked for: others count from what the server wrote.
    fn hold(
        leases: Leases,
        identity: String,
        (begun, duration): (Instant, Duration),
        lease: Lease,
    ) -> Self {
        let held = Arc::new(Held {
            leases,
            name: lease.metadata.name.clone().unwrap_or_default(),
            identity,
            duration,
            lease: Mutex::new(lease),
            renewed: watch::Sender::new(begun),
            beat: watch::Sender::new(()),
            lost: watch::Sender::new(None),
            wish: watch::Sender::new(None),
        });
        let renewal = tokio::spawn(held.clone().keep());
        Self { held, renewal }
    }

    /// Changes at every renewal.
    pub(super) fn renewals(&self) -> watch::Receiver<()> {
        self.held.beat.subscribe()
    }

    /// When it was renewed last.
    pub(super) fn renewed_at(&self) -> Instant {
        *self.held.renewed.borrow()
    }

    /// How long the lock stands unrenewed.
    pub(super) fn duration(&self) -> Duration {
        self.held.duration
    }

    /// What others want, as it changes.
    pub(super) fn wishes(&self) -> watch::Receiver<Option<Wish>> {
        self.held.wish.subscribe()
    }

    /// The reason, once the lock is lost.
    pub(super) fn losses(&self) -> watch::Receiver<Option<String>> {
        self.held.lost.subscribe()
    }

    /// Whether somebody else has taken the lock since. False where the Lease is gone, or the cluster
    /// does not tell.
    pub(super) async fn was_taken(&self) -> bool {
        let lease = self.held.leases.get(&self.held.name).await;
        lease.is_ok_and(|lease| lease.is_some_and(|lease| self.held.check(&lease).is_err()))
    }

    /// Fails if the lock is lost, or may be: to be asked before anything is changed.
    pub(super) fn ensure(&self) -> anyhow::Result<()> {
        if let Some(reason) = &*self.held.lost.borrow() {
            bail!("the lock is lost: {reason}");
        }
        if self.held.renewed.borrow().elapsed() >= self.held.duration {
            bail!("the lock is lost: it could not be renewed in time");
        }
        Ok(())
    }

    /// The record as it was written last; none if none was.
    pub(super) async fn record(&self) -> anyhow::Result<Option<Record>> {
        lease::record(&*self.held.lease.lock().await)
    }

    /// Writes the record.
    pub(super) async fn write(&self, record: &Record) -> anyhow::Result<()> {
        self.ensure()?;
        let text = serde_json::to_string(record).context("failed to write the record")?;
        let set = |lease: &mut Lease| lease::set_record(lease, &text);
        self.held
            .update(set)
            .await
            .context("failed to write the record")
    }

    /// Lets the lock go; the record stays.
    pub(super) async fn release(self) -> anyhow::Result<()> {
        self.renewal.abort();
        match self.held.update(lease::free).await {
            // It was let go, and the answer was lost.
            Err(_) if self.held.is_free().await => Ok(()),
            freed => freed.context("failed to release the lock"),
        }
    }

    /// Deletes the Lease, the record with it.
    pub(super) async fn delete(self) -> anyhow::Result<()> {
        self.renewal.abort();
        let mut lease = self.held.lease.lock().await;
        for _ in 0..CONFLICTS {
            match self.held.leases.delete(&lease).await? {
                Written::Done(_) | Written::Gone => return Ok(()),
                Written::Conflict => match self.held.reread().await? {
                    Some(read) => *lease = read,
                    None => return Ok(()),
                },
            }
        }
        bail!("failed to delete the record: others keep changing it")
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}
