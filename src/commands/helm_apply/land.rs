//! The deploy itself, while the lock is held, and its one final word.

use std::{sync::Arc, time::Duration};

use anyhow::bail;
use k8s_openapi::api::coordination::v1::Lease;
use tokio::{sync::Mutex, time::timeout};

use super::{
    super::{
        address,
        branches::look_for,
        hooks,
        lock::Lock,
        releases,
        site::Site,
        statuses::Statuses,
        stop::{Reason, Stop},
        teardown,
    },
    gather::Gathered,
};
use crate::{
    decide::{Presence, Rank, Room, Taken, rank, room},
    model::{
        Deployment, Ending, Halt, Phase, Record, RecordedRelease, Revision, State, Wish, labels,
    },
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

/// How long the last words may take when a signal came: the CI kills soon after.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Decides whether the deployment lands, and lands it.
pub(super) async fn land(
    gathered: &Gathered,
    lock: &Lock,
    record: Option<Record>,
    stop: &Stop,
    report: &Report,
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
        outcome = landed(gathered, &site) => outcome,
        never = heed(gathered, &site) => match never {},
    };
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

async fn landed(gathered: &Gathered, site: &Site<'_>) -> anyhow::Result<Verdict> {
    let plan = &gathered.plan;
    if let Some(verdict) = site.stop.unless(refused(gathered, site)).await?? {
        return Ok(verdict);
    }
    releases::check_owners(site, &plan.releases, plan.manner.adopt).await?;
    statuses(gathered)
        .post(State::InProgress, "deploying", None)
        .await?;
    finish_removal(site).await?;
    note_begin(gathered, site).await?;
    releases::bring_up(site, &plan.releases, plan.manner).await?;
    let answer = match &plan.answer {
        Some(expected) => {
            let ingresses = gathered.cluster.ingresses();
            address::wait_for(site, &ingresses, expected).await?
        }
        None => "every release is ready".to_owned(),
    };
    site.ready()?;
    site.report.done(&answer);
    statuses(gathered)
        .post(State::Success, &answer, plan.url.as_deref())
        .await?;
    retire_older(gathered, site).await?;
    Ok(Verdict::Success(answer))
}

/// Why the deployment does not land, if it does not.
async fn refused(gathered: &Gathered, site: &Site<'_>) -> anyhow::Result<Option<Verdict>> {
    let plan = &gathered.plan;
    let branch = &plan.environment.branch;
    match look_for(
        &gathered.github,
        branch,
        &gathered.repository.default_branch,
    )
    .await?
    {
        Presence::There => {}
        Presence::Gone => return Ok(Some(Verdict::BranchGone)),
        Presence::Unproven(reason) => bail!("nothing is known of {branch}: {reason}"),
    }
    if let Some(mine) = plan.deployment {
        let environment = &plan.environment;
        let task = Deployment::task_of(&environment.app);
        let listed = gathered
            .github
            .deployments_above(&task, &environment.tier, mine)
            .await?;
        let up = {
            let record = site.record.lock().await;
            record.deployed.filter(|_| record.phase == Phase::Up)
        };
        match rank(
            mine,
            branch,
            (&environment.app, &environment.tier),
            &listed,
            up,
        ) {
            Rank::Newest => {}
            Rank::Up => return Ok(Some(Verdict::Up)),
            Rank::SupersededBy(id) => return Ok(Some(Verdict::Superseded(id))),
        }
    }
    let leases = gathered.cluster.leases().list().await?;
    one_tier(&leases, &plan.environment.tier)?;
    let taken: Vec<Taken> = leases.iter().filter_map(taken).collect();
    match room(&plan.environment.name(), &taken, plan.max_environments) {
        Room::Free => Ok(None),
        Room::Full { oldest } => Ok(Some(Verdict::Full(oldest))),
    }
}

/// A tier is one namespace, and a namespace one tier: else sweeps of one would meet the other's.
fn one_tier(leases: &[Lease], tier: &str) -> anyhow::Result<()> {
    let tier_of = |lease: &Lease| lease.metadata.labels.as_ref()?.get(labels::TIER).cloned();
    match leases
        .iter()
        .filter_map(tier_of)
        .find(|found| found != tier)
    {
        Some(other) => bail!(Halt::usage(format!(
            "this namespace holds environments of tier {other}: give {tier} a namespace of its own"
        ))),
        None => Ok(()),
    }
}

fn taken(lease: &Lease) -> Option<Taken> {
    let created = lease.metadata.creation_timestamp.as_ref()?.0;
    let since = chrono::DateTime::from_timestamp(created.as_second(), 0)?;
    Some(Taken {
        name: lease.metadata.name.clone()?,
        since,
    })
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
        teardown::environment(site).await?;
        return site.note(|record| record.releases.clear()).await;
    }
    if !nothing_remains {
        site.report
            .note("a run was killed while it removed a release: first that is ended");
        teardown::clear_record(site).await?;
    }
    Ok(())
}

