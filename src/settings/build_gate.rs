use std::time::Duration;

use clap::Parser;

use super::{CheckOption, GateOptions, OutputOptions};
use crate::model::{Branch, Commit};

/// Waits until the base image of a commit is there, or says why it never will be
#[derive(Debug, Parser)]
#[command(name = "build-gate", version, max_term_width = 100)]
pub struct BuildGate {
    #[command(flatten)]
    pub(crate) gate: GateOptions,
    /// Branch that the commit was pushed to [default: the CI's]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) branch: Option<Branch>,
    /// Commit whose image it is, in full [default: the CI's]
    #[arg(long)]
    pub(crate) commit: Option<Commit>,
    /// How long to wait for the image
    #[arg(long, default_value = "30m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) check: CheckOption,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
}
