//! Removes one environment under its lock: one code for every sweep.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow, bail};
use chrono::Utc;
use tokio::sync::Mutex;

use super::{
    branches::is_proven_gone,
    farewell::Farewell,
    forgotten,
    lock::{self, Lock},
    owners,
    site::Site,
    statuses::Statuses,
    stop::{LEAVE, Reason, Stop, WIND_UP},
    teardown::{self, Inventory, Remains},
};
use crate::{
    clients::{
        cluster::Cluster,
        github::{GitHub, RepositoryFacts},
        helm::Helm,
    },
    decide::{Leaving, leaving},
    model::{Environment, Holder, Phase, Record, State, Wish},
    report::{Report, span},
    settings::DnsOptions,
};

/// What every removal of a run works with.
pub(super) struct Means<'a> {
    pub program: &'static str,
    pub github: &'a GitHub,
    pub repository: &'a RepositoryFacts,
    pub cluster: &'a Cluster,
    pub helm: &'a Helm,
    pub dns: &'a DnsOptions,
    pub lock_duration: Duration,
    pub log_url: Option<&'a str>,
}

/// Why an environment goes. Whether it still holds is asked again under the lock.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Grounds {
    /// Its branch is gone.
    BranchGone,
    /// It was last deployed longer ago than this.
    Age(Duration),
    /// A removal has begun, and did not end.
    Unfinished,
    /// There is a record, this one or none yet, and no release, for longer than age allows.
    Empty(Option<Box<Record>>),
}

/// How a removal ended.
#[derive(Debug)]
pub(super) enum Removal {
    /// All of it is gone, the record too.
    Gone(Remains),
    /// Under the lock it was seen that it has to stay, for this reason.
    Stays(String),
}

impl Means<'_> {
    /// Waits for the environment's lock, at most for `patience`, and not beyond a stop.
    pub(super) async fn acquire(
        &self,
        environment: &Environment,
        wish: Option<Wish>,
        patience: Duration,
        stop: &Stop,
        report: &Report,
    ) -> anyhow::Result<(Lock, Option<Record>)> {
        let request = lock::Request {
            environment,
            holder: Holder {
                program: self.program.into(),
                log_url: self.log_url.map(str::to_owned),
                deployment: None,
            },
            wish,
            duration: self.lock_duration,
            timeout: patience,
        };
        Lock::acquire(self.cluster.leases(), &request, stop, report).await
    }

    /// Removes the environment, if its grounds still hold, and lets the lock go in any case.
    ///
    /// `stop` hears of a lock that is lost, so it is this environment's own.
    pub(super) async fn remove(
        &self,
        environment: &Environment,
        (lock, record): (Lock, Option<Record>),
        grounds: &Grounds,
        stop: &Stop,
        report: &Report,
    ) -> anyhow::Result<Removal> {
        let record = record.unwrap_or_else(|| Record::new(environment, &self.repository.full_name));
        let site = Site {
            environment,
            namespace: &self.cluster.target().namespace,
            storage: self.cluster.storage(),
            objects: self.cluster.objects(),
            helm: self.helm,
            lock: &lock,
            stop,
            report,
            record: Arc::new(Mutex::new(record)),
        };
        let outcome = tokio::select! {
            outcome = stop.within(WIND_UP, self.removed(grounds, &site)) => {
                outcome.unwrap_or_else(|stopped| Err(stopped.into()))
            }
            never = heed_loss(&site) => match never {},
        };
        drop(site);
        let outcome = match stop.reason() {
            Some(Reason::LockLost(reason)) => {
                outcome.map_err(|_| anyhow!("the lock is lost: {reason}"))
            }
            Some(_) | None => outcome,
        };
        conclude(lock, outcome, stop, report).await
    }

    /// Under the lock: the grounds once more, then all that is up, then GitHub's deployments.
    async fn removed(&self, grounds: &Grounds, site: &Site<'_>) -> anyhow::Result<Removal> {
        if let Some(reason) = self.outside_objection(grounds, site).await? {
            return Ok(Removal::Stays(reason));
        }
        let mut forgotten = Vec::new();
        if site.lock.record().await?.is_none() {
            owners::check_labelled(site).await?;
            forgotten = forgotten::deployments(self.github, site.environment).await?;
        }
        let forgotten = self.still_active(forgotten).await?;
        let farewell = Farewell::before(site, &self.cluster.ingresses()).await;
        // Last, after all that is waited for elsewhere: Helm by hand heeds no lock.
        let inventory = Inventory::read(site).await?;
        if let Some(reason) = objection(grounds, site, &inventory).await? {
            return Ok(Removal::Stays(reason));
        }
        site.ready()?;
        site.note(|record| record.add_deployments(forgotten))
            .await?;
        let mut remains = teardown::environment(site, inventory).await?;
        if let Some(farewell) = farewell {
            remains.seen = farewell.afterwards(site, self.dns).await?;
        }
        let statuses = Statuses {
            github: self.github,
            deployment: None,
            log_url: self.log_url,
        };
        let deployments = site.record.lock().await.deployments.clone();
        for id in deployments {
            statuses.retire(id, &grounds.epitaph()).await?;
        }
        Ok(Removal::Gone(remains))
    }

    /// Why the environment has to stay after all, as GitHub tells now that nobody else changes it.
    async fn outside_objection(
        &self,
        grounds: &Grounds,
        site: &Site<'_>,
    ) -> anyhow::Result<Option<String>> {
        if *grounds != Grounds::BranchGone {
            return Ok(None);
        }
        let (branch, default) = (&site.environment.branch, &self.repository.default_branch);
        let gone = is_proven_gone(self.github, branch, default, site.report).await?;
        Ok((!gone).then(|| format!("The branch {branch} is back")))
    }

    /// Those of `deployments` that GitHub does not show as inactive: what is true already is not
    /// posted.
    async fn still_active(&self, deployments: Vec<u64>) -> anyhow::Result<Vec<u64>> {
        let mut active = Vec::new();
        for id in deployments {
            let newest = self.github.newest_status(id).await?;
            if newest.is_none_or(|newest| newest.state != State::Inactive.to_string()) {
                active.push(id);
            }
        }
        Ok(active)
    }
}

