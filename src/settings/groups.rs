//! Groups of options that several programs share.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, ValueEnum};

use super::{Ci, UsageError, Variables};
use crate::model::{App, Repository};

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
    #[arg(long, value_name = "URL")]
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

/// Which cluster, and how its lock is held.
#[derive(Debug, Clone, Args)]
pub struct ClusterOptions {
    /// Namespace of the environments and their records
    #[arg(long)]
    pub namespace: String,
    /// Kubeconfig file [default: KUBECONFIG, ~/.kube/config, or the pod's own account]
    #[arg(long, value_name = "PATH")]
    pub kubeconfig: Option<PathBuf>,
    /// Context in the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME")]
    pub kube_context: Option<String>,
    /// How long a lock stands unrenewed until its holder is taken for dead
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = lock_duration)]
    pub lock_duration: Duration,
    /// How long to wait for a lock that another job holds
    #[arg(long, default_value = "30m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub lock_timeout: Duration,
}

/// A Lease counts whole seconds; below three there is no room for a slow answer.
fn lock_duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match duration.as_secs() {
        3..=3600 if duration.subsec_nanos() == 0 => Ok(duration),
        _ => Err("it is whole seconds, from 3s to 1h".into()),
    }
}

/// Which Helm, and how long it may take.
#[derive(Debug, Clone, Args)]
pub struct HelmOptions {
    /// Helm to run, version 3 or 4 [default: helm on PATH]
    #[arg(
        long,
        default_value = "helm",
        hide_default_value = true,
        value_name = "PATH"
    )]
    pub helm: PathBuf,
    /// How long one Helm command may take, its hooks and rollout included
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub helm_timeout: Duration,
}

/// What standard output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Lines for people.
    Text,
    /// One JSON document at the end; lines for people go to standard error.
    Json,
}

/// HTTP statuses that count as an answer, as in `200-399` or `401`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange(u16, u16);

impl StatusRange {
    /// Whether `status` is one of them.
    pub fn contains(self, status: u16) -> bool {
        (self.0..=self.1).contains(&status)
    }
}

impl FromStr for StatusRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        match (from.trim().parse(), to.trim().parse()) {
            (Ok(from), Ok(to)) if (100..=to).contains(&from) && to < 600 => Ok(Self(from, to)),
            _ => Err("a status is given as 200, several as 200-399".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_single_or_a_range() {
        let range: StatusRange = "200-399".parse().unwrap();
        assert!(range.contains(200) && range.contains(399) && !range.contains(400));
        assert!("401".parse::<StatusRange>().unwrap().contains(401));
        for bad in ["", "abc", "399-200", "99", "200-600", "200-"] {
            assert!(bad.parse::<StatusRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_lock_lasts_whole_seconds() {
        assert!(lock_duration("30s").is_ok());
        for bad in ["1s", "3500ms", "2h", "x"] {
            assert!(lock_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        assert!(!format!("{:?}", Token("secret".into())).contains("secret"));
    }
}
