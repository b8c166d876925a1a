use std::time::Duration;

use clap::Parser;

use super::{
    AppOptions, BuildkiteAccess, CheckOption, Ci, ClusterOptions, DnsOptions, GitHubOptions,
    HelmOptions, LockOptions, RunOptions, UsageError,
};
use crate::model::{Branch, Pipeline};

/// Removes the environment of a branch that was deleted, and proves that nothing of it is left
#[derive(Debug, Parser)]
#[command(name = "sweep-deleted", version, max_term_width = 100)]
pub struct SweepDeleted {
    #[command(flatten)]
    pub(crate) app: AppOptions,
    #[command(flatten)]
    pub(crate) github: GitHubOptions,
    /// Branch that was deleted [default: the one of the workflow's `delete` event]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) branch: Option<Branch>,
    // None where a build does it that is near the cluster.
    #[command(flatten)]
    pub(crate) cluster: Option<ClusterOptions>,
    #[command(flatten)]
    pub(crate) lock: LockOptions,
    #[command(flatten)]
    pub(crate) helm: HelmOptions,
    #[command(flatten)]
    pub(crate) dns: DnsOptions,
    #[command(flatten)]
    pub(crate) check: CheckOption,
    #[command(flatten)]
    pub(crate) run: RunOptions,
    /// Start a build of this pipeline that sweeps, as organization/pipeline, where the cluster cannot
    /// be reached from here; it is told app, tier and branch by the usual variables
    #[arg(long, value_name = "PIPELINE", conflicts_with = "ClusterOptions")]
    pub(crate) via_buildkite: Option<Pipeline>,
    /// Wait for the end of that build, and end as it did
    #[arg(long, requires = "via_buildkite")]
    pub(crate) wait: bool,
    /// How long to wait for the end of that build
    #[arg(long, default_value = "30m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) buildkite: BuildkiteAccess,
}

/// What was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deleted {
    /// A branch.
    Branch(Branch),
    /// A branch whose name is never deployed, so that it has no environment.
    Undeployable(String),
    /// A tag, which has no environment.
    Tag(String),
}

impl SweepDeleted {
    /// What was deleted: the branch that is given, or what the workflow's `delete` event tells.
    pub fn deleted(&self, ci: &Ci) -> anyhow::Result<Deleted> {
        if let Some(branch) = &self.branch {
            return Ok(Deleted::Branch(branch.clone()));
        }
        let missing = || UsageError("--branch is missing: no `delete` event tells one".into());
        if ci.github.event_name != "delete" {
            return Err(missing().into());
        }
        let event = ci.event()?.ok_or_else(missing)?;
        let name = event.git_ref.ok_or_else(missing)?;
        match event.ref_type.as_deref() {
            Some("branch") => Ok(name
                .parse()
                .map_or(Deleted::Undeployable(name), Deleted::Branch)),
            Some("tag") => Ok(Deleted::Tag(name)),
            _ => {
                Err(UsageError("the `delete` event names neither a branch nor a tag".into()).into())
            }
        }
    }
}
