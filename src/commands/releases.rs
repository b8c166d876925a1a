//! Brings releases up, each once those that it needs are.

mod plan;
mod repair;
mod upgrade;

use std::collections::BTreeMap;

use anyhow::bail;
use futures::future::join_all;
use tokio::sync::watch;

pub(super) use self::plan::{Planned, plan, render};
use self::upgrade::bring_one_up;
use super::{explain::Explanations, owners::owner_of, rollout::Rollout, site::Site};
use crate::{
    decide::Owner,
    model::{Ending, Halt, Release},
};

/// How the upgrades are done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub history_max: u32,
    pub skip_openapi_validation: bool,
    pub adopt: bool,
    pub max_restarts: u64,
}

/// What is seen and found out of the releases while they go up.
pub(super) struct Seen<'a> {
    pub rollout: &'a Rollout,
    pub found: &'a Explanations,
}

/// Refuses releases that somebody else made, unless they are to be adopted.
pub(super) async fn check_owners(
    site: &Site<'_>,
    planned: &[Planned],
    adopt: bool,
) -> anyhow::Result<()> {
    for Planned { release, .. } in planned {
        let revisions = site.storage.revisions(&release.name).await?;
        let Some(newest) = revisions.last() else {
            continue;
        };
        match owner_of(&site.storage, &revisions, site.environment).await? {
            Owner::Nobody | Owner::Ours => {}
            Owner::Unclaimed if adopt => site.report.warn(&format!(
                "adopting the release {}: revision {}, {}, made by somebody else",
                release.name, newest.version, newest.status
            )),
            Owner::Unclaimed => bail!(Halt::usage(format!(
                "the release {} exists (revision {}, {}) and bears no labels of ours: remove it, or \
                 take it over by --adopt",
                release.name, newest.version, newest.status
            ))),
            Owner::Another(reason) => bail!(Halt::usage(format!(
                "the release {} is another environment's: {reason}",
                release.name
            ))),
        }
    }
    Ok(())
}

/// Brings all up, each once those that it needs are, the others at the same time. A release that
/// fails stops none but those that need it, and is told at once; what is found out of it is added to that.
pub(super) async fn bring_up(
    site: &Site<'_>,
    planned: &[Planned],
    manner: Manner,
    seen: &Seen<'_>,
) -> anyhow::Result<()> {
    let ready: BTreeMap<&str, watch::Sender<Option<Up>>> = planned
        .iter()
        .map(|planned| (planned.release.name.as_str(), watch::Sender::new(None)))
        .collect();
    let works = planned.iter().map(|planned| async {
        let name = planned.release.name.as_str();
        let outcome = match missing(&planned.release, &ready).await {
            None => bring_one_up(site, planned, manner, seen).await,
            Some((need, ending)) => {
                let message = format!("not begun, since {need} failed");
                Err(Halt { ending, message }.into())
            }
        };
        if let Err(error) = &outcome {
            tell(site, name, error, seen);
        }
        let ending = outcome.as_ref().map(drop).map_err(super::ending);
        ready[name].send_replace(Some(ending));
        outcome.map_err(|error| (name.to_owned(), error))
    });
    let outcomes: Vec<_> = join_all(works).await;
    site.stop.check()?;
    let failures: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    super::together(failures)
}

/// Tells why a release did not come up, at once: others may go on for minutes.
fn tell(site: &Site<'_>, release: &str, error: &anyhow::Error, seen: &Seen<'_>) {
    if site.stop.check().is_err() {
        return;
    }
    site.report.failed(&format!("{release}: {error:#}"));
    if let Some(explanation) = seen.found.of(release) {
        site.report.explain(&explanation);
    }
}

/// How a release came out, for those that need it: up, or how its failure ends the command.
type Up = Result<(), Ending>;

/// Waits for what the release needs; the one that failed, if one did, and how.
async fn missing(
    release: &Release,
    ready: &BTreeMap<&str, watch::Sender<Option<Up>>>,
) -> Option<(String, Ending)> {
    for need in &release.needs {
        let mut ready = ready.get(need.as_str())?.subscribe();
        let outcome = ready.wait_for(Option::is_some).await;
        let outcome = outcome.ok().and_then(|outcome| *outcome);
        if let Err(ending) = outcome.unwrap_or(Err(Ending::Failed)) {
            return Some((need.clone(), ending));
        }
    }
    None
}
