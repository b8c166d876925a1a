//! Every request that arrived, for tests to look at.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{self, State},
    http::{HeaderMap, header::AUTHORIZATION},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt;
use serde_json::Value;

use super::state::Shared;
use crate::{faults::Question, serve::Cut};

/// A request as it arrived, and what came of it.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// The path as it was sent, percent-encoded.
    pub path: String,
    /// The query as it was sent, without `?`; empty without one.
    pub query: String,
    /// The login of the token's owner; `None` without a token that this GitHub issued.
    pub token: Option<String>,
    /// The headers as they were sent.
    pub headers: HeaderMap,
    /// The body, if it is JSON.
    pub body: Option<Value>,
    /// Which request of this GitHub it is, whatever was forgotten since.
    number: u64,
    /// The status of the answer; `None` while it is under way and when the connection was cut.
    pub status: Option<u16>,
}

/// Notes a request when it arrives, and its status when it is answered.
pub async fn record(
    State(shared): State<Arc<Shared>>,
    request: extract::Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    let bytes = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let noted = note(&shared, &head, &bytes);
    let (number, question) = (noted.number, noted.question().map(str::to_owned));
    let mut request = extract::Request::from_parts(head, Body::from(bytes));
    if let Some(name) = question {
        request.extensions_mut().insert(Question(name));
    }
    let response = next.run(request).await;
    if response.extensions().get::<Cut>().is_none()
        && let Some(noted) = shared
            .lock()
            .requests
            .iter_mut()
            .find(|noted| noted.number == number)
    {
        noted.status = Some(response.status().as_u16());
    }
    shared.changed();
    response
}

impl Request {
    /// What the question is called, if it is one of GraphQL's that has a name.
    pub fn question(&self) -> Option<&str> {
        let body = self.body.as_ref().filter(|_| self.path == "/graphql")?;
        body["operationName"].as_str()
    }
}

/// Notes the request.
fn note(shared: &Shared, head: &axum::http::request::Parts, body: &Bytes) -> Request {
    let mut state = shared.lock();
    let secret = head
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let token = state
        .tokens
        .iter()
        .find(|token| secret.ends_with(&token.secret));
    let request = Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        token: token.map(|token| token.owner.login.clone()),
        headers: head.headers.clone(),
        body: serde_json::from_slice(body).ok(),
        number: shared.ids.next(),
        status: None,
    };
    state.requests.push(request.clone());
    request
}