async fn note_begin(gathered: &Gathered, site: &Site<'_>) -> anyhow::Result<()> {
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
        record.deployments.extend(plan.deployment);
        record.deployments.sort_unstable();
        record.deployments.dedup();
    })
    .await
}

/// Makes the branch's older deployments inactive. One that cannot be is told, stays in the record,
/// and is tried again by the next deploy: the environment is up all the same.
async fn retire_older(gathered: &Gathered, site: &Site<'_>) -> anyhow::Result<()> {
    let mine = gathered.plan.deployment;
    let older: Vec<u64> = {
        let record = site.record.lock().await;
        record
            .deployments
            .iter()
            .copied()
            .filter(|id| Some(*id) != mine)
            .collect()
    };
    let description = mine.map_or_else(
        || format!("replaced by {}", gathered.plan.commit.short()),
        |id| format!("replaced by deployment {id}"),
    );
    let mut active: Vec<u64> = mine.into_iter().collect();
    for id in older {
        if let Err(error) = statuses(gathered).retire(id, &description).await {
            site.report
                .warn(&format!("deployment {id} stays active: {error}"));
            active.push(id);
        }
    }
    site.note(|record| {
        record.phase = Phase::Up;
        record.deployments = active;
        record.deployed = mine;
    })
    .await
}

/// Hears what others want, and that the lock is lost, for as long as the work goes on.
async fn heed(gathered: &Gathered, site: &Site<'_>) -> std::convert::Infallible {
    let (mut wishes, mut losses) = (site.lock.wishes(), site.lock.losses());
    loop {
        tokio::select! {
            lost = losses.wait_for(Option::is_some) => {
                let reason = lost.ok().and_then(|lost| lost.clone()).unwrap_or_default();
                site.stop.ask(Reason::LockLost(reason));
                return std::future::pending().await;
            }
            changed = wishes.changed() => {
                let wish = wishes.borrow_and_update().clone();
                if let (Ok(()), Some(reason)) = (changed, heeded(gathered, wish).await) {
                    yield_to(gathered, site, reason).await;
                }
            }
        }
    }
}

/// The reason to stop that a wish is, if it is one: a higher deployment, or a branch that is
/// really gone.
async fn heeded(gathered: &Gathered, wish: Option<Wish>) -> Option<Reason> {
    match wish? {
        Wish::Deploy(id) if gathered.plan.deployment.is_some_and(|mine| id > mine) => {
            Some(Reason::Superseded(id))
        }
        Wish::Deploy(_) => None,
        Wish::Remove => {
            let branch = &gathered.plan.environment.branch;
            let default = &gathered.repository.default_branch;
            let presence = look_for(&gathered.github, branch, default).await;
            (presence.ok()? == Presence::Gone).then_some(Reason::BranchGone)
        }
    }
}

