//! Every request that arrived, for tests to look at and to count.

use std::sync::Arc;

use axum::{
    extract::{self, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use chrono::{DateTime, Utc};

use super::state::Shared;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// The path as it was sent, percent-encoded: `/v2/…` is the REST API, `/v3/…` the agents',
    /// `/deliver/…` takes GitHub's webhooks.
    pub path: String,
    /// The query as it was sent, without `?`; empty without one.
    pub query: String,
    /// The headers as they were sent.
    pub headers: HeaderMap,
    /// When it arrived.
    pub at: DateTime<Utc>,
}

impl Request {
    /// Whether it is of the REST API, whose requests are limited.
    pub fn is_rest(&self) -> bool {
        self.path.starts_with("/v2/")
    }
}

/// Notes a request when it arrives.
pub async fn record(
    State(shared): State<Arc<Shared>>,
    request: extract::Request,
    next: Next,
) -> Response {
    let noted = Request {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
        at: Utc::now(),
    };
    shared.lock().requests.push(noted);
    shared.changed();
    next.run(request).await
}
