//! The address that is told beforehand, to those who will look at it.

use crate::{
    model::{App, Branch, Commit, Facts, Template},
    settings::{Sources, UsageError},
};

/// The address of a commit of a branch, where the settings have a template of one.
///
/// # Errors
/// What cannot be in an address, with the option as the user wrote it.
pub(super) fn link(
    template: Option<&Template>,
    place: (&App, &str),
    (branch, commit): (&Branch, &Commit),
    sources: &Sources,
) -> Result<Option<String>, UsageError> {
    let facts = Facts::new(place, branch, commit);
    let address = template.map(|template| template.address(&facts));
    let mistake = |reason| UsageError(format!("{}: {reason}", sources.spell("url")));
    address.transpose().map_err(mistake)
}