/// Stops for somebody else, once no hook runs: a migration is not interrupted.
async fn yield_to(gathered: &Gathered, site: &Site<'_>, reason: Reason) {
    let labels = gathered.plan.environment.release_labels();
    let mut told = false;
    loop {
        let running = async {
            let revisions: Vec<Revision> = site.storage.labelled(&labels).await?;
            hooks::running(&site.storage, &site.objects, &revisions).await
        };
        match running.await {
            Ok(None) => return site.stop.ask(reason),
            Ok(Some(hook)) if !told => {
                site.report.note(&format!(
                    "asked to stop; first the hook {hook} is waited for"
                ));
                told = true;
            }
            Ok(Some(_)) | Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

fn statuses(gathered: &Gathered) -> Statuses<'_> {
    Statuses {
        github: &gathered.github,
        deployment: gathered.plan.deployment,
        log_url: gathered.plan.log_url.as_deref(),
    }
}

/// Posts the final word, lets the lock go, and says how it came out.
pub(super) async fn conclude(
    gathered: &Gathered,
    lock: Lock,
    verdict: Verdict,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let words = words(gathered, &verdict);
    let hurried = matches!(stop.reason(), Some(Reason::Signal(_)));
    let limit = if hurried { LAST_WORDS } else { Duration::MAX };
    if let Some((state, description)) = &words.status {
        let statuses = statuses(gathered);
        let posted = statuses.post(*state, description, None);
        let failure = match timeout(limit, posted).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("GitHub is too slow".to_owned()),
        };
        if let Some(reason) = failure {
            report.warn(&format!(
                "the deployment's final status is not posted: {reason}"
            ));
        }
    }
    // With a limit of its own: the lock waits for no GitHub.
    if timeout(limit, leave(lock, &verdict, report)).await.is_err() {
        report.warn("the cluster is too slow to let the lock go: it runs out by itself");
    }
    let result = gathered.result(words.state, &words.sentence);
    report.result(&words.sentence, &result);
    Ok(words.ending)
}

/// What is said at the end, to whom.
struct Words {
    ending: Ending,
    state: &'static str,
    sentence: String,
    status: Option<(State, String)>,
}

fn words(gathered: &Gathered, verdict: &Verdict) -> Words {
    let plan = &gathered.plan;
    let words = |ending, state, sentence: String, status: Option<State>| {
        let status = status.map(|status| (status, sentence.clone()));
        Words {
            ending,
            state,
            sentence,
            status,
        }
    };
    match verdict {
        Verdict::Success(answer) => {
            let sentence = match &plan.url {
                Some(url) => format!("Deploy success! App URL: {url}"),
                None => format!("Deploy success! {answer}"),
            };
            words(Ending::Done, "success", sentence, None)
        }
        Verdict::Up => words(
            Ending::Done,
            "up",
            "This deployment is up already: nothing to do".into(),
            None,
        ),
        Verdict::Superseded(id) => {
            let sentence = format!(
                "Superseded by deployment {id}; to go back on purpose, queue a new deployment of {}",
                plan.commit.short()
            );
            words(
                Ending::Superseded,
                "superseded",
                sentence,
                Some(State::Inactive),
            )
        }
        Verdict::BranchGone => {
            let sentence = format!("The branch {} is deleted", plan.environment.branch);
            words(
                Ending::Superseded,
                "superseded",
                sentence,
                Some(State::Inactive),
            )
        }
        Verdict::Full(oldest) => {
            let sentence = format!(
                "No room for another environment; the oldest is {}, up since {}",
                oldest.name,
                oldest.since.format("%Y-%m-%d")
            );
            words(Ending::Refused, "failed", sentence, Some(State::Failure))
        }
        Verdict::Signal(number) => {
            let name = if *number == 2 { "SIGINT" } else { "SIGTERM" };
            let sentence = format!("Cancelled by {name}");
            words(
                Ending::Signal(*number),
                "failed",
                sentence,
                Some(State::Failure),
            )
        }
        Verdict::Failed(error) => {
            let ending = super::super::ending(error);
            words(
                ending,
                "failed",
                format!("Deploy failed: {error:#}"),
                Some(State::Failure),
            )
        }
    }
}

/// Lets the lock go. A Lease that was made for a deploy that did not begin goes with it.
async fn leave(lock: Lock, verdict: &Verdict, report: &Report) {
    let begun = lock.record().await.is_ok_and(|record| record.is_some());
    let outcome = match verdict {
        Verdict::Failed(_) | Verdict::Signal(_) if begun => fail(lock).await,
        _ if !begun => lock.delete().await,
        _ => lock.release().await,
    };
    if let Err(error) = outcome {
        report.warn(&format!("{error:#}"));
    }
}

async fn fail(lock: Lock) -> anyhow::Result<()> {
    if let Some(mut record) = lock.record().await?
        && record.phase == Phase::Deploying
    {
        record.phase = Phase::Failed;
        lock.write(&record).await?;
    }
    lock.release().await
}
