//! Where a program runs: what tells it of the CI and the options, and whom it tells.

use super::Start;
use crate::{
    report::Report,
    settings::{Ci, Sources, UsageError, Variables},
};

/// What everybody outside is asked with, beside the options of a program.
pub(super) struct Here<'a> {
    /// What the CI tells.
    pub ci: Ci,
    /// The process's environment variables.
    pub variables: &'a Variables,
    /// Where each option came from, to name it as the user wrote it.
    pub sources: &'a Sources,
    /// Who is told of each wait.
    pub report: &'a Report,
}

impl<'a> Here<'a> {
    /// Of a program that was started.
    ///
    /// # Errors
    /// In usage, where the CI tells what cannot be.
    pub(super) fn of<T>(start: &'a Start<T>, report: &'a Report) -> Result<Self, UsageError> {
        Ok(Self {
            ci: Ci::read(&start.variables)?,
            variables: &start.variables,
            sources: &start.sources,
            report,
        })
    }
}
