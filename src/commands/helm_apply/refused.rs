//! Whether a deployment may land, as GitHub and the namespace are now.

use std::{collections::BTreeMap, convert::identity};

use anyhow::{Context as _, bail};
use k8s_openapi::api::coordination::v1::Lease;

use super::{
    super::{branches::look_for, lock, site::Site},
    gather::Gathered,
    land::Verdict,
    room::has_room,
};
use crate::{
    decide::{Presence, Rank, rank},
    model::{Deployment, Halt, Phase, labels},
};

/// Why the deployment does not land, if it does not.
pub(super) async fn refused(
    gathered: &Gathered,
    site: &Site<'_>,
) -> anyhow::Result<Option<Verdict>> {
    let plan = &gathered.plan;
    let branch = &plan.environment.branch;
    match look_for(
        &gathered.github,
        branch,
        &gathered.repository.default_branch,
    )
    .await
    .with_context(|| format!("nothing is known of {branch}"))?
    {
        Presence::There => {}
        Presence::Gone => return Ok(Some(Verdict::BranchGone)),
        Presence::Unproven(reason) => bail!("nothing is known of {branch}: {reason}"),
    }
    if let Some(mine) = plan.deployment {
        let environment = &plan.environment;
        let task = Deployment::task_of(&environment.app);
        let listed = gathered
            .github
            .deployments_above(&task, &environment.tier, mine)
            .await?;
        let up = {
            let record = site.record.lock().await;
            record.deployed.filter(|_| record.phase == Phase::Up)
        };
        match rank(
            mine,
            branch,
            (&environment.app, &environment.tier),
            &listed,
            up,
        ) {
            Rank::Newest => {}
            Rank::Up => return Ok(Some(Verdict::Up)),
            Rank::SupersededBy(id) => return Ok(Some(Verdict::Superseded(id))),
        }
    }
    let leases = gathered
        .cluster
        .leases()
        .list(&BTreeMap::new(), identity)
        .await?;
    one_tier(&leases, &plan.environment.tier)?;
    if !site.record.lock().await.releases.is_empty() {
        // It has its place already, whatever the limit is now.
        return Ok(None);
    }
    Ok(match has_room(gathered, site.report, leases).await? {
        Ok(()) => None,
        Err(oldest) => Some(Verdict::Full(oldest)),
    })
}

/// A tier is one namespace, and a namespace one tier: else sweeps of one would meet the other's.
fn one_tier(leases: &[Lease], tier: &str) -> anyhow::Result<()> {
    let tier_of = |lease: &Lease| lease.metadata.labels.as_ref()?.get(labels::TIER).cloned();
    // One without a record is a run's that was refused, or killed, before it began.
    match leases
        .iter()
        .filter(|lease| lock::has_record(lease))
        .filter_map(tier_of)
        .find(|found| found != tier)
    {
        Some(other) => bail!(Halt::usage(format!(
            "this namespace holds environments of tier {other}: give {tier} a namespace of its own"
        ))),
        None => Ok(()),
    }
}
