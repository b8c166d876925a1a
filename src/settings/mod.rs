//! How options arrive, and what the CI itself tells: read once, in one place.
//!
//! One rule: every option is a long flag; the same name in kebab-case is a key of the Buildkite
//! plugin's configuration and an input of the GitHub Action, and as `BRANCH_DEPLOYS_<OPTION>` an
//! environment variable. A flag wins over plugin and Action, those over the environment, that over
//! the default. Secrets have neither flag nor key: only their usual variables, or a file.

mod arguments;
mod build_gate;
mod ci;
mod deploy;
mod environments;
mod groups;
mod helm_apply;
mod queue_deploy;
mod sweep_deleted;
mod sweep_stale;

use std::{collections::BTreeMap, ffi::OsString};

pub use arguments::{Program, Sources, UsageError, is_action};
pub use build_gate::BuildGate;
pub use ci::{BuildkiteJob, Ci, Event, GitHubRun, Log};
pub use deploy::Deploy;
pub use environments::{Action, Environments};
pub use groups::{
    AddressOptions, AgeOption, AppAccess, AppOptions, BuildkiteAccess, BuildkiteOptions,
    CheckOption, ClusterOptions, DeployPipelineOption, DnsOptions, GateOptions, GitHubOptions,
    HelmOptions, LockOptions, Lookup, OrderOptions, Output, OutputOptions, Pages, RunOptions,
    TierOption, Token,
};
pub use helm_apply::{HelmApply, Landing};
pub use queue_deploy::QueueDeploy;
pub use sweep_deleted::{Deleted, SweepDeleted};
pub use sweep_stale::{Selection, SweepStale};

use groups::tier;

/// The process's environment variables, those that are UTF-8.
pub type Variables = BTreeMap<String, String>;

/// Reads the process's own arguments and variables.
pub fn process() -> (Vec<OsString>, Variables) {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    (std::env::args_os().collect(), variables.collect())
}
