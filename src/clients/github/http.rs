//! Requests to GitHub, by who asks.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    app::Tokens,
    error::GitHubError,
    graphql,
    wire::{Reply, Request, Wire, asked_wait, read},
};

/// What GitHub called an answer, to ask whether there is a newer one.
#[derive(Debug, Clone, Default)]
pub struct Etag(Option<HeaderValue>);

/// The pauses in which a new token of an App comes to be known everywhere at GitHub.
const UNTIL_KNOWN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Who asks.
#[derive(Debug, Clone)]
pub(super) enum Credentials {
    /// Whoever has this token, as the header that tells it.
    Token(HeaderValue),
    /// An App.
    App(Arc<Tokens>),
}

/// GitHub, and who asks.
#[derive(Debug, Clone)]
pub(super) struct Http {
    wire: Wire,
    credentials: Credentials,
}

impl Http {
    pub(super) fn new(wire: Wire, credentials: Credentials) -> Self {
        Self { wire, credentials }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, GitHubError> {
        self.call(&Request::get(path)).await
    }

    /// The answer, and what was said with it.
    pub(super) async fn get_with_headers<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<(T, HeaderMap), GitHubError> {
        let request = Request::get(path);
        let reply = self.reply(&request).await?;
        let answer = read(&request.to_string(), &reply)?;
        Ok((answer, reply.headers))
    }

    /// Whether an App asks.
    pub(super) fn is_of_app(&self) -> bool {
        matches!(self.credentials, Credentials::App(_))
    }

    /// The answer, unless it is the one that `etag` was kept of.
    pub(super) async fn get_new<T: DeserializeOwned>(
        &self,
        path: &str,
        etag: &mut Etag,
    ) -> Result<Option<T>, GitHubError> {
        let request = Request::get(path).unless(etag.0.as_ref());
        let reply = self.reply(&request).await?;
        if reply.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let answer = read(&request.to_string(), &reply)?;
        etag.0 = reply.headers.get(header::ETAG).cloned();
        Ok(Some(answer))
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Value,
    ) -> Result<T, GitHubError> {
        self.call(&Request::post(path, body)).await
    }

    /// Sets what is at `path` to `body`.
    pub(super) async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Value,
    ) -> Result<T, GitHubError> {
        self.call(&Request::patch(path, body)).await
    }

    /// The answer to a question of GraphQL's, which changes nothing, and how long GitHub asks to wait.
    pub(super) async fn ask(
        &self,
        question: Value,
    ) -> Result<(graphql::Body, Option<Duration>), GitHubError> {
        let request = Request::post(graphql::PATH, question).repeatable();
        let reply = self.reply(&request).await?;
        let body = read(&request.to_string(), &reply)?;
        Ok((body, asked_wait(&reply.headers)))
    }

    async fn call<T: DeserializeOwned>(&self, request: &Request<'_>) -> Result<T, GitHubError> {
        let reply = self.reply(request).await?;
        read(&request.to_string(), &reply)
    }

    /// The reply to who we are. An App's token that is refused has ended before its time, and did
    /// nothing: the request is sent once more with a new one, which may be refused as well until all of
    /// GitHub knows it.
    async fn reply(&self, request: &Request<'_>) -> Result<Reply, GitHubError> {
        let tokens = match &self.credentials {
            Credentials::Token(header) => return self.wire.follow(request, header).await,
            Credentials::App(tokens) => tokens,
        };
        let header = tokens.header(&self.wire).await?;
        let reply = self.wire.follow(request, &header).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        tokens.forget(&header).await;
        let header = tokens.header(&self.wire).await?;
        for pause in UNTIL_KNOWN {
            let reply = self.wire.follow(request, &header).await?;
            if reply.status != StatusCode::UNAUTHORIZED {
                return Ok(reply);
            }
            tokio::time::sleep(pause).await;
        }
        self.wire.follow(request, &header).await
    }
}
