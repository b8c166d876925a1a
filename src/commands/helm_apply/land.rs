//! The deploy itself, while the lock is held.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{
    super::{
        explain::Explanations,
        forgotten,
        lock::Lock,
        outputs,
        releases::{self, Seen},
        rollout::Rollout,
        site::Site,
        stop::{Reason, Stop, WIND_UP},
        teardown,
    },
    answered::answered,
    gather::Gathered,
    heed::heed,
    refused::refused,
    settle::settle,
};
use crate::{
    decide::Taken,
    model::{Interest, Phase, Record, RecordedRelease, State},
    report::Report,
};

/// How the deploy came out.
pub(super) enum Verdict {
    /// Up, and its address answers, as told.
    Success(String),
    /// This very deployment was up already.
    Up,
    /// A newer deployment takes over.
    Superseded(u64),
    /// The branch was deleted.
    BranchGone,
    /// There is no room for one more environment.
    Full(Taken),
    /// A signal came.
    Signal(u8),
    /// Something failed.
    Failed(anyhow::Error),
}

/// Decides whether the deployment lands, and lands it.
pub(super) async fn land(
    gathered: &Gathered,
    lock: &Lock,
    record: Option<Record>,
    stop: &Stop,
    report: &Report,
    found: &Explanations,
) -> Verdict {
    let environment = &gathered.plan.environment;
    let record = record.unwrap_or_else(|| Record::new(environment, &gathered.repository.full_name));
    let site = Site {
        environment,
        namespace: &gathered.cluster.target().namespace,
        storage: gathered.cluster.storage(),
        objects: gathered.cluster.objects(),
        helm: &gathered.helm,
        lock,
        stop,
        report,
        record: Arc::new(Mutex::new(record)),
    };
    let outcome = tokio::select! {
        outcome = stop.within(WIND_UP, landed(gathered, &site, found)) => {
            outcome.unwrap_or_else(|stopped| Err(stopped.into()))
        }
        never = heed(gathered, &site) => match never {},
    };
    if let Ok(Verdict::Success(_) | Verdict::Up) = outcome {
        // It is up, and that was its final word, whatever becomes of the rest; a run that was killed may
        // have left some of that.
        match stop.within(WIND_UP, settle(gathered, &site)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => report.warn(&format!("{error:#}")),
            Err(_) => report.warn("older deployments are not made inactive yet: stopped"),
        }
    }
    match (stop.reason(), outcome) {
        (_, Ok(verdict)) => verdict,
        (Some(Reason::Signal(number)), Err(_)) => Verdict::Signal(number),
        (Some(Reason::Superseded(id)), Err(_)) => Verdict::Superseded(id),
        (Some(Reason::BranchGone), Err(_)) => Verdict::BranchGone,
        (Some(Reason::LockLost(reason)), Err(_)) => {
            Verdict::Failed(anyhow::anyhow!("the lock is lost: {reason}"))
        }
        (None, Err(error)) => Verdict::Failed(error),
    }
}

async fn landed(
    gathered: &Gathered,
    site: &Site<'_>,
    found: &Explanations,
) -> anyhow::Result<Verdict> {
    let plan = &gathered.plan;
    if let Some(verdict) = site.stop.unless(refused(gathered, site)).await?? {
        return Ok(verdict);
    }
    let owned = releases::check_owners(site, &plan.releases, plan.manner.adopt);
    site.stop.unless(owned).await??;
    // A run that was paused meanwhile has no word on this deployment any more.
    site.ready()?;
    let statuses = gathered.statuses();
    let posted = statuses.post(State::InProgress, "deploying", None);
    site.stop.unless(posted).await??;
    finish_removal(site).await?;
    let forgotten = if forgotten::is_lost(site).await? {
        forgotten::deployments(&gathered.github, &plan.environment).await?
    } else {
        Vec::new()
    };
    note_begin(gathered, site, forgotten).await?;
    let rollout = Rollout::default();
    let seen = Seen {
        rollout: &rollout,
        found,
    };
    let objects = plan.releases.iter().flat_map(|planned| &planned.objects);
    let interest = Interest::in_all(objects);
    let answer = tokio::select! {
        answer = answered(gathered, site, &seen) => answer?,
        never = rollout.watch(site, interest) => match never {},
    };
    site.ready()?;
    site.report.done(&answer);
    if plan.in_build {
        let tier = &plan.environment.tier;
        let told = outputs::tell_build(tier, plan.url.as_deref(), site.report);
        site.stop.unless(told).await?;
    }
    gathered
        .statuses()
        .post(State::Success, &answer, plan.url.as_deref())
        .await?;
    Ok(Verdict::Success(answer))
}

/// Ends what a sweep began before the branch came back, or a reinstall that was killed.
async fn finish_removal(site: &Site<'_>) -> anyhow::Result<()> {
    let (phase, nothing_remains) = {
        let record = site.record.lock().await;
        (record.phase, record.remains.is_empty())
    };
    if phase == Phase::Removing {
        site.report
            .note("the branch came back while it was removed: first that is ended");
        let inventory = teardown::Inventory::read(site).await?;
        teardown::environment(site, inventory).await?;
        return site
            .note(|record| {
                record.releases.clear();
                record.remains.clear();
            })
            .await;
    }
    if !nothing_remains {
        site.report
            .note("an earlier run left objects that Helm knows nothing of: first they go");
        teardown::clear_record(site).await?;
    }
    Ok(())
}

async fn note_begin(
    gathered: &Gathered,
    site: &Site<'_>,
    forgotten: Vec<u64>,
) -> anyhow::Result<()> {
    let plan = &gathered.plan;
    site.note(|record| {
        record.phase = Phase::Deploying;
        record.repository = gathered.repository.full_name.clone();
        record.commit = Some(plan.commit.clone());
        record.url = plan.url.clone();
        record.deployed_by = plan.deployed_by.clone();
        record.keep_until = plan.keep_until.or(record.keep_until);
        record.remains.clear();
        record.add_releases(
            plan.releases
                .iter()
                .map(|planned| RecordedRelease::from(&planned.release)),
        );
        record.add_deployments(forgotten);
        if let Some(id) = plan.deployment {
            record.add_deployment(id);
        }
    })
    .await
}
