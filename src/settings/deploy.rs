use std::time::Duration;

use clap::Parser;

use super::{
    CheckOption, DeployPipelineOption, GateOptions, GitHubOptions, OrderOptions, OutputOptions,
    TierOption,
};
use crate::model::{App, Template};

/// Deploys the branch that is checked out, and follows it until its address answers
#[derive(Debug, Parser)]
#[command(name = "deploy", version, max_term_width = 100)]
pub struct Deploy {
    /// Where to [default: --tier]
    #[arg(value_name = "TIER", value_parser = super::tier)]
    pub(crate) to: Option<String>,
    /// Short name of what is deployed [default: the repository's name]
    #[arg(long)]
    pub(crate) app: Option<App>,
    #[command(flatten)]
    pub(crate) tier: TierOption,
    #[command(flatten)]
    pub(crate) github: GitHubOptions,
    #[command(flatten)]
    pub(crate) order: OrderOptions,
    #[command(flatten)]
    pub(crate) gate: GateOptions,
    /// Address, as in https://{slug}.beta.example.com, to be told beforehand
    #[arg(long)]
    pub(crate) url: Option<Template>,
    /// How long to wait for the image, and then for the deploy's end
    #[arg(long, default_value = "30m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) check: CheckOption,
    #[command(flatten)]
    pub(crate) deploy_pipeline: DeployPipelineOption,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

impl Deploy {
    /// Where to.
    pub fn tier(&self) -> &str {
        self.to.as_deref().unwrap_or(&self.tier.tier)
    }
}
