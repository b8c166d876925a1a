//! `sweep-deleted`: removes the environment of a branch that was deleted.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::sync::Mutex;

use super::{
    Start,
    branches::look_for,
    connect::connect,
    forge, forgotten,
    lock::{self, Lock},
    owners,
    site::Site,
    statuses::Statuses,
    stop::{LEAVE, Reason, Stop, WIND_UP},
    teardown::{self, Remains},
};
use crate::{
    clients::{
        cluster::Cluster,
        github::{GitHub, RepositoryFacts},
        helm::Helm,
    },
    decide::Presence,
    model::{Branch, Ending, Environment, Halt, Holder, ObjectKey, Phase, Record, State, Wish},
    report::{Removed, Report},
    settings::{Ci, Deleted, SweepDeleted},
};

/// What a sweep works with.
struct Gathered {
    github: GitHub,
    repository: RepositoryFacts,
    cluster: Cluster,
    environment: Environment,
    log_url: Option<String>,
}

pub(super) async fn run(start: Start<SweepDeleted>) -> anyhow::Result<Ending> {
    let settings = &start.settings;
    let report = Report::new(settings.run.output());
    let ci = Ci::read(&start.variables)?;
    let branch = match settings.deleted(&ci)? {
        Deleted::Branch(branch) => branch,
        Deleted::Tag(name) => return Ok(nothing(&report, "tag", &name)),
        Deleted::Undeployable(name) => return Ok(nothing(&report, "branch", &name)),
    };
    let stop = Stop::on_signals().context("failed to listen for signals")?;
    let Ok(gathered) = stop.unless(gather(&start, &ci, &branch)).await else {
        return Ok(stopped(&stop));
    };
    let gathered = gathered?;
    let name = gathered.environment.name();
    report.heading(&format!("Sweeping {name}, if the branch {branch} is gone"));
    let proven = is_proven_gone(&gathered, &branch, &report);
    let Ok(proven) = stop.unless(proven).await else {
        return Ok(stopped(&stop));
    };
    if !proven? {
        let sentence = format!("The branch {branch} is there: its environment stays");
        report.result(
            &sentence,
            &result(Some(&name), branch.as_str(), "kept", &sentence),
        );
        return Ok(Ending::Done);
    }
    let Ok(is_up) = stop.unless(is_up(&gathered)).await else {
        return Ok(stopped(&stop));
    };
    if !is_up? {
        let sentence = format!("Nothing is up for {branch}: nothing to do");
        report.result(
            &sentence,
            &result(Some(&name), branch.as_str(), "nothing", &sentence),
        );
        return Ok(Ending::Done);
    }
    if settings.run.dry_run {
        let sentence = format!("Would remove {name}");
        report.result(
            &sentence,
            &result(Some(&name), branch.as_str(), "planned", &sentence),
        );
        return Ok(Ending::Done);
    }
    sweep(&start.settings, &gathered, &branch, &stop, &report).await
}

/// How the sweep of what has no environment ends.
fn nothing(report: &Report, what: &str, name: &str) -> Ending {
    let sentence =
        format!("The {what} {name} was deleted, which has no environment: nothing to do");
    report.result(&sentence, &result(None, name, "nothing", &sentence));
    Ending::Done
}

async fn gather(start: &Start<SweepDeleted>, ci: &Ci, branch: &Branch) -> anyhow::Result<Gathered> {
    let settings = &start.settings;
    let options = &settings.github;
    let (app, tier) = settings.app.place();
    let repository = options.repository(ci)?;
    let github = forge::connect(options, repository, ci, &start.variables).await?;
    let repository = github.repository().await.context("nothing is removed")?;
    if *branch == repository.default_branch {
        bail!(Halt::refused(format!(
            "{branch} is the default branch: it is never swept"
        )));
    }
    let cluster = connect(&settings.cluster, &start.sources).await?;
    let environment = Environment {
        app: app.clone(),
        tier: tier.to_owned(),
        branch: branch.clone(),
        repository_id: repository.id,
    };
    let log_url = settings.lock.log_url(ci);
    Ok(Gathered {
        github,
        repository,
        cluster,
        environment,
        log_url,
    })
}

