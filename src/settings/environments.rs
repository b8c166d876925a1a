use std::{collections::BTreeMap, time::Duration};

use clap::{Parser, ValueEnum};

use super::{
    AgeOption, CheckOption, ClusterOptions, GitHubOptions, LockOptions, OutputOptions, TierOption,
};
use crate::model::{App, Branch, labels};

/// Shows which environments are up, whose, where and until when; keeps one; takes one over
#[derive(Debug, Parser)]
#[command(name = "environments", version, max_term_width = 100)]
pub struct Environments {
    /// What to do
    #[arg(value_enum, default_value = "list")]
    pub(crate) action: Action,
    /// Branch whose environment it is, to keep or to adopt
    pub(crate) branch: Option<Branch>,
    /// Show the environments of this app alone; to adopt, the app
    #[arg(long)]
    pub(crate) app: Option<App>,
    #[command(flatten)]
    pub(crate) tier: TierOption,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
    /// How long from now age removes nothing, as in 14d
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) keep_for: Option<Duration>,
    /// Why it is kept, for those who look
    #[arg(long, value_name = "REASON")]
    pub(crate) because: Option<String>,
    #[command(flatten)]
    pub(crate) age: AgeOption,
    #[command(flatten)]
    pub(crate) github: GitHubOptions,
    #[command(flatten)]
    pub(crate) lock: LockOptions,
    #[command(flatten)]
    pub(crate) check: CheckOption,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
}

impl Environments {
    /// The labels that tell which environments are meant.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let app = self.app.as_ref();
        let app = app.map(|app| (labels::APP.to_owned(), app.to_string()));
        app.into_iter().collect()
    }
}

/// What to do with environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Action {
    /// Show what is up
    List,
    /// Hold off the sweep by age for a time: environments keep BRANCH --for 14d
    Keep,
    /// Take over releases that are up without a record: environments adopt BRANCH --app APP
    Adopt,
}
