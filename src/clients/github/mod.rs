//! GitHub: refs, deployments and pull requests, one by one by REST, many at once by GraphQL.

mod app;
mod asked;
mod batch;
mod comments;
mod deployments;
mod error;
mod graphql;
mod head;
mod http;
mod made;
mod protected;
mod pull_requests;
mod rights;
mod sight;
#[cfg(test)]
mod tests;
mod tier;
mod wire;

use std::{fmt::Display, sync::Arc};

use anyhow::Context as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::json;

pub use self::{
    app::App,
    asked::Asked,
    comments::Comment,
    deployments::NewDeployment,
    error::GitHubError,
    head::Head,
    http::Etag,
    rights::{Shown, Webhook},
    sight::Sight,
    tier::{Cursor, Page},
};
use self::{
    app::Tokens,
    http::{Credentials, Http},
    wire::{Wire, bearer},
};
use super::patience::Patience;
use crate::model::{
    Branch, Commit, Deployment, Posted, Reading, Repository, Secrets, State, describe,
};

/// What stays as it is in one segment of a path, or in one value of a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What stays as it is in a path of several segments.
const PATH: &AsciiSet = &PLAIN.remove(b'/');

/// The most items of a page that GitHub gives.
const PAGE: usize = 100;

/// The most pages that are read of one listing.
const PAGES: usize = 50;

/// One repository at GitHub.
#[derive(Debug, Clone)]
pub struct GitHub {
    http: Http,
    repository: Repository,
    secrets: Secrets,
}

/// What identifies a repository.
#[derive(Debug, Clone, Deserialize)]
pub struct RepositoryFacts {
    /// Its number, which a rename leaves as it is.
    pub id: u64,
    /// `owner/name` as of now.
    pub full_name: String,
    /// The branch that is never removed.
    pub default_branch: Branch,
}

/// A ref of the repository.
#[derive(Debug, Clone, Deserialize)]
pub struct Ref {
    /// As in `refs/heads/main`.
    #[serde(rename = "ref")]
    pub name: String,
    /// What it points at.
    pub object: RefObject,
}

/// What a ref points at.
#[derive(Debug, Clone, Deserialize)]
pub struct RefObject {
    /// The commit of a branch.
    pub sha: Commit,
}

/// A status to post on a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatus<'a> {
    /// What has become true.
    pub state: State,
    /// What failed, or what holds, for people; cut to what GitHub takes.
    pub description: &'a str,
    /// Where the log is.
    pub log_url: Option<&'a str>,
    /// Where the environment answers.
    pub environment_url: Option<&'a str>,
}

impl GitHub {
    /// A door to `repository` at the API's base address.
    pub fn new(
        base_url: &str,
        token: &str,
        repository: Repository,
        patience: Patience,
    ) -> anyhow::Result<Self> {
        let header = bearer(token).context("the token holds other than plain symbols")?;
        Ok(Self {
            http: Http::new(Wire::new(base_url, patience)?, Credentials::Token(header)),
            repository,
            secrets: Secrets::new([token.to_owned()]),
        })
    }

    /// The same door, by which an App goes.
    pub fn of_app(
        base_url: &str,
        app: App,
        repository: Repository,
        patience: Patience,
    ) -> anyhow::Result<Self> {
        let secrets = app.secrets().clone();
        let tokens = Tokens::new(app, repository.clone());
        Ok(Self {
            http: Http::new(
                Wire::new(base_url, patience)?,
                Credentials::App(Arc::new(tokens)),
            ),
            repository,
            secrets,
        })
    }

    /// What it was given and is shown to nobody: the token, or the App's key.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The repository's number, name and default branch.
    pub async fn repository(&self) -> Result<RepositoryFacts, GitHubError> {
        self.http.get(&self.path("")).await
    }

    /// What the ref of `branch` reads as.
    pub async fn head(&self, branch: &Branch) -> Result<Reading, GitHubError> {
        let found = self.branch_ref(branch).await?;
        Ok(found.map_or(Reading::Missing, |found| Reading::Found(found.name)))
    }

    /// The ref of `branch`; none where GitHub knows none, or does not show it. A branch that was
    /// renamed may come back by its new name.
    pub async fn branch_ref(&self, branch: &Branch) -> Result<Option<Ref>, GitHubError> {
        let branch = utf8_percent_encode(branch.as_str(), PATH);
        let path = self.path(format!("/git/ref/heads/{branch}"));
        match self.http.get(&path).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The deployment with this number; none where GitHub knows none, or does not show it.
    pub async fn deployment(&self, id: u64) -> Result<Option<Deployment>, GitHubError> {
        match self
            .http
            .get(&self.path(format!("/deployments/{id}")))
            .await
        {
            Ok(deployment) => Ok(Some(deployment)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The deployments of a task and environment with numbers above `above`, newest first.
    pub async fn deployments_above(
        &self,
        task: &str,
        environment: &str,
        above: u64,
    ) -> Result<Vec<Deployment>, GitHubError> {
        let (task, environment) = (
            utf8_percent_encode(task, PLAIN),
            utf8_percent_encode(environment, PLAIN),
        );
        let mut found = Vec::new();
        for page in 1..=PAGES {
            let query =
                format!("task={task}&environment={environment}&per_page={PAGE}&page={page}");
            let listed: Vec<Deployment> = self
                .http
                .get(&self.path(format!("/deployments?{query}")))
                .await?;
            let last = listed.len() < PAGE || listed.iter().any(|listed| listed.id <= above);
            found.extend(listed.into_iter().filter(|listed| listed.id > above));
            if last {
                return Ok(found);
            }
        }
        Err(GitHubError::endless(&self.path("/deployments")))
    }

    /// The newest status of a deployment, if it has one.
    pub async fn newest_status(&self, id: u64) -> Result<Option<Posted>, GitHubError> {
        let path = self.path(format!("/deployments/{id}/statuses?per_page=1"));
        let mut listed: Vec<Posted> = self.http.get(&path).await?;
        Ok(listed.pop())
    }

    /// Posts a status on a deployment.
    pub async fn post_status(&self, id: u64, status: &NewStatus<'_>) -> Result<(), GitHubError> {
        let mut body = json!({
            "state": status.state,
            "description": describe(status.description),
            "auto_inactive": false,
        });
        for (key, url) in [
            ("log_url", status.log_url),
            ("environment_url", status.environment_url),
        ] {
            if let Some(url) = url {
                body[key] = json!(url);
            }
        }
        let path = self.path(format!("/deployments/{id}/statuses"));
        self.http.post::<IgnoredAny>(&path, body).await.map(drop)
    }

    /// All pages of a listing; `filter` is empty or ends with `&`.
    async fn listing<T: DeserializeOwned>(
        &self,
        rest: &str,
        filter: &str,
    ) -> Result<Vec<T>, GitHubError> {
        let mut found = Vec::new();
        for page in 1..=PAGES {
            let query = format!("{filter}per_page={PAGE}&page={page}");
            let listed: Vec<T> = self.http.get(&self.path(format!("{rest}?{query}"))).await?;
            let is_last = listed.len() < PAGE;
            found.extend(listed);
            if is_last {
                return Ok(found);
            }
        }
        Err(GitHubError::endless(&self.path(rest)))
    }

    fn path(&self, rest: impl Display) -> String {
        format!("/repos/{}{rest}", self.repository)
    }
}
