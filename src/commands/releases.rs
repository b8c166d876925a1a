//! Brings releases up: repairs what an earlier run left, upgrades, and reads back what Helm did.

mod repair;

use std::{cell::RefCell, collections::BTreeMap, convert::Infallible, time::Instant};

use anyhow::{anyhow, bail};
use futures::future::join_all;
use serde_json::Value;
use tokio::sync::watch;

use self::repair::{clear_strays, removed_for_a_lost_kind, repaired, wait_for_the_old};
use super::{
    explain::{Explanations, Suspect, explain},
    owners::owner_of,
    rollout::Rollout,
    site::Site,
    teardown,
};
use crate::{
    clients::helm::{Chart, Helm, Lifeline, Outcome, Upgrade},
    decide::Owner,
    model::{Ending, Facts, Halt, Object, Release, Releases, Revision, Status, Trouble, objects},
    report::elapsed,
};

/// A release with all that Helm is told of it.
#[derive(Debug)]
pub(super) struct Planned {
    pub release: Release,
    pub chart: Chart,
    pub values: Value,
    /// What the chart renders to, without a cluster.
    pub objects: Vec<Object>,
}

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

/// Renders every chart with its values: a chart that is missing, or does not render, is found
/// before anything is touched.
pub(super) async fn plan(
    helm: &Helm,
    releases: &Releases,
    facts: &Facts,
    branch_values: &Value,
) -> anyhow::Result<Vec<Planned>> {
    let planned = releases
        .iter()
        .map(|release| render(helm, release, facts, branch_values));
    join_all(planned).await.into_iter().collect()
}

/// Renders the chart of one release.
pub(super) async fn render(
    helm: &Helm,
    release: &Release,
    facts: &Facts,
    branch_values: &Value,
) -> anyhow::Result<Planned> {
    let values = release.document(facts, branch_values).map_err(|reason| {
        Halt::usage(format!(
            "the values of the release {}: {reason}",
            release.name
        ))
    })?;
    let chart = Chart {
        reference: release.settings.chart.clone(),
        shown: helm.mask(&release.settings.chart),
        version: release.settings.version.clone(),
        value_files: release.value_files().map(str::to_owned).collect(),
    };
    let outcome = helm.template(&release.name, &chart, &values).await?;
    if !outcome.success {
        bail!(Halt::usage(does_not_render(release, &chart, &outcome)));
    }
    let objects = objects(&outcome.stdout)
        .map_err(|reason| Halt::usage(format!("the chart {chart} renders to no YAML: {reason}")))?;
    Ok(Planned {
        release: release.clone(),
        chart,
        values,
        objects,
    })
}

fn does_not_render(release: &Release, chart: &Chart, outcome: &Outcome) -> String {
    let complaint = outcome.complaint();
    let refuses = complaint.contains("additional properties 'global' not allowed")
        || complaint.contains("Additional property global is not allowed");
    if refuses && release.settings.branch_values {
        return format!(
            "the chart {chart} refuses `global`, in which it would learn of the branch: allow it in \
             values.schema.json, or give the release `branch-values: false`"
        );
    }
    format!("the chart {chart} does not render: {complaint}")
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
/// fails stops none but those that need it; the failures are told together, and what is found out of them
/// is added to that.
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
        let ending = outcome.as_ref().map(drop).map_err(super::ending);
        ready[name].send_replace(Some(ending));
        outcome.map_err(|error| (name.to_owned(), error))
    });
    let outcomes: Vec<_> = join_all(works).await;
    site.stop.check()?;
    let failures: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    for (name, error) in &failures {
        site.report.failed(&format!("{name}: {error:#}"));
        if let Some(explanation) = seen.found.of(name) {
            site.report.explain(&explanation);
        }
    }
    super::together(failures)
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

async fn bring_one_up(
    site: &Site<'_>,
    planned: &Planned,
    manner: Manner,
    seen: &Seen<'_>,
) -> anyhow::Result<()> {
    let name = &planned.release.name;
    let begun = Instant::now();
    let mut revisions = repaired(site, name).await?;
    if revisions.is_empty() {
        wait_for_the_old(site, &planned.objects).await?;
    }
    site.ready()?;
    let what = if revisions.is_empty() {
        "installing"
    } else {
        "upgrading"
    };
    site.report
        .note(&format!("{name}: {what} {}", planned.chart));
    let upgrade = Upgrade {
        release: name,
        chart: &planned.chart,
        labels: &site.environment.release_labels(),
        history_max: manner.history_max,
        skip_openapi_validation: manner.skip_openapi_validation,
        take_ownership: manner.adopt,
    };
    let attempt = async || {
        let attempt = upgraded(site, planned, &upgrade, manner, seen.rollout).await?;
        site.ready()?;
        anyhow::Ok(attempt)
    };
    let (mut outcome, mut lost) = attempt().await?;
    let complaint = outcome.complaint();
    if let Some(kept) = removed_for_a_lost_kind(site, name, &revisions, &complaint).await? {
        revisions = kept;
        wait_for_the_old(site, &planned.objects).await?;
        (outcome, lost) = attempt().await?;
    }
    let revision = match deployed(site, name, newest(&revisions), &outcome).await {
        Ok(revision) => revision,
        Err(error) => {
            if outcome.success || !revisions.is_empty() {
                note_if_unrecorded(site, planned).await?;
            }
            let error = match &lost {
                Some(_) => given_up(&outcome),
                None => error,
            };
            return Err(explained(site, planned, error, lost.as_ref(), seen).await);
        }
    };
    clear_strays(site, name).await?;
    site.report.done(&format!(
        "{name}: revision {revision} is up ({})",
        elapsed(begun.elapsed())
    ));
    Ok(())
}

