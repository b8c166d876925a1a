//! What is asked to be deployed.

use clap::Args;

use crate::{
    model::{Branch, Commit, Order},
    settings::{Ci, UsageError},
};

/// What is asked to be deployed.
#[derive(Debug, Clone, Args)]
pub struct OrderOptions {
    /// Branch to deploy [default: the CI's]
    #[arg(long, allow_hyphen_values = true)]
    pub branch: Option<Branch>,
    /// Commit to deploy, in full, to go back on purpose [default: the CI's, if it is the branch's head]
    #[arg(long)]
    pub commit: Option<Commit>,
    /// Run the chart's migrations: sets global.branchDeploy.migrate
    #[arg(long, short)]
    pub migrate: bool,
    /// How long age removes nothing, as in 14d
    #[arg(long, value_name = "TIME", value_parser = keep_for)]
    pub keep_for: Option<String>,
}

/// A time that the deployment carries as it was written.
fn keep_for(text: &str) -> Result<String, humantime::DurationError> {
    humantime::parse_duration(text).map(|_| text.to_owned())
}

impl OrderOptions {
    /// What is asked for: branch and commit as given, or as the CI tells.
    pub fn order(&self, ci: &Ci) -> Result<Order, UsageError> {
        Ok(Order {
            branch: self.branch.clone().map_or_else(|| ci.branch(), Ok)?,
            commit: self.commit.clone().map_or_else(|| ci.commit(), Ok)?,
            migrate: self.migrate,
            keep_for: self.keep_for.clone(),
        })
    }

    /// Whether the commit was chosen: given, and not the one that the CI builds anyway.
    pub fn is_on_purpose(&self, ci: &Ci) -> bool {
        self.commit.is_some() && self.commit != ci.commit().ok()
    }
}
