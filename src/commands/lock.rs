//! The lock on an environment, and the record that it guards: both are one Lease.
//!
//! Whoever changes an environment holds it, renews it, hears in it what others want, and stops
//! when it is lost. A holder that was lost makes no new one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, bail};
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    clients::{
        cluster::{Leases, Written},
        helm::GRACE,
    },
    decide::{self, Patience, Step},
    model::{Environment, Halt, Holder, Record, Wish},
    report::Report,
};

/// Annotation with the [`Record`].
const RECORD: &str = "branch-deploys/record";
/// Annotation with the [`Holder`].
const HOLDER: &str = "branch-deploys/holder";
/// Annotation with the [`Wish`] of one who waits.
const WISH: &str = "branch-deploys/wish";

/// How often a holder reads its Lease, and one who waits looks at it.
const LOOK: Duration = Duration::from_secs(1);

/// How often a write that met another's is tried again.
const CONFLICTS: usize = 10;

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
    /// # Errors
    /// A [`Halt`] for a Lease that is not this environment's, a record that cannot be read, and a
    /// wait that was too long.
    pub(super) async fn acquire(
        leases: Leases,
        request: &Request<'_>,
        report: &Report,
    ) -> anyhow::Result<(Self, Option<Record>)> {
        let identity = identity();
        let name = request.environment.name();
        let deadline = Instant::now() + request.timeout;
        let mut waiting = Waiting::default();
        loop {
            let written = match leases.get(&name).await? {
                None => leases.create(&fresh(request, &identity)?).await?,
                Some(lease) => {
                    check(&lease, request.environment)?;
                    let now = Instant::now();
                    match waiting.patience.look(&seen(&lease), now, GRACE) {
                        Step::Take => leases.replace(&taken(lease, request, &identity)?).await?,
                        Step::Wait if now > deadline => {
                            bail!(Halt::timed_out(format!(
                                "gave up waiting: {}",
                                holder(&lease)
                            )))
                        }
                        Step::Wait => {
                            waiting.tell(&leases, &lease, request, report).await?;
                            tokio::time::sleep(LOOK).await;
                            continue;
                        }
                    }
                }
            };
            if let Written::Done(lease) = written {
                let record = record(&lease)?;
                return Ok((
                    Self::hold(leases, identity, request.duration, *lease),
                    record,
                ));
            }
        }
    }

    fn hold(leases: Leases, identity: String, duration: Duration, lease: Lease) -> Self {
        let held = Arc::new(Held {
            leases,
            name: lease.metadata.name.clone().unwrap_or_default(),
            identity,
            duration,
            lease: Mutex::new(lease),
            renewed: watch::Sender::new(Instant::now()),
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
        record(&*self.held.lease.lock().await)
    }

    /// Writes the record.
    pub(super) async fn write(&self, record: &Record) -> anyhow::Result<()> {
        self.ensure()?;
        let text = serde_json::to_string(record).context("failed to write the record")?;
        let set = |lease: &mut Lease| set_annotation(lease, RECORD, Some(text.clone()));
        self.held
            .update(set)
            .await
            .context("failed to write the record")
    }

    /// Lets the lock go; the record stays.
    pub(super) async fn release(self) -> anyhow::Result<()> {
        self.renewal.abort();
        let free = |lease: &mut Lease| {
            let spec = lease.spec.get_or_insert_default();
            spec.holder_identity = None;
            set_annotation(lease, HOLDER, None);
        };
        self.held
            .update(free)
            .await
            .context("failed to release the lock")
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
        let wish = annotation(&lease, WISH).and_then(|text| serde_json::from_str(text).ok());
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
        match self.leases.replace(&renewed(held.clone())).await {
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
        let holder = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.holder_identity.as_deref());
        if holder == Some(&self.identity) {
            return Ok(());
        }
        Err(Loss::Certain(format!(
            "{} has it",
            holder.unwrap_or("nobody")
        )))
    }

    /// Changes the Lease while it is ours; a conflict is read and tried again.
    async fn update(&self, change: impl Fn(&mut Lease)) -> anyhow::Result<()> {
        let mut held = self.lease.lock().await;
        for _ in 0..CONFLICTS {
            let begun = Instant::now();
            let mut lease = renewed(held.clone());
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
        let holder = holder(lease);
        if self.told.as_ref() != Some(&holder) {
            report.waiting(&holder);
            self.told = Some(holder);
        }
        let Some(wish) = &request.wish else {
            return Ok(());
        };
        let present = annotation(lease, WISH).and_then(|text| serde_json::from_str(text).ok());
        if decide::outranks(wish, present.as_ref()) {
            let text = serde_json::to_string(wish).context("failed to write a wish")?;
            leases
                .annotate(&request.environment.name(), WISH, &text)
                .await?;
        }
        Ok(())
    }
}

/// A name for this run that no other has: for people it begins with the machine's.
fn identity() -> String {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let random: u64 = rand::random();
    format!("{host}/{}/{random:016x}", std::process::id())
}

fn fresh(request: &Request<'_>, identity: &str) -> anyhow::Result<Lease> {
    let lease = Lease {
        metadata: ObjectMeta {
            name: Some(request.environment.name()),
            labels: Some(request.environment.record_labels()),
            ..ObjectMeta::default()
        },
        spec: None,
    };
    taken(lease, request, identity)
}

/// `lease` as ours. What its last holder was asked for is done with.
fn taken(mut lease: Lease, request: &Request<'_>, identity: &str) -> anyhow::Result<Lease> {
    let now = MicroTime(Timestamp::now());
    let spec = lease.spec.get_or_insert_default();
    *spec = LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: Some(request.duration.as_secs().try_into()?),
        acquire_time: Some(now.clone()),
        renew_time: Some(now),
        lease_transitions: Some(spec.lease_transitions.unwrap_or_default() + 1),
        ..LeaseSpec::default()
    };
    let holder = serde_json::to_string(&request.holder).context("failed to write the holder")?;
    set_annotation(&mut lease, HOLDER, Some(holder));
    set_annotation(&mut lease, WISH, None);
    Ok(lease)
}

fn renewed(mut lease: Lease) -> Lease {
    lease.spec.get_or_insert_default().renew_time = Some(MicroTime(Timestamp::now()));
    lease
}

/// Whether the Lease is this environment's; a record that cannot be read is nobody's.
fn check(lease: &Lease, environment: &Environment) -> anyhow::Result<()> {
    let labels = lease.metadata.labels.clone().unwrap_or_default();
    let record = record(lease)?;
    decide::claim(&labels, record.as_ref(), environment)
        .map_err(|reason| Halt::usage(reason).into())
}

/// The record in a Lease; none where nobody wrote one yet.
pub(super) fn record(lease: &Lease) -> anyhow::Result<Option<Record>> {
    let Some(text) = annotation(lease, RECORD) else {
        return Ok(None);
    };
    let name = lease.metadata.name.as_deref().unwrap_or_default();
    Record::read(text)
        .map(Some)
        .map_err(|reason| anyhow!("the record of {name} is left alone: {reason}"))
}

fn seen(lease: &Lease) -> decide::Lease {
    let spec = lease.spec.clone().unwrap_or_default();
    let seconds = spec
        .lease_duration_seconds
        .unwrap_or_default()
        .max(0)
        .unsigned_abs();
    decide::Lease {
        holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
        renewal: format!("{:?} {:?}", spec.renew_time, spec.lease_transitions),
        duration: Duration::from_secs(seconds.into()),
    }
}

/// Who holds a Lease, since when, and where its log is, in one line.
fn holder(lease: &Lease) -> String {
    let spec = lease.spec.clone().unwrap_or_default();
    let holder: Option<Holder> =
        annotation(lease, HOLDER).and_then(|text| serde_json::from_str(text).ok());
    let identity = spec.holder_identity.unwrap_or_default();
    let mut line = match &holder {
        Some(Holder {
            program,
            deployment: Some(id),
            ..
        }) => {
            format!("{program} of deployment {id} ({identity})")
        }
        Some(Holder { program, .. }) => format!("{program} ({identity})"),
        None => identity,
    };
    line.push_str(" holds the lock");
    if let Some(time) = spec.acquire_time {
        line.push_str(&format!(" since {}", time.0.strftime("%H:%M:%S UTC")));
    }
    if let Some(url) = holder.and_then(|holder| holder.log_url) {
        line.push_str(&format!(", its log: {url}"));
    }
    line
}

fn annotation<'a>(lease: &'a Lease, key: &str) -> Option<&'a str> {
    lease
        .metadata
        .annotations
        .as_ref()?
        .get(key)
        .map(String::as_str)
}

fn set_annotation(lease: &mut Lease, key: &str, value: Option<String>) {
    let annotations = lease.metadata.annotations.get_or_insert_default();
    match value {
        Some(value) => annotations.insert(key.to_owned(), value),
        None => annotations.remove(key),
    };
}
