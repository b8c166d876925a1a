//! The lock on an environment, and the record that it guards: both are one Lease.
//!
//! Whoever changes an environment holds it, renews it, hears in it what others want, and stops
//! when it is lost. A holder that was lost makes no new one.

mod lease;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, bail};
use k8s_openapi::api::coordination::v1::Lease;
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
    time::timeout,
};

pub(super) use self::lease::{
    branch as branch_in, has_record, holder_of, is_held, last_held, record as record_in, seen,
    without_record,
};
use super::stop::{LEAVE, Stop, WIND_UP};
use crate::{
    clients::{
        cluster::{ClusterError, Leases, Written},
        helm::GRACE,
    },
    decide::{self, Patience, Step},
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

struct Held {
    leases: Leases,
    name: String,
    identity: String,
    duration: Duration,
    lease: Mutex<Lease>,
    renewed: watch::Sender<Instant>,
    beat: watch::Sender<()>,
    lost: watch::Sender<Option<String>>,
    wish: watch::Sender<Option<Wish>>,
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

impl Held {
    /// Reads the Lease each second, hears wishes, and renews it each third of its duration.
    async fn keep(self: Arc<Self>) {
        let lost = loop {
            tokio::time::sleep(LOOK.min(self.duration / 3)).await;
            match timeout(self.duration / 3, self.look()).await {
                Ok(Ok(())) => {}
                Ok(Err(Loss::Certain(reason))) => break reason,
                // The API server does not answer: the lock stands until its time is over.
                Ok(Err(Loss::Doubt)) | Err(_) => {}
            }
            if self.renewed.borrow().elapsed() >= self.duration {
                break "it could not be renewed in time".to_owned();
            }
        };
        self.lost.send_replace(Some(lost));
    }

    async fn look(&self) -> Result<(), Loss> {
        let mut held = self.lease.lock().await;
        let lease = self.leases.get(&self.name).await.map_err(|_| Loss::Doubt)?;
        let lease = lease.ok_or_else(|| Loss::Certain("its lease was deleted".to_owned()))?;
        self.check(&lease)?;
        let wish = lease::wish(&lease);
        self.wish.send_if_modified(|known| {
            let changed = *known != wish;
            *known = wish;
            changed
        });
        *held = lease;
        if self.renewed.borrow().elapsed() < self.duration / 3 {
            return Ok(());
        }
        let begun = Instant::now();
        match self.leases.replace(&lease::renewed(held.clone())).await {
            Ok(Written::Done(lease)) => {
                *held = *lease;
                self.was_renewed(begun);
                Ok(())
            }
            Ok(Written::Conflict) | Err(_) => Err(Loss::Doubt),
            Ok(Written::Gone) => Err(Loss::Certain("its lease was deleted".to_owned())),
        }
    }

    /// Counted from before the request: the server may have written it at once.
    fn was_renewed(&self, begun: Instant) {
        self.renewed.send_replace(begun);
        self.beat.send_replace(());
    }

    fn check(&self, lease: &Lease) -> Result<(), Loss> {
        if lease::is_of(lease, &self.identity) {
            return Ok(());
        }
        let holder = lease.spec.as_ref();
        let holder = holder.and_then(|spec| spec.holder_identity.as_deref());
        Err(Loss::Certain(format!(
            "{} has it",
            holder.unwrap_or("nobody")
        )))
    }

    /// Whether nobody holds it. False where the Lease is gone, or the cluster does not tell.
    async fn is_free(&self) -> bool {
        let lease = self.leases.get(&self.name).await.ok().flatten();
        lease.is_some_and(|lease| lease::seen(&lease).holder.is_none())
    }

    /// Changes the Lease while it is ours; a conflict is read and tried again.
    async fn update(&self, change: impl Fn(&mut Lease)) -> anyhow::Result<()> {
        let mut held = self.lease.lock().await;
        for _ in 0..CONFLICTS {
            let begun = Instant::now();
            let mut lease = lease::renewed(held.clone());
            change(&mut lease);
            match self.leases.replace(&lease).await? {
                Written::Done(lease) => {
                    *held = *lease;
                    self.was_renewed(begun);
                    return Ok(());
                }
                Written::Conflict => {
                    *held = self
                        .reread()
                        .await?
                        .ok_or_else(|| anyhow!("the lease was deleted"))?;
                }
                Written::Gone => bail!("the lease was deleted"),
            }
        }
        bail!("others keep changing the lease")
    }

    /// The Lease as it is now, if it is still ours.
    async fn reread(&self) -> anyhow::Result<Option<Lease>> {
        let Some(lease) = self.leases.get(&self.name).await? else {
            return Ok(None);
        };
        match self.check(&lease) {
            Ok(()) => Ok(Some(lease)),
            Err(Loss::Certain(reason)) => bail!("the lock is lost: {reason}"),
            Err(Loss::Doubt) => bail!("the lock may be lost"),
        }
    }
}

/// How sure it is that the lock is lost.
enum Loss {
    Certain(String),
    Doubt,
}

/// The Lease as it is to be with our lock on it.
enum Wanted {
    Made(Lease),
    Taken(Lease),
}

impl Wanted {
    async fn write(&self, leases: &Leases) -> Result<Written, ClusterError> {
        match self {
            Self::Made(lease) => leases.create(lease).await,
            Self::Taken(lease) => leases.replace(lease).await,
        }
    }
}

/// One who waits: it says once for each holder whom it waits for, and what it wants of it.
#[derive(Default)]
struct Waiting {
    patience: Patience,
    told: Option<String>,
}

impl Waiting {
    async fn tell(
        &mut self,
        leases: &Leases,
        lease: &Lease,
        request: &Request<'_>,
        report: &Report,
    ) -> anyhow::Result<()> {
        let holder = lease::holder(lease);
        if self.told.as_ref() != Some(&holder) {
            report.waiting(&holder);
            self.told = Some(holder);
        }
        let Some(wish) = &request.wish else {
            return Ok(());
        };
        let present = lease::wish(lease);
        if decide::outranks(wish, present.as_ref()) {
            let text = serde_json::to_string(wish).context("failed to write a wish")?;
            leases
                .annotate(&request.environment.name(), lease::WISH, &text)
                .await?;
        }
        Ok(())
    }
}
