use std::{num::NonZeroUsize, time::Duration};

use clap::{Parser, ValueEnum};
use glob::Pattern;

use super::{
    AgeOption, AppOptions, CheckOption, ClusterOptions, DnsOptions, GitHubOptions, HelmOptions,
    LockOptions, RunOptions, groups::covering,
};
use crate::model::Branch;

/// Removes environments that nobody deployed for days, and those whose branch is gone
#[derive(Debug, Parser)]
#[command(name = "sweep-stale", version, max_term_width = 100)]
pub struct SweepStale {
    #[command(flatten)]
    pub(crate) app: AppOptions,
    #[command(flatten)]
    pub(crate) github: GitHubOptions,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
    #[command(flatten)]
    pub(crate) age: AgeOption,
    /// Remove for one reason alone [default: both]
    #[arg(long, value_enum, value_name = "REASON")]
    pub(crate) only: Option<Selection>,
    /// Branches whose environments stay, whatever their age and even without the branch; repeat it,
    /// or give a list
    #[arg(long, value_name = "GLOB")]
    pub(crate) keep: Vec<Pattern>,
    /// Most that go in one run for each reason [default: three or a quarter of what is up, whichever is more]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_deletions: Option<usize>,
    /// How many environments are removed at a time
    #[arg(long, default_value = "20", value_name = "NUMBER")]
    pub(crate) concurrency: NonZeroUsize,
    /// How long before it goes an environment is announced
    #[arg(long, default_value = "1d", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) warn_before: Duration,
    /// Announce it on the branch's open pull request too
    #[arg(long)]
    pub(crate) comment: bool,
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
}

/// Which environments a sweep removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Selection {
    /// Those that nobody deployed for a time
    Age,
    /// Those whose branch is gone
    Orphans,
}

impl SweepStale {
    /// The pattern by which the environment of `branch` stays.
    pub fn keeps(&self, branch: &Branch) -> Option<&Pattern> {
        covering(&self.keep, branch)
    }

    /// Whether environments go for this reason.
    pub fn removes(&self, reason: Selection) -> bool {
        self.only.is_none_or(|only| only == reason)
    }
}
