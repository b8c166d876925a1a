//! What it takes to test against: a real cluster, and strict stand-ins for what cannot be real.
//!
//! - [`tools`]: the programs it needs, at pinned versions: given, on `PATH`, cached or built
//! - [`Cluster`]: a Kubernetes control plane of local processes, one for a whole test run
//! - [`Namespace`]: what a test has for itself on it
//! - [`LoadBalancer`]: the way in, by host and path, to pods that answer
//! - [`Dns`]: name servers, and a resolver that remembers
//! - [`github`]: a stand-in for GitHub's API, as strict as the original
//! - [`registry`]: a real registry of images, behind a login
//! - [`buildkite`]: a stand-in for Buildkite's APIs, whose jobs the real agent runs
//! - [`mirror`]: a server of files
//! - [`faults`]: switches for what goes wrong on the wire
//! - [`wait_until`]: for what becomes true in a while

pub mod buildkite;
#[cfg(test)]
mod client;
mod cluster;
mod dns;
pub mod faults;
pub mod github;
mod kubelet;
mod load_balancer;
pub mod mirror;
mod namespace;
mod network;
mod pods;
mod processes;
pub mod registry;
mod run_folder;
pub mod serve;
pub mod tools;
mod wait;

pub use self::{
    cluster::Cluster,
    dns::Dns,
    load_balancer::LoadBalancer,
    namespace::{Front, Namespace},
    wait::{wait_until, wait_until_within},
};
