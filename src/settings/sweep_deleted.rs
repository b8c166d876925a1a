use clap::Parser;

use super::{
    AppOptions, Ci, ClusterOptions, GitHubOptions, HelmOptions, LockOptions, RunOptions, UsageError,
};
use crate::model::Branch;

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
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
    #[command(flatten)]
    pub(crate) lock: LockOptions,
    #[command(flatten)]
    pub(crate) helm: HelmOptions,
    #[command(flatten)]
    pub(crate) run: RunOptions,
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
