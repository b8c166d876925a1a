//! Groups of options that several programs share.

mod address;
mod app;
mod branches;
mod buildkite;
mod check;
mod cluster;
mod dns;
mod gate;
mod github;
mod order;
mod run;

pub use address::AddressOptions;
pub use app::{AppOptions, TierOption, tier};
pub use branches::covering;
pub use buildkite::{BuildkiteAccess, BuildkiteOptions};
pub use check::{CheckOption, DeployPipelineOption};
pub use cluster::{ClusterOptions, HelmOptions, LockOptions};
pub use dns::{DnsOptions, Lookup};
pub use gate::GateOptions;
pub use github::{AppAccess, GitHubOptions, Pages, Token};
pub use order::OrderOptions;
pub use run::{AgeOption, Output, OutputOptions, RunOptions};
