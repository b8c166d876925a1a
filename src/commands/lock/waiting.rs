//! One who wants a lock.

use anyhow::Context as _;
use k8s_openapi::api::coordination::v1::Lease;

use super::{Request, lease};
use crate::{
    clients::cluster::{ClusterError, Leases, Written},
    decide::{self, Patience},
    report::Report,
};

/// The Lease as it is to be with our lock on it.
pub(super) enum Wanted {
    Made(Lease),
    Taken(Lease),
}

impl Wanted {
    pub(super) async fn write(&self, leases: &Leases) -> Result<Written, ClusterError> {
        match self {
            Self::Made(lease) => leases.create(lease).await,
            Self::Taken(lease) => leases.replace(lease).await,
        }
    }
}

/// One who waits: it says once for each holder whom it waits for, and what it wants of it.
#[derive(Default)]
pub(super) struct Waiting {
    pub patience: Patience,
    told: Option<String>,
}

impl Waiting {
    pub(super) async fn tell(
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
