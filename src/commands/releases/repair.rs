//! What an earlier run left of a release: undone before the next begins, or taken away after it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};

use super::super::{hooks, site::Site, teardown};
use crate::{
    decide::{Recovery, lacks_kind, maybe_removed, recovery},
    model::{Halt, Object, ObjectKey, Revision, Status, objects},
};

/// How often an object that is still going is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// Repairs what an earlier run left of the release; its kept revisions afterwards.
pub(super) async fn repaired(site: &Site<'_>, release: &str) -> anyhow::Result<Vec<Revision>> {
    let revisions = site.storage.revisions(release).await?;
    let plan = planned(site, &revisions).await?;
    if plan == Recovery::None {
        return Ok(revisions);
    }
    hooks::wait_for(site, &revisions).await?;
    let status = revisions
        .last()
        .map(|newest| newest.status.to_string())
        .unwrap_or_default();
    match plan {
        Recovery::None => {}
        Recovery::RollBack(revision) => {
            site.report.note(&format!(
                "{release}: {status}; rolling back to revision {revision}"
            ));
            if !rolled_back(site, release, revision).await? {
                site.report
                    .warn(&format!("{release}: removing it and installing it anew"));
                reinstall(site, release).await?;
            }
        }
        Recovery::Reinstall => {
            site.report.note(&format!(
                "{release}: {status}; removing it and installing it anew"
            ));
            reinstall(site, release).await?;
        }
        Recovery::Unknown(word) => bail!(
            "its newest revision has the status `{word}`, which nobody can interpret: nothing was \
             touched; look at it by `helm history {release}`"
        ),
    }
    Ok(site.storage.revisions(release).await?)
}

/// What the release needs. One that was removed is not gone back to.
async fn planned(site: &Site<'_>, revisions: &[Revision]) -> anyhow::Result<Recovery> {
    let plan = recovery(revisions);
    let (Recovery::RollBack(_), Some(revision)) = (&plan, maybe_removed(revisions)) else {
        return Ok(plan);
    };
    let stored = site.storage.body(revision).await?;
    Ok(match stored.is_some_and(|stored| stored.removed) {
        true => Recovery::Reinstall,
        false => plan,
    })
}

/// Whether a rollback, or the one after it, left the release as it should be: one that a passing
/// trouble of the cluster breaks must not cost the release its disks.
async fn rolled_back(site: &Site<'_>, release: &str, revision: u32) -> anyhow::Result<bool> {
    for _ in 0..2 {
        site.ready()?;
        let lifeline = site.lifeline();
        let outcome = site.helm.roll_back(release, revision, &lifeline).await?;
        site.ready()?;
        let after = site.storage.revisions(release).await?;
        if recovery(&after) == Recovery::None {
            return Ok(true);
        }
        let complaint = outcome.complaint();
        site.report.warn(&format!("{release}: {complaint}"));
    }
    Ok(false)
}

async fn reinstall(site: &Site<'_>, release: &str) -> anyhow::Result<()> {
    let uninstalled = teardown::uninstall(site, release).await?;
    let keys = uninstalled.named.clone();
    let remains = teardown::clear(site, uninstalled).await?;
    if let Some((key, reason)) = remains.left.first() {
        bail!(Halt::timed_out(format!(
            "{key} of an earlier run is still there ({reason})"
        )));
    }
    site.note(|record| record.remains.retain(|key| !keys.contains(key)))
        .await
}

/// Removes the release where Helm failed since the cluster serves a kind no more that is up; the kept
/// revisions then. None where it is otherwise: Helm's word alone costs no app its disks. Of a kind that the
/// chart asks for still Helm complains first, and in other words.
pub(super) async fn removed_for_a_lost_kind(
    site: &Site<'_>,
    release: &str,
    revisions: &[Revision],
    complaint: &str,
) -> anyhow::Result<Option<Vec<Revision>>> {
    if !lacks_kind(complaint) {
        return Ok(None);
    }
    let Some(key) = unserved(site, &up(site, revisions).await?).await? else {
        return Ok(None);
    };
    site.report.warn(&format!(
        "{release}: the cluster serves no {} {} any more, so that Helm cannot upgrade: removing it and \
         installing it anew",
        key.api_version, key.kind
    ));
    reinstall(site, release).await?;
    Ok(Some(site.storage.revisions(release).await?))
}

/// What the revision that is up holds.
async fn up(site: &Site<'_>, revisions: &[Revision]) -> anyhow::Result<Vec<Object>> {
    let mut newest_first = revisions.iter().rev();
    let Some(up) = newest_first.find(|it| it.status == Status::Deployed) else {
        return Ok(Vec::new());
    };
    let Some(stored) = site.storage.body(up).await? else {
        return Ok(Vec::new());
    };
    objects(&stored.manifest).map_err(|reason| anyhow!("what is up is no YAML: {reason}"))
}

/// One whose kind the cluster does not serve.
async fn unserved(site: &Site<'_>, objects: &[Object]) -> anyhow::Result<Option<ObjectKey>> {
    for Object { key, .. } in objects {
        if !site.objects.serves(key).await? {
            return Ok(Some(key.clone()));
        }
    }
    Ok(None)
}

/// Takes away what broken revisions made and the one that is up does not have. The release is up
/// all the same: what does not go is told, and found again by the teardown.
pub(super) async fn clear_strays(site: &Site<'_>, release: &str) -> anyhow::Result<()> {
    let revisions = site.storage.revisions(release).await?;
    let remains = teardown::strays(site, &revisions).await?;
    for (key, reason) in &remains.left {
        site.report.warn(&format!(
            "{release}: {key} of a broken revision does not go ({reason})"
        ));
    }
    Ok(())
}

/// Waits until nothing of the chart is still going: Helm would adopt the dying object.
pub(super) async fn wait_for_the_old(site: &Site<'_>, objects: &[Object]) -> anyhow::Result<()> {
    let deadline = Instant::now() + site.helm.timeout();
    for object in objects {
        let mut told = false;
        loop {
            let live = site
                .objects
                .get(&object.key)
                .await
                .context("failed to look for leftovers")?;
            if !live.is_some_and(|live| live.is_terminating()) {
                break;
            }
            if Instant::now() > deadline {
                bail!(Halt::timed_out(format!(
                    "{} of an earlier run does not go",
                    object.key
                )));
            }
            if !told {
                site.report
                    .waiting(&format!("{} of an earlier run is still going", object.key));
                told = true;
            }
            site.stop.unless(tokio::time::sleep(LOOK)).await?;
        }
    }
    Ok(())
}
