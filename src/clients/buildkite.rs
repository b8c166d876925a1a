//! Buildkite's REST API: the builds of a commit, and builds that we start.

mod error;
mod settings;

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use http::{HeaderMap, StatusCode};
use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use self::error::Cause;
pub use self::{
    error::BuildkiteError,
    settings::{PipelineSettings, Provider, ProviderSettings},
};
use crate::model::{Branch, Build, Commit, Pipeline};

/// How long one request may take, its body included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of an answer that are read: a build with a thousand jobs has about 2 MB.
const LARGEST: usize = 32 << 20;

/// The most builds of a page that Buildkite gives. One page is enough: the newest builds of a commit
/// decide, and come first.
const PAGE: usize = 100;

/// One organization's builds at Buildkite.
#[derive(Debug)]
pub struct Buildkite {
    client: Client,
    base_url: String,
    token: String,
}

/// A build to start.
#[derive(Debug, Serialize)]
pub struct NewBuild<'a> {
    /// The branch whose pipeline file and code it has.
    pub branch: &'a str,
    /// The commit, or `HEAD`.
    pub commit: &'a str,
    /// What a person reads of it.
    pub message: &'a str,
    /// Variables of its jobs.
    pub env: &'a BTreeMap<&'a str, &'a str>,
    /// Its meta-data.
    pub meta_data: &'a BTreeMap<&'a str, &'a str>,
}

/// What Buildkite told, and how long it asks us to keep away.
#[derive(Debug)]
pub struct Listing {
    /// The builds, newest first.
    pub builds: Vec<Build>,
    /// The time until its limit is reset, where nothing is left of it.
    pub wait: Option<Duration>,
}

impl Buildkite {
    /// A door to the API at its base address.
    pub fn new(base_url: &str, token: &str) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(10))
            // The token goes nowhere else.
            .redirect(Policy::none())
            .user_agent(concat!("branch-deploys/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("failed to set up Buildkite's client")?;
        Ok(Self {
            client,
            base_url: base_url.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
        })
    }

    /// The builds of a commit and branch in a pipeline, newest first, by one request. It is not
    /// sent again: whoever waits for a build asks again anyway, at their own pace.
    pub async fn builds(
        &self,
        pipeline: &Pipeline,
        commit: &Commit,
        branch: &Branch,
    ) -> Result<Listing, BuildkiteError> {
        let page = PAGE.to_string();
        let request = self.client.get(self.builds_of(pipeline)).query(&[
            ("commit", commit.as_str()),
            ("branch", branch.as_str()),
            ("exclude_pipeline", "true"),
            ("per_page", &page),
        ]);
        let (builds, wait) = self.send(request, pipeline, "read_builds").await?;
        Ok(Listing { builds, wait })
    }

    /// Starts a build of the pipeline, at the head of a branch.
    ///
    /// An error that [may pass](BuildkiteError::may_pass) may have started it: by its meta-data it
    /// [is found](Self::started).
    pub async fn start(
        &self,
        pipeline: &Pipeline,
        new: &NewBuild<'_>,
    ) -> Result<Build, BuildkiteError> {
        let request = self.client.post(self.builds_of(pipeline)).json(new);
        let started = self.send(request, pipeline, "write_builds").await?;
        Ok(started.0)
    }

    /// The builds of the pipeline that were started with this value of a meta-data.
    pub async fn started(
        &self,
        pipeline: &Pipeline,
        key: &str,
        value: &str,
    ) -> Result<Vec<Build>, BuildkiteError> {
        let key = format!("meta_data[{key}]");
        let request = self.client.get(self.builds_of(pipeline));
        let request = request.query(&[(key.as_str(), value), ("exclude_pipeline", "true")]);
        let started = self.send(request, pipeline, "read_builds").await?;
        Ok(started.0)
    }

    /// One build of the pipeline.
    pub async fn build(&self, pipeline: &Pipeline, number: u64) -> Result<Build, BuildkiteError> {
        let url = format!("{}/{number}", self.builds_of(pipeline));
        let request = self.client.get(url);
        let found = self.send(request, pipeline, "read_builds").await?;
        Ok(found.0)
    }

    /// The scopes of the token, which is to be used for the pipeline.
    pub async fn scopes(&self, pipeline: &Pipeline) -> Result<Vec<String>, BuildkiteError> {
        #[derive(Deserialize)]
        struct AccessToken {
            scopes: Vec<String>,
        }
        let request = self
            .client
            .get(format!("{}/v2/access-token", self.base_url));
        let (token, _) = self
            .send::<AccessToken>(request, pipeline, "read_builds")
            .await?;
        Ok(token.scopes)
    }

    /// The pipeline's settings.
    pub async fn settings(&self, pipeline: &Pipeline) -> Result<PipelineSettings, BuildkiteError> {
        let request = self.client.get(self.address_of(pipeline));
        let told = self.send(request, pipeline, "read_pipelines").await?;
        Ok(told.0)
    }

    fn builds_of(&self, pipeline: &Pipeline) -> String {
        format!("{}/builds", self.address_of(pipeline))
    }

    fn address_of(&self, pipeline: &Pipeline) -> String {
        let Pipeline { organization, slug } = pipeline;
        let base = &self.base_url;
        format!("{base}/v2/organizations/{organization}/pipelines/{slug}")
    }

    /// What a request is answered with, and how long Buildkite asks us to keep away.
    async fn send<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        pipeline: &Pipeline,
        scope: &'static str,
    ) -> Result<(T, Option<Duration>), BuildkiteError> {
        let request = request.bearer_auth(&self.token);
        let fail = |cause| BuildkiteError::new(pipeline, scope, cause);
        let lost = |error: reqwest::Error| fail(Cause::Unreachable(super::innermost(&error)));
        let mut answer = request.send().await.map_err(lost)?;
        let (status, wait) = (answer.status(), reset(answer.headers()));
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(lost)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(fail(Cause::Garbled("it is too long".into())));
            }
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(fail(Cause::Limited(wait)));
        }
        if !status.is_success() {
            return Err(fail(Cause::Refused(status.as_u16(), message(&body))));
        }
        let read = serde_json::from_slice(&body);
        let read = read.map_err(|error| fail(Cause::Garbled(super::shortly(error))))?;
        Ok((read, wait))
    }
}

/// How long until the limit is reset; none while something is left of it.
fn reset(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    let used_up = number("ratelimit-remaining").is_some_and(|left| left == 0);
    let seconds = number("ratelimit-reset").filter(|_| used_up)?;
    Some(Duration::from_secs(seconds))
}

/// Buildkite's own sentence.
fn message(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let message = body["message"].as_str().unwrap_or("(no message)");
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_used_up_is_waited_for() {
        let wait = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            reset(&pairs.collect()).map(|wait| wait.as_secs())
        };
        let reset = ("RateLimit-Reset", "42");
        assert_eq!(wait(&[reset, ("RateLimit-Remaining", "0")]), Some(42));
        assert_eq!(wait(&[reset, ("RateLimit-Remaining", "7")]), None);
        assert_eq!(wait(&[("Retry-After", "3")]), Some(3));
        assert_eq!(wait(&[]), None);
    }
}