/// Whether the branch is proven gone; an error where nothing is proven.
async fn is_proven_gone(
    gathered: &Gathered,
    branch: &Branch,
    report: &Report,
) -> anyhow::Result<bool> {
    let default = &gathered.repository.default_branch;
    match look_for(&gathered.github, branch, default)
        .await
        .context("nothing is removed")?
    {
        Presence::There => Ok(false),
        Presence::Gone => {
            report.done(&format!(
                "the branch {branch} is gone, while {default} is seen with the same token"
            ));
            Ok(true)
        }
        Presence::Unproven(reason) => bail!("nothing is removed: {reason}"),
    }
}

/// Whether there is a record, or a release that bears our labels.
async fn is_up(gathered: &Gathered) -> anyhow::Result<bool> {
    let environment = &gathered.environment;
    if gathered
        .cluster
        .leases()
        .get(&environment.name())
        .await?
        .is_some()
    {
        return Ok(true);
    }
    let labelled = gathered
        .cluster
        .storage()
        .labelled(&environment.release_labels())
        .await?;
    Ok(!labelled.is_empty())
}

async fn sweep(
    settings: &SweepDeleted,
    gathered: &Gathered,
    branch: &Branch,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let (program, timeout) = (settings.helm.helm.clone(), settings.helm.helm_timeout);
    let (target, secrets) = (
        gathered.cluster.target().clone(),
        gathered.github.secrets().clone(),
    );
    let found = Helm::find(program, target, timeout, secrets);
    let Ok(helm) = stop.unless(found).await else {
        return Ok(stopped(stop));
    };
    let helm = helm?;
    let request = lock::Request {
        environment: &gathered.environment,
        holder: Holder {
            program: "sweep-deleted".into(),
            log_url: gathered.log_url.clone(),
            deployment: None,
        },
        wish: Some(Wish::Remove),
        duration: settings.lock.lock_duration,
        timeout: settings.lock.lock_timeout,
    };
    let acquired = Lock::acquire(gathered.cluster.leases(), &request, report);
    let Ok(acquired) = stop.unless(acquired).await else {
        return Ok(stopped(stop));
    };
    let (lock, record) = acquired?;
    report.done("lock held");
    let site = Site {
        environment: &gathered.environment,
        namespace: &gathered.cluster.target().namespace,
        storage: gathered.cluster.storage(),
        objects: gathered.cluster.objects(),
        helm: &helm,
        lock: &lock,
        stop,
        report,
        record: Arc::new(Mutex::new(record.unwrap_or_else(|| {
            Record::new(&gathered.environment, &gathered.repository.full_name)
        }))),
    };
    let outcome = tokio::select! {
        outcome = stop.within(WIND_UP, removed(gathered, branch, &site)) => {
            outcome.unwrap_or_else(|stopped| Err(stopped.into()))
        }
        never = heed_loss(&site) => match never {},
    };
    drop(site);
    conclude(gathered, branch, lock, outcome, stop, report).await
}

/// Under the lock: the branch once more, then all that is up, then GitHub's deployments. None when
/// the branch is back.
async fn removed(
    gathered: &Gathered,
    branch: &Branch,
    site: &Site<'_>,
) -> anyhow::Result<Option<Remains>> {
    if !is_proven_gone(gathered, branch, site.report).await? {
        return Ok(None);
    }
    site.ready()?;
    let mut forgotten = Vec::new();
    if site.lock.record().await?.is_none() {
        owners::check_labelled(site).await?;
        forgotten = forgotten::deployments(&gathered.github, site.environment).await?;
    }
    let forgotten = still_active(gathered, forgotten).await?;
    site.note(|record| {
        record.phase = Phase::Removing;
        record.deployments.extend(forgotten);
    })
    .await?;
    let remains = teardown::environment(site).await?;
    let statuses = Statuses {
        github: &gathered.github,
        deployment: None,
        log_url: gathered.log_url.as_deref(),
    };
    let deployments = site.record.lock().await.deployments.clone();
    for id in deployments {
        statuses
            .retire(id, "the branch was deleted, and its environment removed")
            .await?;
    }
    Ok(Some(remains))
}

