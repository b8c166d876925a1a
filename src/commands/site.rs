//! What everything that changes one environment works with, while the lock is held.

use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::Mutex;

use super::{lock::Lock, stop::Stop};
use crate::{
    clients::{
        cluster::{Objects, Storage},
        helm::{Helm, Lifeline, Outcome},
    },
    decide::is_timeout,
    model::{Environment, Halt, Object, Record},
    report::{Report, elapsed},
};

pub(super) struct Site<'a> {
    pub environment: &'a Environment,
    pub namespace: &'a str,
    pub storage: Storage,
    pub objects: Objects,
    pub helm: &'a Helm,
    pub lock: &'a Lock,
    pub stop: &'a Stop,
    pub report: &'a Report,
    /// The record as it was written last.
    pub record: Arc<Mutex<Record>>,
}

impl Site<'_> {
    /// What a Helm that changes the cluster hears of us.
    pub(super) fn lifeline(&self) -> Lifeline {
        Lifeline {
            renewed: self.lock.renewals(),
            lock_duration: self.lock.duration(),
            renewed_at: self.lock.renewed_at(),
            stop: self.stop.flag(),
        }
    }

    /// Fails if nothing may be changed any more: the lock is lost, or a stop was asked for.
    pub(super) fn ready(&self) -> anyhow::Result<()> {
        self.stop.check()?;
        self.lock.ensure()
    }

    /// Those of a chart's objects that stand in our namespace.
    pub(super) fn here(&self, objects: &[Object]) -> Vec<Object> {
        let is_here = |object: &&Object| {
            let namespace = object.key.namespace.as_deref();
            namespace.is_none_or(|namespace| namespace == self.namespace)
        };
        objects.iter().filter(is_here).cloned().collect()
    }

    /// A failure of Helm's, told by `message`: a timeout where its time was up.
    pub(super) fn failure(&self, outcome: &Outcome, message: String) -> anyhow::Error {
        // A stop of ours was looked for before: what else told it to stop is its limit.
        let (complaint, limit) = (outcome.complaint(), self.helm.timeout());
        if outcome.stopped {
            let time = elapsed(outcome.ran);
            let message = format!("did not end by itself, and was ended after {time}: {message}");
            return Halt::timed_out(message).into();
        }
        if is_timeout(&complaint, outcome.ran, limit) {
            return Halt::timed_out(message).into();
        }
        anyhow!(message)
    }

    /// Changes the record, in the cluster too.
    pub(super) async fn note(&self, change: impl FnOnce(&mut Record)) -> anyhow::Result<()> {
        let mut record = self.record.lock().await;
        let before = record.clone();
        change(&mut record);
        if *record == before {
            return Ok(());
        }
        self.lock.write(&record).await
    }
}
