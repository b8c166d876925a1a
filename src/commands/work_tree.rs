//! What a laptop's work tree tells, where the settings leave it open.

use crate::{
    clients::git::{self, Checkout},
    model::{App, Repository, without_passwords},
    settings::{Ci, Deploy, UsageError},
};

/// The repository: given, the CI's, or that of the work tree.
///
/// # Errors
/// In usage, where none of them tells it.
pub(super) async fn repository_of(settings: &Deploy, ci: &Ci) -> anyhow::Result<Repository> {
    repository(settings, ci, &git::checkout().await).await
}

/// The same, of a work tree that was looked at: the repository that its branch is pushed to.
pub(super) async fn repository(
    settings: &Deploy,
    ci: &Ci,
    checkout: &anyhow::Result<Checkout>,
) -> anyhow::Result<Repository> {
    if let Ok(repository) = settings.github.repository(ci) {
        return Ok(repository);
    }
    let checkout = in_work_tree(checkout, "--repository")?;
    let usage = |error: anyhow::Error| UsageError(format!("{error:#}"));
    let address = git::remote_of(checkout.branch.as_ref())
        .await
        .map_err(usage)?;
    let parsed = Repository::from_clone_address(&address);
    // A clone address may hold a token.
    let shown = without_passwords(&address);
    Ok(parsed.map_err(|reason| UsageError(format!("the remote {shown}: {reason}")))?)
}

/// The app: given, or called as its repository.
pub(super) fn app_of(settings: &Deploy, repository: &Repository) -> Result<App, UsageError> {
    if let Some(app) = &settings.app {
        return Ok(app.clone());
    }
    let name = repository.name().to_lowercase();
    name.parse().map_err(|reason| {
        UsageError(format!(
            "--app is missing, and `{name}` makes none: {reason}"
        ))
    })
}

/// The work tree that tells what `option` left open.
pub(super) fn in_work_tree<'a>(
    checkout: &'a anyhow::Result<Checkout>,
    option: &str,
) -> Result<&'a Checkout, UsageError> {
    checkout.as_ref().map_err(|error| {
        UsageError(format!(
            "{option} is missing, and no work tree tells it: {error:#}"
        ))
    })
}
