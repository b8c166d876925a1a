//! One door to each outside thing. A client asks and tells; it decides nothing.

pub mod agent;
pub mod buildkite;
pub mod cluster;
pub mod dns;
pub mod endpoint;
pub mod gh;
pub mod git;
pub mod github;
pub mod helm;
pub mod registry;
