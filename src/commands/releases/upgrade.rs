//! Brings one release up, and reads back what Helm did.

use std::{cell::RefCell, convert::Infallible, time::Instant};

use anyhow::{anyhow, bail};
use tokio::sync::watch;

use super::{
    Manner, Planned, Seen,
    repair::{clear_strays, removed_for_a_lost_kind, repaired, wait_for_the_old},
};
use crate::{
    clients::helm::{Lifeline, Outcome, Upgrade},
    commands::{
        ending,
        explain::{Suspect, explain},
        rollout::Rollout,
        site::Site,
        teardown,
    },
    decide::{Awaited, has_waited},
    model::{Ending, Halt, Object, Revision, Status, Trouble},
    report::elapsed,
};

/// Repairs what an earlier run left of it, upgrades, and looks whether it is up; why not, as far as the
/// cluster tells.
pub(super) async fn bring_one_up(
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
    let before = newest(&revisions);
    let revision = match deployed(site, name, before, &outcome).await {
        Ok(revision) => revision,
        Err(error) => {
            // One that we ended says that, and no more.
            if lost.is_none() && !outcome.success {
                site.report.quote(&outcome.stderr);
            }
            if outcome.success || !revisions.is_empty() {
                note_if_unrecorded(site, planned).await?;
            }
            let error = match &lost {
                Some(_) => given_up(&outcome),
                None => error,
            };
            return Err(explained(site, planned, before, error, lost.as_ref(), seen).await);
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
    let awaited = Awaited::rollout(site.helm.spares());
    let minding = async {
        let mut asked = site.stop.flag();
        tokio::select! {
            _ = asked.wait_for(|asked| *asked) => {}
            trouble = rollout.lost(site, name, &objects, manner.max_restarts, awaited) => {
                lost.replace(Some(trouble));
                site.report.note(&format!("{name}: it cannot come up any more: Helm is ended"));
            }
        }
        end.send_replace(true);
        std::future::pending::<Infallible>().await
    };
    let upgrading = async {
        tokio::select! {
            outcome = site.helm.upgrade(upgrade, &planned.values, &lifeline) => outcome,
            never = minding => match never {},
        }
    };
    let outcome = rollout.heard_while(site, name, &objects, upgrading).await?;
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
        _ => Err(site.failure(outcome, outcome.complaint())),
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
    before: u32,
    error: anyhow::Error,
    lost: Option<&Trouble>,
    seen: &Seen<'_>,
) -> anyhow::Error {
    let helm = site.helm.mask(&format!("{error:#}"));
    let ending = ending(&error);
    let suspect = Suspect {
        release: &planned.release.name,
        objects: &planned.objects,
        before,
        helm: lost.is_none().then_some(helm.as_str()),
        waited: ending == Ending::TimedOut || has_waited(&helm),
        lost,
    };
    let Some(explanation) = explain(site, &suspect, seen.rollout).await else {
        return error;
    };
    let message = explanation.summary.clone();
    seen.found.add(explanation);
    match lost {
        Some(_) => error.context(message),
        // What Helm said stands in the explanation, and says less.
        None => Halt { ending, message }.into(),
    }
}
