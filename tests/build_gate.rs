//! `build-gate`: whether the base image of a commit is there, will come, or never will.

mod agent;
mod builds;
mod images;
mod site;

pub use site::Site;
