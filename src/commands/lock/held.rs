//! A lock as it is held: read, renewed and written, and known to be lost.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{anyhow, bail};
use k8s_openapi::api::coordination::v1::Lease;
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};

use super::{CONFLICTS, LOOK, lease};
use crate::{
    clients::cluster::{Leases, Written},
    model::Wish,
};

/// What its holder and its renewal share.
pub(super) struct Held {
    pub leases: Leases,
    pub name: String,
    pub identity: String,
    pub duration: Duration,
    pub lease: Mutex<Lease>,
    pub renewed: watch::Sender<Instant>,
    pub beat: watch::Sender<()>,
    pub lost: watch::Sender<Option<String>>,
    pub wish: watch::Sender<Option<Wish>>,
}

impl Held {
    /// Reads the Lease each second, hears wishes, and renews it each third of its duration.
    pub(super) async fn keep(self: Arc<Self>) {
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

    pub(super) fn check(&self, lease: &Lease) -> Result<(), Loss> {
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
    pub(super) async fn is_free(&self) -> bool {
        let lease = self.leases.get(&self.name).await.ok().flatten();
        lease.is_some_and(|lease| lease::seen(&lease).holder.is_none())
    }

    /// Changes the Lease while it is ours; a conflict is read and tried again.
    pub(super) async fn update(&self, change: impl Fn(&mut Lease)) -> anyhow::Result<()> {
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
    pub(super) async fn reread(&self) -> anyhow::Result<Option<Lease>> {
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
pub(super) enum Loss {
    Certain(String),
    Doubt,
}
