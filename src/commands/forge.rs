//! How every command comes to GitHub.

use crate::{
    clients::{gh, github::GitHub, patience::Patience},
    decide,
    model::Repository,
    report::Report,
    settings::{Ci, GitHubOptions, Token, UsageError, Variables},
};

/// A door to `repository`, with the token of the settings or, on a laptop, of `gh auth login`.
pub(super) async fn connect(
    options: &GitHubOptions,
    repository: Repository,
    ci: &Ci,
    variables: &Variables,
    report: &Report,
) -> anyhow::Result<GitHub> {
    let token: Token = match options.token(variables)? {
        Some(token) => token,
        None => {
            let token = gh::token(&options.host(ci)).await;
            token.ok_or_else(missing)?.parse()?
        }
    };
    let url = options.base_url(ci);
    GitHub::new(&url, token.secret(), repository, patience("GitHub", report))
}

/// How `whom` is asked again; whoever reads the report is told of each wait.
pub(super) fn patience(whom: &'static str, report: &Report) -> Patience {
    let report = report.clone();
    Patience::new(decide::retry, move |wait| report.put_off(whom, wait))
}

fn missing() -> UsageError {
    let reason = "GITHUB_TOKEN is missing: set it, or GH_TOKEN, or log in by gh auth login";
    UsageError(reason.into())
}