impl Grounds {
    /// What a removed deployment's last status says.
    fn epitaph(&self) -> String {
        match self {
            Self::BranchGone => "the branch was deleted, and its environment removed".into(),
            Self::Age(max_age) => {
                format!(
                    "removed: not deployed for {}; push to have it again",
                    span(*max_age)
                )
            }
            Self::Unfinished | Self::Empty(_) => "the environment was removed".into(),
        }
    }
}

/// Why the environment has to stay after all, as its own state is now that nobody else changes it.
async fn objection(
    grounds: &Grounds,
    site: &Site<'_>,
    inventory: &Inventory,
) -> anyhow::Result<Option<String>> {
    let branch = &site.environment.branch;
    let record = site.record.lock().await.clone();
    let was_deployed = || format!("{branch} was deployed since the plan was made");
    match grounds {
        Grounds::BranchGone => Ok(None),
        Grounds::Age(max_age) => {
            let last = inventory.last_deployed(site)?;
            let stays_until = match leaving(&record, last, *max_age) {
                Leaving::Already => return Ok(None),
                Leaving::Unknown => {
                    bail!("Helm does not tell its last deploy any more: nothing is removed")
                }
                Leaving::AfterDeploy(time) | Leaving::AfterKeep(time) => time,
            };
            Ok((stays_until > Utc::now())
                .then(|| format!("somebody deployed, rolled back or kept {branch} since")))
        }
        Grounds::Unfinished => Ok((record.phase != Phase::Removing).then(was_deployed)),
        Grounds::Empty(planned) => {
            let same = site.lock.record().await?.as_ref() == planned.as_deref();
            Ok((!inventory.is_empty(site) || !same).then(was_deployed))
        }
    }
}

async fn heed_loss(site: &Site<'_>) -> std::convert::Infallible {
    let mut losses = site.lock.losses();
    if let Ok(lost) = losses.wait_for(Option::is_some).await {
        site.stop
            .ask(Reason::LockLost(lost.clone().unwrap_or_default()));
    }
    std::future::pending().await
}

/// Tells what stays, and deletes the record or lets the lock go.
async fn conclude(
    lock: Lock,
    outcome: anyhow::Result<Removal>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Removal> {
    match outcome {
        Ok(Removal::Gone(remains)) => {
            let deleted = stop.within(LEAVE, lock.delete()).await;
            deleted
                .map_err(anyhow::Error::from)
                .flatten()
                .context("all is gone but the record")?;
            for key in &remains.kept {
                report.note(&format!(
                    "{key} stays, as its chart asks (resource-policy: keep)"
                ));
            }
            for key in &remains.strangers {
                report.warn(&format!("{key} is not proven ours, and is left alone"));
            }
            Ok(Removal::Gone(remains))
        }
        outcome => {
            lock.leave(stop, report).await;
            outcome
        }
    }
}
