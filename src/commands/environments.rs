//! `environments`: shows which are up, keeps one, takes one over.

mod adopt;
mod keep;
mod list;

use anyhow::Context as _;

use super::{
    Start,
    connect::connect,
    stop::{Reason, Stop},
};
use crate::{
    model::{Branch, Ending},
    report::Report,
    settings::{Action, Environments, UsageError},
};

pub(super) async fn run(start: Start<Environments>) -> anyhow::Result<Ending> {
    let settings = &start.settings;
    let report = Report::new(settings.output.output);
    let stop = Stop::on_signals().context("failed to listen for signals")?;
    let work = async {
        let cluster = connect(&settings.cluster, &start.sources).await?;
        match settings.action {
            Action::List => list::list(settings, &cluster, &report).await,
            Action::Keep => keep::keep(&start, &cluster, &report).await,
            Action::Adopt => adopt::adopt(&start, &cluster, &report).await,
        }
    };
    match stop.unless(work).await {
        Ok(ending) => ending,
        Err(_) => Ok(match stop.reason() {
            Some(Reason::Signal(number)) => Ending::Signal(number),
            _ => Ending::Failed,
        }),
    }
}

/// The branch that an action is for.
fn branch<'a>(settings: &'a Environments, action: &str) -> Result<&'a Branch, UsageError> {
    let missing = || UsageError(format!("which branch? environments {action} BRANCH"));
    settings.branch.as_ref().ok_or_else(missing)
}
