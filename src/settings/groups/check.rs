//! Whether to look for what is needed, in place of the work.

use clap::Args;

use crate::model::Pipeline;

/// Whether to look for what is needed, in place of the work.
#[derive(Debug, Clone, Args)]
pub struct CheckOption {
    /// Show whether all that is needed is there, with what to do about what is not, and do nothing else
    #[arg(long)]
    pub check: bool,
}

/// The pipeline that GitHub's deployments start, of which only a check asks.
#[derive(Debug, Clone, Args)]
pub struct DeployPipelineOption {
    /// Pipeline that GitHub's deployments start, as organization/pipeline, for --check to look at
    #[arg(long, value_name = "PIPELINE")]
    pub deploy_pipeline: Option<Pipeline>,
}
