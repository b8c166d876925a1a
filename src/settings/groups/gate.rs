//! What is built before a deploy, and who is asked whether it is there.

use std::time::Duration;

use clap::Args;

use super::BuildkiteOptions;
use crate::{
    model::{Platform, Template},
    settings::UsageError,
};

/// What is built before a deploy, and who is asked whether it is there.
#[derive(Debug, Clone, Args)]
pub struct GateOptions {
    /// Image to look for, as in registry.example.com/hey:{commit}; Docker's configuration logs in
    #[arg(long)]
    pub image: Option<Template>,
    /// What the image has to be for, as in linux/amd64 [default: anything]
    #[arg(long, requires = "image")]
    pub platform: Option<Platform>,
    /// The builds that make it.
    #[command(flatten)]
    pub buildkite: BuildkiteOptions,
    /// How late a build may come after its push, and an image after its step
    #[arg(long, default_value = "2m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub grace: Duration,
}

impl GateOptions {
    /// Whether there is nothing to wait for.
    pub fn is_empty(&self) -> bool {
        self.image.is_none() && self.buildkite.pipeline.is_none() && self.buildkite.step.is_none()
    }

    /// Fails if there is nothing to wait for.
    pub fn must_wait(&self) -> Result<(), UsageError> {
        let reason = "nothing to wait for: give --image, --pipeline or --step";
        match self.is_empty() {
            true => Err(UsageError(reason.into())),
            false => Ok(()),
        }
    }
}
