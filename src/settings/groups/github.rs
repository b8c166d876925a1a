//! How GitHub is asked about the code.

use std::{path::PathBuf, str::FromStr};

use clap::Args;
use reqwest::Url;

use crate::{
    model::Repository,
    settings::{Ci, Sources, UsageError, Variables},
};

/// Where the code is, and how GitHub is asked about it.
#[derive(Debug, Clone, Args)]
pub struct GitHubOptions {
    /// Repository as owner/name [default: the CI's]
    #[arg(long)]
    pub repository: Option<Repository>,
    /// Base address of GitHub's API [default: GITHUB_API_URL, or https://api.github.com]
    #[arg(long, value_name = "URL", value_parser = api_address)]
    pub github_url: Option<String>,
    /// File that holds GitHub's token [default: GITHUB_TOKEN or GH_TOKEN]
    #[arg(long, value_name = "PATH")]
    pub github_token_file: Option<PathBuf>,
    /// Number of the GitHub App to ask as, in place of a token
    #[arg(long, value_name = "ID")]
    pub github_app_id: Option<u64>,
    /// Number of the App's installation [default: the repository's]
    #[arg(long, value_name = "ID")]
    pub github_installation_id: Option<u64>,
    /// File that holds the App's private key [default: GITHUB_APP_PRIVATE_KEY]
    #[arg(long, value_name = "PATH")]
    pub github_app_key_file: Option<PathBuf>,
}

/// A GitHub App as the settings name it.
pub struct AppAccess {
    /// Its number.
    pub id: u64,
    /// The number of its installation, where it is given.
    pub installation: Option<u64>,
    key: String,
    /// Where the key came from.
    pub source: String,
}

impl AppAccess {
    /// The private key in PEM, to sign with and for nothing else.
    pub fn secret(&self) -> &str {
        &self.key
    }
}

/// The variable of an App's private key.
const KEY: &str = "GITHUB_APP_PRIVATE_KEY";

/// GitHub's pages of a repository, for people.
#[derive(Debug, Clone)]
pub struct Pages(String);

impl Pages {
    /// Its webhooks.
    pub fn hooks(&self) -> String {
        format!("{}/settings/hooks", self.0)
    }

    /// Its deployments.
    pub fn deployments(&self) -> String {
        format!("{}/deployments", self.0)
    }
}

/// An address that requests can be sent to. Whose they are, the token tells.
pub fn api_address(text: &str) -> Result<String, String> {
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

/// A token for an API. Its text is never printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The text, for the request's header alone.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = UsageError;

    fn from_str(text: &str) -> Result<Self, UsageError> {
        let text = text.trim();
        if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic()) {
            let reason = "the token is empty or holds other than plain symbols";
            return Err(UsageError(reason.into()));
        }
        Ok(Self(text.to_owned()))
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

    /// Where a person looks at the repository.
    pub fn pages(&self, ci: &Ci, repository: &Repository) -> Pages {
        Pages(format!("{}/{repository}", self.site(ci)))
    }

    /// The host of GitHub's pages, by which `gh` knows it.
    pub fn host(&self, ci: &Ci) -> String {
        let url = Url::parse(&self.site(ci)).ok();
        let host = url.as_ref().and_then(Url::host_str);
        host.unwrap_or("github.com").to_owned()
    }

    /// The address of GitHub's pages.
    fn site(&self, ci: &Ci) -> String {
        let api = self.base_url(ci);
        match api.as_str() {
            "https://api.github.com" => "https://github.com".to_owned(),
            // GitHub Enterprise Server's API is below its pages.
            api => api.trim_end_matches("/api/v3").to_owned(),
        }
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

    /// Whether anything of a GitHub App is given.
    pub fn is_of_app(&self) -> bool {
        self.github_app_id.is_some()
            || self.github_installation_id.is_some()
            || self.github_app_key_file.is_some()
    }

    /// The App to ask as; none where a token is to be used.
    pub fn app(
        &self,
        variables: &Variables,
        sources: &Sources,
    ) -> Result<Option<AppAccess>, UsageError> {
        let refused = |reason: String| Err(UsageError(reason));
        let Some(id) = self.github_app_id else {
            let alone = [
                (
                    "github-installation-id",
                    self.github_installation_id.is_some(),
                ),
                ("github-app-key-file", self.github_app_key_file.is_some()),
            ];
            return match alone.into_iter().find(|(_, given)| *given) {
                Some((name, _)) => refused(format!(
                    "{}: it is of no use without --github-app-id",
                    sources.spell(name)
                )),
                None => Ok(None),
            };
        };
        if self.github_token_file.is_some() {
            let [app, token] = ["github-app-id", "github-token-file"].map(|it| sources.spell(it));
            return refused(format!("{app} and {token} are both given: which one asks?"));
        }
        let (key, source) = match &self.github_app_key_file {
            Some(path) => {
                let source = format!("the App's private key in {}", path.display());
                let text = std::fs::read_to_string(path);
                let text = text.map_err(|error| UsageError(format!("{source}: {error}")))?;
                (text, source)
            }
            None => match variables.get(KEY).filter(|text| !text.trim().is_empty()) {
                // Where a variable is one line, its ends of lines are written out.
                Some(text) => (text.replace("\\n", "\n"), KEY.to_owned()),
                None => {
                    return refused(format!(
                        "the private key of the App {id} is missing: set {KEY}, or give \
                         --github-app-key-file"
                    ));
                }
            },
        };
        Ok(Some(AppAccess {
            id,
            installation: self.github_installation_id,
            key,
            source,
        }))
    }

    /// The token from the file, or from the usual variables; none where neither holds one.
    pub fn token(&self, variables: &Variables) -> Result<Option<Token>, UsageError> {
        if let Some(path) = &self.github_token_file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| UsageError(format!("the token in {}: {error}", path.display())))?;
            return text.parse().map(Some);
        }
        let set = ["GITHUB_TOKEN", "GH_TOKEN"]
            .iter()
            .filter_map(|name| variables.get(*name));
        let text = set.into_iter().find(|text| !text.is_empty());
        text.map(|text| text.parse()).transpose()
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
