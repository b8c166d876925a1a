//! Requests to GitHub, whoever asks: bounded in time and size, asked again by one policy.

use std::{fmt, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use octocrab::Octocrab;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    error::{Cause, GitHubError},
    graphql,
};
use crate::{
    clients::{patience::Patience, shortly},
    model::Answer,
};

/// How long one request may take, its body included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of an answer that are read.
const LARGEST: usize = 10 << 20;

/// A renamed repository answers by a redirect, and so may its new name.
const REDIRECTS: usize = 3;

/// What is sent.
pub(super) struct Request<'a> {
    method: Method,
    path: &'a str,
    /// JSON; a GET has none.
    body: Value,
    /// The answer that is known already.
    known: Option<&'a HeaderValue>,
    /// Whether it may be sent twice: it changes nothing, or leaves the same however often it comes.
    safe: bool,
}

impl<'a> Request<'a> {
    pub(super) fn get(path: &'a str) -> Self {
        Self {
            method: Method::GET,
            path,
            body: Value::Null,
            known: None,
            safe: true,
        }
    }

    pub(super) fn post(path: &'a str, body: Value) -> Self {
        Self {
            method: Method::POST,
            body,
            safe: false,
            ..Self::get(path)
        }
    }

    /// It sets what is at `path` to `body`.
    pub(super) fn patch(path: &'a str, body: Value) -> Self {
        Self {
            method: Method::PATCH,
            ..Self::post(path, body).repeatable()
        }
    }

    /// It may be sent twice.
    pub(super) fn repeatable(self) -> Self {
        Self { safe: true, ..self }
    }

    /// It is answered in short where the answer is one that is known.
    pub(super) fn unless(self, known: Option<&'a HeaderValue>) -> Self {
        Self { known, ..self }
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What comes back.
pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    /// The reply as far as it matters for asking again.
    fn answer(&self, request: &Request<'_>) -> Answer {
        // GraphQL says 200 to all: that a limit is used up, only the body tells.
        let limited = match self.status {
            StatusCode::OK => request.path == graphql::PATH && graphql::is_limited(&self.body),
            StatusCode::FORBIDDEN => tells_of_a_limit(&message(&self.body)),
            status => status == StatusCode::TOO_MANY_REQUESTS,
        };
        match asked_wait(&self.headers) {
            None if limited => Answer::Limited,
            wait if limited => Answer::Status(429, wait),
            wait => Answer::Status(self.status.as_u16(), wait),
        }
    }
}

/// The way to GitHub.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    octocrab: Octocrab,
    base_url: String,
    patience: Patience,
}

impl Wire {
    pub(super) fn new(base_url: &str, patience: Patience) -> anyhow::Result<Self> {
        let octocrab = Octocrab::builder()
            .base_uri(base_url)
            .with_context(|| format!("failed to read GitHub's address {base_url}"))?
            .set_connect_timeout(Some(Duration::from_secs(10)))
            .set_read_timeout(Some(TIMEOUT))
            .build()
            .context("failed to set up GitHub's client")?;
        Ok(Self {
            octocrab,
            base_url: base_url.trim_end_matches('/').to_owned(),
            patience,
        })
    }

    /// Sends, and follows where a renamed repository has gone: GET by 301, POST by 307.
    pub(super) async fn follow(
        &self,
        request: &Request<'_>,
        who: &HeaderValue,
    ) -> Result<Reply, GitHubError> {
        let mut url = match request.path {
            graphql::PATH => graphql::address(&self.base_url),
            path => format!("{}{path}", self.base_url),
        };
        for _ in 0..=REDIRECTS {
            let reply = self.send(request, &url, who).await?;
            match self.redirect(&reply) {
                Some(target) => url = target,
                None => return Ok(reply),
            }
        }
        let cause = Cause::Garbled("it redirects for ever".into());
        Err(GitHubError::new(request.to_string(), cause))
    }

    /// Where a redirect leads, if it stays at GitHub: the token goes nowhere else.
    fn redirect(&self, reply: &Reply) -> Option<String> {
        if !reply.status.is_redirection() {
            return None;
        }
        let target = reply.headers.get(header::LOCATION)?.to_str().ok()?;
        if target.starts_with('/') {
            return Some(format!("{}{target}", self.base_url));
        }
        let rest = target.strip_prefix(&self.base_url)?;
        rest.starts_with('/').then(|| target.to_owned())
    }