/// Runs Helm, and ends it where the release cannot come up any more; for what it was ended so.
async fn upgraded(
    site: &Site<'_>,
    planned: &Planned,
    upgrade: &Upgrade<'_>,
    manner: Manner,
    rollout: &Rollout,
) -> anyhow::Result<(Outcome, Option<Trouble>)> {
    let (end, ended) = watch::channel(false);
    let lifeline = Lifeline {
        stop: ended,
        ..site.lifeline()
    };
    let (name, lost) = (&planned.release.name, RefCell::new(None));
    let objects: Vec<Object> = site.here(&planned.objects);
    let minding = async {
        let mut asked = site.stop.flag();
        tokio::select! {
            _ = asked.wait_for(|asked| *asked) => {}
            trouble = rollout.lost(site, name, &objects, manner.max_restarts) => {
                lost.replace(Some(trouble));
                site.report.note(&format!("{name}: it cannot come up any more: Helm is ended"));
            }
        }
        end.send_replace(true);
        std::future::pending::<Infallible>().await
    };
    let outcome = tokio::select! {
        outcome = site.helm.upgrade(upgrade, &planned.values, &lifeline) => outcome?,
        never = minding => match never {},
    };
    Ok((outcome, lost.take()))
}

fn given_up(outcome: &Outcome) -> anyhow::Error {
    let time = elapsed(outcome.ran);
    anyhow!("given up after {time}, since it does not heal by itself")
}

fn newest(revisions: &[Revision]) -> u32 {
    revisions
        .iter()
        .map(|revision| revision.version)
        .max()
        .unwrap_or_default()
}

/// The new revision's number, if it is deployed: by the storage, whatever Helm's exit status says.
async fn deployed(
    site: &Site<'_>,
    release: &str,
    before: u32,
    outcome: &Outcome,
) -> anyhow::Result<u32> {
    let revisions = site.storage.revisions(release).await?;
    match revisions.last() {
        Some(newest) if newest.version > before && newest.status == Status::Deployed => {
            if !outcome.success {
                site.report.warn(&format!(
                    "{release}: deployed, although Helm says: {}",
                    outcome.complaint()
                ));
            }
            Ok(newest.version)
        }
        newest if outcome.success => {
            let found = newest.map_or("no record".to_owned(), |newest| {
                format!("revision {} is {}", newest.version, newest.status)
            });
            bail!("Helm reports a success, but its storage does not: {found}")
        }
        _ => {
            site.report.quote(&outcome.stderr);
            Err(site.failure(outcome, outcome.complaint()))
        }
    }
}

/// Notes what Helm may have made where it has no record of the release any more, since somebody removed
/// it in the middle: the next run takes it away.
async fn note_if_unrecorded(site: &Site<'_>, planned: &Planned) -> anyhow::Result<()> {
    let name = &planned.release.name;
    if !site.storage.revisions(name).await?.is_empty() {
        return Ok(());
    }
    let keys = planned.objects.iter().map(|object| object.key.clone());
    teardown::note_remains(site, &keys.collect()).await
}

/// The failure with why it is one, as far as the cluster tells: Helm says no more than that its time
/// was up.
async fn explained(
    site: &Site<'_>,
    planned: &Planned,
    error: anyhow::Error,
    lost: Option<&Trouble>,
    seen: &Seen<'_>,
) -> anyhow::Error {
    let helm = site.helm.mask(&format!("{error:#}"));
    let suspect = Suspect {
        release: &planned.release.name,
        objects: &planned.objects,
        // One that we ended has nothing to say of it.
        helm: lost.is_none().then_some(helm.as_str()),
        waited: super::ending(&error) == Ending::TimedOut,
        lost,
    };
    let Some(explanation) = explain(site, &suspect, seen.rollout).await else {
        return error;
    };
    let summary = explanation.summary.clone();
    seen.found.add(explanation);
    error.context(summary)
}
