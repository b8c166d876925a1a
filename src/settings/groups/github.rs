//! What is deployed, and how GitHub is asked about it.

use std::path::PathBuf;

use clap::Args;
use reqwest::Url;

use crate::{
    model::{App, Repository},
    settings::{Ci, UsageError, Variables},
};

/// What is deployed, and where its code is.
#[derive(Debug, Clone, Args)]
pub struct GitHubOptions {
    /// Short name of what is deployed; it begins the name of all that is made
    #[arg(long)]
    pub app: App,
    /// GitHub's environment name, shared by all branches: one cluster and namespace
    #[arg(long, default_value = "beta", value_parser = tier)]
    pub tier: String,
    /// Repository as owner/name [default: the CI's]
    #[arg(long)]
    pub repository: Option<Repository>,
    /// Base address of GitHub's API [default: GITHUB_API_URL, or https://api.github.com]
    #[arg(long, value_name = "URL", value_parser = api_address)]
    pub github_url: Option<String>,
    /// File that holds GitHub's token [default: GITHUB_TOKEN or GH_TOKEN]
    #[arg(long, value_name = "PATH")]
    pub github_token_file: Option<PathBuf>,
}

/// A tier is a label's value in the cluster.
fn tier(name: &str) -> Result<String, String> {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let fits = name.len() <= 63 && edge(name.chars().next()) && edge(name.chars().last());
    if fits && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err("a tier is at most 63 letters, digits, `-`, `_` and `.`, as in beta".into())
}

/// An address that requests can be sent to. Whose they are, the token tells.
fn api_address(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("it is an http or https address with a host".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user or password: the token alone tells who we are".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it ends with its path".into());
    }
    Ok(text.to_owned())
}

/// A token for GitHub's API. Its text is never printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The text, for the request's header alone.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl GitHubOptions {
    /// The repository: given, or the CI's.
    pub fn repository(&self, ci: &Ci) -> Result<Repository, UsageError> {
        if let Some(repository) = &self.repository {
            return Ok(repository.clone());
        }
        let (github, buildkite) = (&ci.github.repository, &ci.buildkite.repo);
        let found = match (github.is_empty(), buildkite.is_empty()) {
            (false, _) => github.parse(),
            (true, false) => Repository::from_clone_address(buildkite),
            (true, true) => {
                return Err(UsageError(
                    "--repository is missing: the CI tells none".into(),
                ));
            }
        };
        found.map_err(|reason| {
            UsageError(format!(
                "the CI tells no repository of GitHub's ({reason}): give --repository"
            ))
        })
    }

    /// The page of the repository's webhooks, for people.
    pub fn hooks_page(&self, ci: &Ci) -> Result<String, UsageError> {
        let api = self.base_url(ci);
        let site = match api.as_str() {
            "https://api.github.com" => "https://github.com",
            // GitHub Enterprise Server's API is below its pages.
            api => api.trim_end_matches("/api/v3"),
        };
        Ok(format!("{site}/{}/settings/hooks", self.repository(ci)?))
    }

    /// The API's base address, without a slash at its end.
    pub fn base_url(&self, ci: &Ci) -> String {
        let from_ci = Some(ci.github.api_url.as_str()).filter(|url| !url.is_empty());
        let url = self
            .github_url
            .as_deref()
            .or(from_ci)
            .unwrap_or("https://api.github.com");
        url.trim_end_matches('/').to_owned()
    }

    /// The token: from the file, or the usual variables.
    pub fn token(&self, variables: &Variables) -> Result<Token, UsageError> {
        let text = match &self.github_token_file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| UsageError(format!("the token in {}: {error}", path.display())))?,
            None => ["GITHUB_TOKEN", "GH_TOKEN"]
                .iter()
                .find_map(|name| {
                    variables
                        .get(*name)
                        .filter(|value| !value.is_empty())
                        .cloned()
                })
                .ok_or_else(|| UsageError("GITHUB_TOKEN is missing: set it, or GH_TOKEN".into()))?,
        };
        let text = text.trim();
        if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(UsageError(
                "GitHub's token is empty or holds other than plain symbols".into(),
            ));
        }
        Ok(Token(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn githubs_address_is_of_http_and_without_credentials() {
        for good in ["https://api.github.com", "http://127.0.0.1:80/api/v3/"] {
            assert_eq!(api_address(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "api.github.com",
            "ftp://api.github.com",
            "https://",
            "https://me:pw@api.github.com",
            "https://me@api.github.com",
            "https://api.github.com?x=1",
        ] {
            assert!(api_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        assert!(!format!("{:?}", Token("secret".into())).contains("secret"));
    }
}
