//! What is deployed, and where to.

use clap::Args;

use crate::model::App;

/// What is deployed, and where to.
#[derive(Debug, Clone, Args)]
pub struct AppOptions {
    /// Short name of what is deployed; it begins the name of all that is made
    #[arg(long = "app", value_name = "APP")]
    pub name: App,
    #[command(flatten)]
    tier: TierOption,
}

impl AppOptions {
    /// App and tier: what tells ours at GitHub from others.
    pub fn place(&self) -> (&App, &str) {
        (&self.name, &self.tier.tier)
    }
}

/// Which of the team's clusters.
#[derive(Debug, Clone, Args)]
pub struct TierOption {
    /// GitHub's environment name, shared by all branches: one cluster and namespace
    #[arg(long, default_value = "beta", value_parser = tier)]
    pub tier: String,
}

/// A tier is a label's value in the cluster.
pub fn tier(name: &str) -> Result<String, String> {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let fits = name.len() <= 63 && edge(name.chars().next()) && edge(name.chars().last());
    if fits && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err("a tier is at most 63 letters, digits, `-`, `_` and `.`, as in beta".into())
}