    /// Sends until the answer stands.
    async fn send(
        &self,
        request: &Request<'_>,
        url: &str,
        who: &HeaderValue,
    ) -> Result<Reply, GitHubError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = self.once(request, url, who).await;
            let answer = match &outcome {
                Ok(reply) => reply.answer(request),
                Err(_) => Answer::None,
            };
            if self.patience.again(answer, attempt, request.safe).await {
                continue;
            }
            return outcome.map_err(|reason| {
                let cause = Cause::Unreachable(format!("{reason}, at {}", self.base_url));
                GitHubError::new(request.to_string(), cause)
            });
        }
    }

    async fn once(
        &self,
        request: &Request<'_>,
        url: &str,
        who: &HeaderValue,
    ) -> Result<Reply, String> {
        let exchange = async {
            let headers = [
                Some((header::AUTHORIZATION, who)),
                request.known.map(|etag| (header::IF_NONE_MATCH, etag)),
            ];
            let mut sent = http::Request::builder()
                .method(request.method.clone())
                .uri(url);
            for (name, value) in headers.into_iter().flatten() {
                sent = sent.header(name, value);
            }
            let body = (request.method != Method::GET).then_some(&request.body);
            let sent = self.octocrab.build_request(sent, body);
            let sent = sent.map_err(|error| cause_of(&error))?;
            let answer = self.octocrab.execute(sent).await;
            let (head, body) = answer.map_err(|error| cause_of(&error))?.into_parts();
            let body = Limited::new(body, LARGEST).collect().await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            Ok(Reply {
                status: head.status,
                headers: head.headers,
                body,
            })
        };
        tokio::time::timeout(TIMEOUT, exchange)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())))
    }
}

/// The innermost cause, as octocrab's own texts hold places in its source.
fn cause_of(error: &octocrab::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// How long GitHub asks to wait: `retry-after`, or until the limit is reset by its own clock.
pub(super) fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    if number("x-ratelimit-remaining")? > 0 {
        return None;
    }
    let now = date(headers)?.timestamp().max(0) as u64;
    Some(Duration::from_secs(
        number("x-ratelimit-reset")?.saturating_sub(now) + 1,
    ))
}

/// What time it is at GitHub.
pub(super) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    Some(DateTime::parse_from_rfc2822(date).ok()?.to_utc())
}

/// The header that tells a token; none for what can be in no header.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

pub(super) fn read<T: DeserializeOwned>(request: &str, reply: &Reply) -> Result<T, GitHubError> {
    let error = |cause| GitHubError::new(request, cause);
    if reply.status.is_success() {
        return serde_json::from_slice(&reply.body)
            .map_err(|reason| error(Cause::Garbled(shortly(reason))));
    }
    let status = reply.status.as_u16();
    let message = message(&reply.body);
    // "Not there" is believed of GitHub alone, not of a proxy's page: things are deleted by it.
    if status == 404 && message == NO_MESSAGE {
        let reason = "a 404 that is not GitHub's own, as a proxy's may be";
        return Err(error(Cause::Garbled(reason.to_owned())));
    }
    let wait = asked_wait(&reply.headers);
    let limited = wait.is_some() || tells_of_a_limit(&message);
    if matches!(status, 403 | 429) && (limited || status == 429) {
        return Err(error(Cause::Limited { wait }));
    }
    let permission = reply.headers.get("x-accepted-github-permissions");
    let permission = permission
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    Err(error(Cause::Refused {
        status,
        message,
        permission,
    }))
}

/// Whether a refusal is for a limit: a secondary one comes with quota left, and may tell no time.
fn tells_of_a_limit(message: &str) -> bool {
    message.to_lowercase().contains("rate limit")
}

/// In place of a sentence of GitHub's.
const NO_MESSAGE: &str = "(no message)";

/// GitHub's own sentence, and its details, in one line.
fn message(body: &[u8]) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return NO_MESSAGE.to_owned();
    };
    let mut message = body["message"].as_str().unwrap_or(NO_MESSAGE).to_owned();
    for detail in body["errors"].as_array().into_iter().flatten() {
        let detail = detail["message"]
            .as_str()
            .or(detail.as_str())
            .map(str::to_owned);
        message.extend(detail.map(|detail| format!("; {detail}")));
    }
    shortly(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_wait_is_what_github_asks_for_by_its_own_clock() {
        let wait = |pairs: &[_]| asked_wait(&headers(pairs)).map(|wait| wait.as_secs());
        assert_eq!(wait(&[("retry-after", "7")]), Some(7));
        let date = ("date", "Tue, 24 Nov 2026 06:00:00 GMT");
        let reset = ("x-ratelimit-reset", "1795500030");
        assert_eq!(
            wait(&[date, reset, ("x-ratelimit-remaining", "0")]),
            Some(31)
        );
        assert_eq!(wait(&[date, reset, ("x-ratelimit-remaining", "5")]), None);
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn a_message_is_one_line_with_its_details() {
        let body = br#"{"message": "Validation Failed", "errors": [{"message": "too long"}]}"#;
        assert_eq!(message(body), "Validation Failed; too long");
        assert_eq!(message(b"<html>"), NO_MESSAGE);
    }
}
