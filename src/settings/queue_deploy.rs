use std::time::Duration;

use clap::Parser;
use glob::Pattern;

use super::{
    AppOptions, BuildkiteAccess, CheckOption, DeployPipelineOption, GitHubOptions, OrderOptions,
    RunOptions, groups::covering,
};
use crate::model::{Branch, Template};

/// Asks GitHub for the deployment of a branch, which starts its deploy build
#[derive(Debug, Parser)]
#[command(name = "queue-deploy", version, max_term_width = 100)]
pub struct QueueDeploy {
    #[command(flatten)]
    pub(crate) app: AppOptions,
    #[command(flatten)]
    pub(crate) github: GitHubOptions,
    #[command(flatten)]
    pub(crate) order: OrderOptions,
    /// Branches that are not deployed, as in dependabot/**; repeat it, or give a list
    #[arg(long, default_value = "gh-readonly-queue/**", value_name = "GLOB")]
    pub(crate) skip_branch: Vec<Pattern>,
    /// Address, as in https://{slug}.beta.example.com, to be told beforehand
    #[arg(long)]
    pub(crate) url: Option<Template>,
    /// Wait until the deploy has ended, and end as it did
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait for the deploy's end
    #[arg(long, default_value = "30m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) check: CheckOption,
    #[command(flatten)]
    pub(crate) deploy_pipeline: DeployPipelineOption,
    #[command(flatten)]
    pub(crate) buildkite: BuildkiteAccess,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

impl QueueDeploy {
    /// The pattern by which `branch` is not deployed.
    pub fn skips(&self, branch: &Branch) -> Option<&Pattern> {
        covering(&self.skip_branch, branch)
    }
}
