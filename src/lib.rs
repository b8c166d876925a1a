//! branch-deploys: every pushed branch up at its own address, and gone when the branch is.
//!
//! | module | what it is for | may use |
//! | --- | --- | --- |
//! | [`model`] | what everything talks about; pure | nothing of ours |
//! | [`decide`] | the decisions; pure, `now` is an argument | `model` |
//! | [`clients`] | one door to each outside thing; they decide nothing | `model` |
//! | [`settings`] | how options arrive, and what the CI itself tells | `model` |
//! | [`report`] | what people and machines read | `model`, `settings` |
//! | [`commands`] | one for each binary: gather, decide, print, act, record | all of these |

pub mod clients;
pub mod commands;
pub mod decide;
#[cfg(test)]
mod hostile;
pub mod model;
pub mod report;
pub mod settings;
