//! What is left to do once the environment is up.

use anyhow::Context as _;

use super::{super::site::Site, gather::Gathered};
use crate::{decide::to_retire, model::Phase};

/// Notes in the record that it is up, and makes the branch's older deployments inactive. One that
/// cannot be is told, stays in the record, and is tried again by the next deploy: the environment
/// is up all the same.
pub(super) async fn settle(gathered: &Gathered, site: &Site<'_>) -> anyhow::Result<()> {
    let mine = gathered.plan.deployment;
    let replaced = site.record.lock().await.deployed;
    site.note(|record| {
        record.phase = Phase::Up;
        record.deployed = mine;
    })
    .await?;
    let (known, failed) = {
        let record = site.record.lock().await;
        (record.deployments.clone(), record.failed.clone())
    };
    let description = mine.map_or_else(
        || format!("replaced by {}", gathered.plan.commit.short()),
        |id| format!("replaced by deployment {id}"),
    );
    let (statuses, mut retired) = (gathered.statuses(), Vec::new());
    for id in to_retire(&known, &failed, mine, replaced) {
        match site.stop.unless(statuses.retire(id, &description)).await {
            Ok(Ok(())) => retired.push(id),
            Ok(Err(error)) => site
                .report
                .warn(&format!("deployment {id} stays active: {error}")),
            Err(_) => break,
        }
    }
    site.note(|record| record.forget_deployments(&retired))
        .await?;
    site.stop
        .check()
        .context("older deployments are not made inactive yet")
}