/// Those of `deployments` that GitHub does not show as inactive: what is true already is not posted.
async fn still_active(gathered: &Gathered, deployments: Vec<u64>) -> anyhow::Result<Vec<u64>> {
    let mut active = Vec::new();
    for id in deployments {
        let newest = gathered.github.newest_status(id).await?;
        if newest.is_none_or(|newest| newest.state != State::Inactive.to_string()) {
            active.push(id);
        }
    }
    Ok(active)
}

async fn heed_loss(site: &Site<'_>) -> std::convert::Infallible {
    let mut losses = site.lock.losses();
    if let Ok(lost) = losses.wait_for(Option::is_some).await {
        site.stop
            .ask(Reason::LockLost(lost.clone().unwrap_or_default()));
    }
    std::future::pending().await
}

async fn conclude(
    gathered: &Gathered,
    branch: &Branch,
    lock: Lock,
    outcome: anyhow::Result<Option<Remains>>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let name = gathered.environment.name();
    let result = |state, sentence: &str| result(Some(&name), branch.as_str(), state, sentence);
    match outcome {
        Ok(Some(remains)) => {
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
            let sentence = match remains.gone.len() {
                1 => format!("{name} is gone, one object of it"),
                count => format!("{name} is gone, {count} objects of it"),
            };
            let removed = Removed {
                removed: texts(&remains.gone),
                kept: texts(&remains.kept),
                left: texts(&remains.strangers),
                ..result("removed", &sentence)
            };
            report.result(&sentence, &removed);
            Ok(stop.ending(Ending::Done))
        }
        Ok(None) => {
            release(lock, stop, report).await;
            let sentence = format!("The branch {branch} is back: its environment stays");
            report.result(&sentence, &result("kept", &sentence));
            Ok(stop.ending(Ending::Done))
        }
        Err(error) => {
            release(lock, stop, report).await;
            let ending = if stop.reason().is_some() {
                stopped(stop)
            } else {
                super::ending(&error)
            };
            let sentence = match stop.reason() {
                Some(Reason::Signal(_)) => format!("{name} is not gone yet: stopped by a signal"),
                Some(Reason::LockLost(reason)) => format!("{name}: the lock is lost: {reason}"),
                Some(Reason::Superseded(_) | Reason::BranchGone) | None => {
                    format!("{name} is not gone: {error:#}")
                }
            };
            report.result(&sentence, &result("failed", &sentence));
            Ok(ending)
        }
    }
}

async fn release(lock: Lock, stop: &Stop, report: &Report) {
    let left = async {
        match lock.record().await {
            // Nothing was known of it, and nothing was begun.
            Ok(None) => lock.delete().await,
            Ok(Some(_)) | Err(_) => lock.release().await,
        }
    };
    match stop.within(LEAVE, left).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => report.warn(&format!("{error:#}")),
        Err(_) => report.warn("the cluster is too slow to let the lock go: it runs out by itself"),
    }
}

fn stopped(stop: &Stop) -> Ending {
    stop.ending(Ending::Failed)
}

fn texts(keys: &[ObjectKey]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

fn result(environment: Option<&str>, branch: &str, state: &'static str, message: &str) -> Removed {
    Removed {
        environment: environment.map(str::to_owned),
        branch: branch.to_owned(),
        state,
        removed: Vec::new(),
        kept: Vec::new(),
        left: Vec::new(),
        message: message.to_owned(),
    }
}
