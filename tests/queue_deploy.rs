//! `queue-deploy`: from a push to GitHub's deployment.

mod asking;
mod figures;
mod following;
pub mod forge;
mod refusals;

pub use forge::Forge;
