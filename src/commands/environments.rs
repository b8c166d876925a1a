//! `environments`: shows which are up, keeps one, takes one over.

mod adopt;
mod keep;
mod list;

use anyhow::Context as _;

use super::{
    Start, check,
    connect::connect,
    lock,
    stop::{Stop, Stopped},
};
use crate::{
    model::{App, Branch, Ending, Environment, Holder},
    report::Report,
    settings::{Action, Ci, Environments, Log, UsageError},
};

pub(super) async fn run(start: Start<Environments>) -> anyhow::Result<Ending> {
    let settings = &start.settings;
    let report = Report::new(settings.output.output, Log::of(&start.variables));
    let stop = Stop::on_signals().context("failed to listen for signals")?;
    if start.settings.check.check {
        return check::environments(&start, &stop, &report).await;
    }
    // What holds a lock lets it go itself, within the time that a CI leaves.
    let work = async {
        let cluster = stop.unless(connect(&settings.cluster, &start.sources, &report));
        let cluster = cluster.await??;
        match settings.action {
            Action::List => stop.unless(list::list(settings, &cluster, &report)).await?,
            Action::Keep => keep::keep(&start, &cluster, &stop, &report).await,
            Action::Adopt => adopt::adopt(&start, &cluster, &stop, &report).await,
        }
    };
    match work.await {
        Err(error) if error.is::<Stopped>() => Ok(stop.ending(Ending::Failed)),
        outcome => outcome,
    }
}

/// What the lock on an environment is asked for with.
fn request<'a>(
    settings: &Environments,
    ci: &Ci,
    environment: &'a Environment,
    program: &str,
) -> lock::Request<'a> {
    lock::Request {
        environment,
        holder: Holder {
            program: program.to_owned(),
            log_url: settings.lock.log_url(ci),
            deployment: None,
        },
        wish: None,
        duration: settings.lock.lock_duration,
        timeout: settings.lock.lock_timeout,
    }
}

/// The app that releases are taken over for.
pub(super) fn app_to_adopt(settings: &Environments) -> Result<&App, UsageError> {
    let missing = || UsageError("which app? --app NAME".into());
    settings.app.as_ref().ok_or_else(missing)
}

/// The branch that an action is for.
fn branch<'a>(settings: &'a Environments, action: &str) -> Result<&'a Branch, UsageError> {
    let missing = || UsageError(format!("which branch? environments {action} BRANCH"));
    settings.branch.as_ref().ok_or_else(missing)
}
