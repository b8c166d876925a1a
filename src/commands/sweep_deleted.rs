//! `sweep-deleted`: removes the environment of a branch that was deleted.

use anyhow::{Context as _, bail};

use super::{
    Start,
    branches::is_proven_gone,
    connect::connect,
    forge,
    removal::{Grounds, Means, Removal},
    stop::{Reason, Stop},
};
use crate::{
    clients::{
        cluster::Cluster,
        github::{GitHub, RepositoryFacts},
        helm::Helm,
    },
    model::{Branch, Ending, Environment, Halt, ObjectKey, Wish},
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
    let proven = is_proven_gone(
        &gathered.github,
        &branch,
        &gathered.repository.default_branch,
        &report,
    );
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
    sweep(&start, &gathered, &branch, &stop, &report).await
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
    start: &Start<SweepDeleted>,
    gathered: &Gathered,
    branch: &Branch,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let options = &start.settings.helm;
    let (program, timeout) = (options.helm.clone(), options.helm_timeout);
    let (target, secrets) = (
        gathered.cluster.target().clone(),
        gathered.github.secrets().clone(),
    );
    let found = Helm::find(program, target, timeout, secrets);
    let Ok(helm) = stop.unless(found).await else {
        return Ok(stopped(stop));
    };
    let means = Means {
        program: "sweep-deleted",
        github: &gathered.github,
        repository: &gathered.repository,
        cluster: &gathered.cluster,
        helm: &helm?,
        lock_duration: start.settings.lock.lock_duration,
        log_url: gathered.log_url.as_deref(),
    };
    let environment = &gathered.environment;
    let (wish, patience) = (Some(Wish::Remove), start.settings.lock.lock_timeout);
    let acquired = means.acquire(environment, wish, patience, report);
    let Ok(acquired) = stop.unless(acquired).await else {
        return Ok(stopped(stop));
    };
    let held = acquired?;
    report.done("lock held");
    let outcome = means
        .remove(environment, held, &Grounds::BranchGone, stop, report)
        .await;
    Ok(conclude(&environment.name(), branch, outcome, stop, report))
}

fn conclude(
    name: &str,
    branch: &Branch,
    outcome: anyhow::Result<Removal>,
    stop: &Stop,
    report: &Report,
) -> Ending {
    let result = |state, sentence: &str| result(Some(name), branch.as_str(), state, sentence);
    match outcome {
        Ok(Removal::Gone(remains)) => {
            let sentence = remains.sentence(name);
            let removed = Removed {
                removed: texts(&remains.gone),
                kept: texts(&remains.kept),
                left: texts(&remains.strangers),
                ..result("removed", &sentence)
            };
            report.result(&sentence, &removed);
            stop.ending(Ending::Done)
        }
        Ok(Removal::Stays(reason)) => {
            let sentence = format!("{reason}: its environment stays");
            report.result(&sentence, &result("kept", &sentence));
            stop.ending(Ending::Done)
        }
        Err(error) => {
            let sentence = match stop.reason() {
                Some(Reason::Signal(_)) => format!("{name} is not gone yet: stopped by a signal"),
                Some(_) | None => format!("{name} is not gone: {error:#}"),
            };
            report.result(&sentence, &result("failed", &sentence));
            stop.ending(super::ending(&error))
        }
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
