//! The endpoints, one file for each group.

pub mod account;
pub mod apps;
pub mod branches;
pub mod comments;
pub mod commits;
pub mod creating_deployments;
pub mod deployment_statuses;
pub mod deployments;
mod fields;
pub mod hooks;
pub mod refs;
pub mod repository;
