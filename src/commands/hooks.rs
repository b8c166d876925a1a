//! Hooks that run in the cluster, whoever started them: a migration is never interrupted, raced or
//! deleted. A Job goes on when the Helm that made it was killed.

use std::time::{Duration, Instant};

use anyhow::bail;

use super::site::Site;
use crate::{
    clients::cluster::{Objects, Storage},
    model::{Halt, ObjectKey, Revision, Status, objects},
};

/// How often a hook that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// The hook that runs now, if any: one of a revision that neither landed nor was replaced.
pub(super) async fn running(
    storage: &Storage,
    cluster: &Objects,
    revisions: &[Revision],
) -> anyhow::Result<Option<ObjectKey>> {
    let landed = |status: &Status| matches!(status, Status::Deployed | Status::Superseded);
    for revision in revisions
        .iter()
        .rev()
        .filter(|revision| !landed(&revision.status))
    {
        let Some(body) = storage.body(revision).await? else {
            continue;
        };
        for hook in &body.hooks {
            for object in objects(&hook.manifest).map_err(anyhow::Error::msg)? {
                if cluster.runs(&object.key).await? {
                    return Ok(Some(object.key));
                }
            }
        }
    }
    Ok(None)
}

/// Waits until no hook of the release runs, as long as Helm itself would wait for one.
pub(super) async fn wait_for(site: &Site<'_>, revisions: &[Revision]) -> anyhow::Result<()> {
    let deadline = Instant::now() + site.helm.timeout();
    let mut told = false;
    while let Some(hook) = running(&site.storage, &site.objects, revisions).await? {
        if Instant::now() > deadline {
            bail!(Halt::timed_out(format!(
                "the hook {hook} of an earlier run still runs, and is left alone: end it by hand, \
                 or wait"
            )));
        }
        if !told {
            site.report
                .waiting(&format!("the hook {hook} of an earlier run still runs"));
            told = true;
        }
        site.stop.unless(tokio::time::sleep(LOOK)).await?;
    }
    Ok(())
}
