//! Groups of options that several programs share.

mod app;
mod branches;
mod buildkite;
mod cluster;
mod gate;
mod github;
mod order;
mod run;
mod status;

pub use app::{AppOptions, TierOption, tier};
pub use branches::covering;
pub use buildkite::{BuildkiteAccess, BuildkiteOptions};
pub use cluster::{ClusterOptions, HelmOptions, LockOptions};
pub use gate::GateOptions;
pub use github::{GitHubOptions, Pages, Token};
pub use order::OrderOptions;
pub use run::{AgeOption, Output, OutputOptions, RunOptions};
pub use status::StatusRange;
