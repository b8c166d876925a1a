use std::time::Duration;

use clap::Parser;

use super::{BuildkiteOptions, OutputOptions};
use crate::model::{Branch, Commit, Platform, Template};

/// Waits until the base image of a commit is there, or says why it never will be
#[derive(Debug, Parser)]
#[command(name = "build-gate", version, max_term_width = 100)]
pub struct BuildGate {
    /// Image to look for, as in registry.example.com/hey:{commit}; Docker's configuration logs in
    #[arg(long)]
    pub(crate) image: Option<Template>,
    /// What the image has to be for, as in linux/amd64 [default: anything]
    #[arg(long, requires = "image")]
    pub(crate) platform: Option<Platform>,
    #[command(flatten)]
    pub(crate) buildkite: BuildkiteOptions,
    /// Branch that the commit was pushed to [default: the CI's]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) branch: Option<Branch>,
    /// Commit whose image it is, in full [default: the CI's]
    #[arg(long)]
    pub(crate) commit: Option<Commit>,
    /// How long to wait for the image
    #[arg(long, default_value = "30m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,
    /// How late a build may come after its push, and an image after its step
    #[arg(long, default_value = "2m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) grace: Duration,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
}
