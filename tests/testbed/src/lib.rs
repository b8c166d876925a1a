//! What it takes to test against.

pub mod faults;
pub mod github;
pub mod serve;
