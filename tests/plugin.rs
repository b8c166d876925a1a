//! The Buildkite plugin: how it finds a program and verifies it, and jobs of the real agent with it.

mod bash;
mod cache;
mod fetching;
mod jobs;
mod refusals;
pub mod tree;
