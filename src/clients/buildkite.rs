//! Buildkite's REST API: the builds of a commit.

mod error;

use std::time::Duration;

use anyhow::Context as _;
use http::{HeaderMap, StatusCode};
use reqwest::{Client, redirect::Policy};

pub use self::error::BuildkiteError;
use self::error::Cause;
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
        let Pipeline { organization, slug } = pipeline;
        let url = format!(
            "{}/v2/organizations/{organization}/pipelines/{slug}/builds",
            self.base_url
        );
        let page = PAGE.to_string();
        let request = self.client.get(url).bearer_auth(&self.token).query(&[
            ("commit", commit.as_str()),
            ("branch", branch.as_str()),
            ("exclude_pipeline", "true"),
            ("per_page", &page),
        ]);
        let fail = |cause| BuildkiteError::new(pipeline, cause);
        let lost = |error: reqwest::Error| fail(Cause::Unreachable(innermost(&error)));
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
        let builds = serde_json::from_slice(&body)
            .map_err(|error| fail(Cause::Garbled(error.to_string())))?;
        Ok(Listing { builds, wait })
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

/// The last cause in the chain: what went wrong, without the address again.
fn innermost(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => error.to_string(),
    }
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
