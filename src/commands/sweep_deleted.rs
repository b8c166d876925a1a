//! `sweep-deleted`: removes the environment of a branch that was deleted.

mod via;

use anyhow::{Context as _, bail};

use super::{
    Start,
    branches::is_proven_gone,
    check,
    connect::connect,
    forge,
    here::Here,
    outputs::{self, Page},
    removal::{Grounds, Means, Removal},
    stop::{Reason, Stop, Stopped},
};
use crate::{
    clients::{
        cluster::Cluster,
        github::{GitHub, RepositoryFacts},
        helm::Helm,
    },
    model::{Branch, Ending, Environment, Halt, ObjectKey, Wish},
    report::{Removed, Report},
    settings::{Deleted, Log, SweepDeleted},
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
    let report = Report::new(start.settings.run.output(), Log::of(&start.variables));
    let here = Here::of(&start, &report)?;
    let (ci, variables) = (&here.ci, here.variables);
    let stop = Stop::on_signals().context("failed to listen for signals")?;
    if start.settings.check.check {
        return check::sweep_deleted(&start, &stop, &report).await;
    }
    let (ending, removed) = match sweep(&start, &here, &stop).await {
        Err(error) if error.is::<Stopped>() => return Ok(stop.ending(Ending::Failed)),
        swept => swept?,
    };
    let ending = stop.ending(ending);
    let outputs = [
        ("state", Some(removed.state)),
        ("removed", Some(&*removed.names())),
    ];
    outputs::publish(&outputs, ci, variables, &report).await;
    if let Some(environment) = &removed.environment {
        let page = Page {
            context: &format!("branch-deploys-{environment}"),
            ending,
            markdown: &removed.markdown(),
        };
        outputs::show(&page, ci, variables, &report).await;
    }
    report.result(ending, &removed.message, &removed);
    Ok(ending)
}

/// How it ended, and what came of it.
type Swept = (Ending, Removed);

async fn sweep(start: &Start<SweepDeleted>, here: &Here<'_>, stop: &Stop) -> anyhow::Result<Swept> {
    let report = here.report;
    let branch = match start.settings.deleted(&here.ci)? {
        Deleted::Branch(branch) => branch,
        Deleted::Tag(name) => return Ok(undeployed("tag", &name)),
        Deleted::Undeployable(name) => return Ok(undeployed("branch", &name)),
    };
    if let Some(pipeline) = &start.settings.via_buildkite {
        return via::sweep(start, here, &branch, pipeline, stop).await;
    }
    let gathered = stop.unless(gather(start, here, &branch)).await??;
    let name = gathered.environment.name();
    report.heading(&format!("Sweeping {name}, if the branch {branch} is gone"));
    let default = &gathered.repository.default_branch;
    let proven = is_proven_gone(&gathered.github, &branch, default, report);
    if !stop.unless(proven).await?? {
        let sentence = format!("The branch {branch} is there: its environment stays");
        return Ok((Ending::Done, gathered.result("kept", sentence)));
    }
    if !stop.unless(is_up(&gathered)).await?? {
        let sentence = format!("Nothing is up for {branch}: nothing to do");
        return Ok((Ending::Done, gathered.result("nothing", sentence)));
    }
    if start.settings.run.dry_run {
        let sentence = format!("Would remove {name}");
        return Ok((Ending::Done, gathered.result("planned", sentence)));
    }
    remove(start, &gathered, stop, report).await
}

/// How the sweep of what has no environment ends.
fn undeployed(what: &str, name: &str) -> Swept {
    let removed = Removed {
        branch: name.to_owned(),
        state: "nothing",
        message: format!("The {what} {name} was deleted, which has no environment: nothing to do"),
        ..Removed::default()
    };
    (Ending::Done, removed)
}

async fn gather(
    start: &Start<SweepDeleted>,
    here: &Here<'_>,
    branch: &Branch,
) -> anyhow::Result<Gathered> {
    let settings = &start.settings;
    let options = &settings.github;
    let (app, tier) = settings.app.place();
    let repository = options.repository(&here.ci)?;
    let github = forge::connect(options, forge::DEPLOYING, repository, here).await?;
    let repository = github.repository().await.context("nothing is removed")?;
    if *branch == repository.default_branch {
        bail!(Halt::refused(format!(
            "{branch} is the default branch: it is never swept"
        )));
    }
    let cluster = settings
        .cluster
        .as_ref()
        .context("the cluster is not named")?;
    let cluster = connect(cluster, here.sources, here.report).await?;
    let environment = Environment {
        app: app.clone(),
        tier: tier.to_owned(),
        branch: branch.clone(),
        repository_id: repository.id,
    };
    let log_url = settings.lock.log_url(&here.ci);
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

async fn remove(
    start: &Start<SweepDeleted>,
    gathered: &Gathered,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Swept> {
    let options = &start.settings.helm;
    let (program, timeout) = (options.helm.clone(), options.helm_timeout);
    let (target, secrets) = (
        gathered.cluster.target().clone(),
        gathered.github.secrets().clone(),
    );
    let found = Helm::find(program, target, timeout, secrets);
    let helm = stop.unless(found).await??;
    let means = Means {
        program: "sweep-deleted",
        github: &gathered.github,
        repository: &gathered.repository,
        cluster: &gathered.cluster,
        helm: &helm,
        dns: &start.settings.dns,
        lock_duration: start.settings.lock.lock_duration,
        log_url: gathered.log_url.as_deref(),
    };
    let environment = &gathered.environment;
    let (wish, patience) = (Some(Wish::Remove), start.settings.lock.lock_timeout);
    let acquired = means.acquire(environment, wish, patience, stop, report);
    let held = acquired.await?;
    report.done("lock held");
    let grounds = Grounds::BranchGone;
    let outcome = means
        .remove(environment, held, &grounds, stop, report)
        .await;
    Ok(gathered.swept(outcome, stop))
}

impl Gathered {
    fn swept(&self, outcome: anyhow::Result<Removal>, stop: &Stop) -> Swept {
        let name = self.environment.name();
        match outcome {
            Ok(Removal::Gone(remains)) => {
                let removed = Removed {
                    removed: texts(&remains.gone),
                    kept: texts(&remains.kept),
                    left: texts(&remains.strangers),
                    ..self.result("removed", remains.sentence(&name))
                };
                (Ending::Done, removed)
            }
            Ok(Removal::Stays(reason)) => {
                let sentence = format!("{reason}: its environment stays");
                (Ending::Done, self.result("kept", sentence))
            }
            Err(error) => {
                let sentence = match stop.reason() {
                    Some(Reason::Signal(_)) => {
                        format!("{name} is not gone yet: stopped by a signal")
                    }
                    Some(_) | None => format!("{name} is not gone: {error:#}"),
                };
                (super::ending(&error), self.result("failed", sentence))
            }
        }
    }

    fn result(&self, state: &'static str, message: String) -> Removed {
        Removed {
            environment: Some(self.environment.name()),
            branch: self.environment.branch.to_string(),
            state,
            message,
            ..Removed::default()
        }
    }
}

fn texts(keys: &[ObjectKey]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}
