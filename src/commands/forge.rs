//! How every command comes to GitHub.

use super::here::Here;
use crate::{
    clients::{
        gh,
        github::{App, GitHub},
        patience::Patience,
    },
    decide,
    model::Repository,
    report::Report,
    settings::{GitHubOptions, Token, UsageError},
};

/// What a program asks an App's installation for, by GitHub's names.
pub(super) type Rights = &'static [(&'static str, &'static str)];

/// To read where branches are.
pub(super) const READING: Rights = &[("contents", "read")];

/// To make deployments and say what becomes of them, too.
pub(super) const DEPLOYING: Rights = &[("contents", "read"), ("deployments", "write")];

/// To announce on pull requests, too.
pub(super) const ANNOUNCING: Rights = &[
    ("contents", "read"),
    ("deployments", "write"),
    ("pull_requests", "write"),
];

/// A door to `repository`: of the settings' App, which asks for `rights` alone; or with the token of the
/// settings or, on a laptop, of `gh auth login`.
pub(super) async fn connect(
    options: &GitHubOptions,
    rights: Rights,
    repository: Repository,
    here: &Here<'_>,
) -> anyhow::Result<GitHub> {
    let door = door(options, rights, repository, here).await?;
    door.ok_or_else(|| missing().into())
}

/// The same; none where nobody gave a token or an App.
pub(super) async fn door(
    options: &GitHubOptions,
    rights: Rights,
    repository: Repository,
    here: &Here<'_>,
) -> anyhow::Result<Option<GitHub>> {
    let (ci, variables) = (&here.ci, here.variables);
    let (url, patience) = (options.base_url(ci), patience("GitHub", here.report));
    if let Some(access) = options.app(variables, here.sources)? {
        let app = App::new(access.id, access.installation, access.secret(), rights);
        let app = app.map_err(|reason| UsageError(format!("{}: {reason}", access.source)))?;
        return GitHub::of_app(&url, app, repository, patience).map(Some);
    }
    let token: Token = match options.token(variables)? {
        Some(token) => token,
        None => match gh::token(&options.host(ci)).await {
            Some(token) => token.parse()?,
            None => return Ok(None),
        },
    };
    GitHub::new(&url, token.secret(), repository, patience).map(Some)
}

/// How `whom` is asked again; whoever reads the report is told of each wait.
pub(super) fn patience(whom: &'static str, report: &Report) -> Patience {
    let report = report.clone();
    Patience::new(decide::retry, move |wait| report.put_off(whom, wait))
}

fn missing() -> UsageError {
    let reason = "GITHUB_TOKEN is missing: set it, or GH_TOKEN, log in by gh auth login, or give a GitHub \
                  App by --github-app-id";
    UsageError(reason.into())
}
