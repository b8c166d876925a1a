//! What a fault does to a request.

use std::time::Duration;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::Response,
};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Gate, body};
use crate::serve::Cut;

const JSON: &str = "application/json; charset=utf-8";
const LIMITS: &str = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api";

/// A mishap. Each says whether the request still reaches the service behind it.
#[derive(Clone, Debug)]
pub struct Effect(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Answer(Canned),
    BrokenJson,
    Truncated,
    Twisted(u64),
    LateRequest(Duration),
    LateAnswer(Duration),
    Trickle(Duration),
    Missing(Vec<String>, serde_json::Value),
    CutBefore,
    CutAfter,
    Denied(StatusCode),
    HoldBefore(Gate),
    HoldAfter(Gate),
}

#[derive(Clone, Debug)]
struct Canned {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: String,
}

impl Effect {
    /// Answers with this status and an empty JSON object; the request goes no further.
    ///
    /// # Panics
    /// When it is no HTTP status.
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).expect("an HTTP status");
        let canned = Canned {
            status,
            headers: vec![],
            body: "{}".to_owned(),
        };
        Self(Kind::Answer(canned)).header(CONTENT_TYPE.as_str(), JSON)
    }

    /// A gateway's HTML page in place of JSON; the request goes no further.
    pub fn html(status: u16) -> Self {
        let page = "<html><body><h1>Unicorn!</h1></body></html>";
        Self::status(status)
            .header(CONTENT_TYPE.as_str(), "text/html; charset=utf-8")
            .body(page)
    }

    /// A primary rate limit used up until `reset`: 403 as GitHub mostly has it, or 429.
    pub fn rate_limited(status: u16, reset: DateTime<Utc>) -> Self {
        let message = "API rate limit exceeded for user ID 1.";
        Self::refusal(status, message)
            .header("x-ratelimit-limit", "5000")
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-used", "5000")
            .header("x-ratelimit-resource", "core")
            .header("x-ratelimit-reset", &reset.timestamp().to_string())
    }

    /// A secondary rate limit, with quota left: 403 or 429, with `retry-after` in seconds or none.
    pub fn secondary_limit(status: u16, retry_after: Option<u64>) -> Self {
        let message = "You have exceeded a secondary rate limit. Please wait a few minutes before \
                       you try again.";
        let effect = Self::refusal(status, message).header("x-ratelimit-remaining", "4000");
        match retry_after {
            Some(seconds) => effect.header("retry-after", &seconds.to_string()),
            None => effect,
        }
    }

    fn refusal(status: u16, message: &str) -> Self {
        let body = json!({ "message": message, "documentation_url": LIMITS });
        Self::status(status).body(&body.to_string())
    }

    /// Adds a header to a canned answer, or sets it anew.
    ///
    /// # Panics
    /// On an effect that is no canned answer, and on what is no header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        let headers = &mut self.canned().headers;
        headers.retain(|(set, _)| *set != name);
        headers.push((name, value.parse().expect("a header's value")));
        self
    }

    /// The body of a canned answer.
    ///
    /// # Panics
    /// On an effect that is no canned answer.
    pub fn body(mut self, body: &str) -> Self {
        self.canned().body = body.to_owned();
        self
    }

    fn canned(&mut self) -> &mut Canned {
        match &mut self.0 {
            Kind::Answer(canned) => canned,
            other => panic!("{other:?} has no headers and body to set"),
        }
    }

    /// The request is done, but its JSON stops in the middle.
    pub fn broken_json() -> Self {
        Self(Kind::BrokenJson)
    }

    /// The request is done, and its JSON comes with parts changed that are drawn from the seed.
    pub fn twisted(seed: u64) -> Self {
        Self(Kind::Twisted(seed))
    }

    /// The request is done; half the announced body comes, then the connection ends.
    pub fn truncated_body() -> Self {
        Self(Kind::Truncated)
    }

    /// The question is answered, but for what is at this path: null, with an error of this kind.
    pub fn missing(path: &[&str], kind: &str, message: &str) -> Self {
        let error = json!({ "type": kind, "path": path, "message": message });
        let path = path.iter().map(|&step| step.to_owned()).collect();
        Self(Kind::Missing(path, error))
    }

    /// The request reaches the service only after so long.
    pub fn late_request(by: Duration) -> Self {
        Self(Kind::LateRequest(by))
    }

    /// The request is done at once; its answer comes only after so long.
    pub fn late_answer(by: Duration) -> Self {
        Self(Kind::LateAnswer(by))
    }

    /// The request is done; the body of the answer takes so long to come.
    pub fn trickling_body(takes: Duration) -> Self {
        Self(Kind::Trickle(takes))
    }

    /// The connection ends without an answer, and nothing was done. Cuts need the server to be a
    /// [`Server`](crate::serve::Server).
    pub fn cut_before() -> Self {
        Self(Kind::CutBefore)
    }

    /// The connection ends without an answer, although the request was done.
    pub fn cut_after() -> Self {
        Self(Kind::CutAfter)
    }

    /// The request is done, and answered all the same with this status and no word.
    ///
    /// # Panics
    /// When it is no HTTP status.
    pub fn done_but(status: u16) -> Self {
        Self(Kind::Denied(
            StatusCode::from_u16(status).expect("an HTTP status"),
        ))
    }

    /// 200 and an empty list without further pages; the request goes no further.
    pub fn empty_listing() -> Self {
        Self::status(200).body("[]")
    }

    /// The request waits at the gate, and is done when that opens.
    pub fn hold_before(gate: &Gate) -> Self {
        Self(Kind::HoldBefore(gate.clone()))
    }

    /// The request is done, and its answer waits at the gate.
    pub fn hold_after(gate: &Gate) -> Self {
        Self(Kind::HoldAfter(gate.clone()))
    }

    pub(super) async fn befall(self, request: Request, next: Next) -> Response {
        match self.0 {
            Kind::Answer(canned) => canned.response(),
            Kind::BrokenJson => body::broken(next.run(request).await).await,
            Kind::Truncated => body::truncated(next.run(request).await).await,
            Kind::Twisted(seed) => body::twisted(next.run(request).await, seed).await,
            Kind::Trickle(takes) => body::trickling(next.run(request).await, takes).await,
            Kind::Missing(path, error) => {
                body::partial(next.run(request).await, &path, error).await
            }
            Kind::CutBefore => cut(),
            Kind::CutAfter => {
                next.run(request).await;
                cut()
            }
            Kind::Denied(status) => {
                next.run(request).await;
                let mut response = Response::new(Body::empty());
                *response.status_mut() = status;
                response
            }
            Kind::LateRequest(by) => {
                tokio::time::sleep(by).await;
                next.run(request).await
            }
            Kind::LateAnswer(by) => {
                let response = next.run(request).await;
                tokio::time::sleep(by).await;
                response
            }
            Kind::HoldBefore(gate) => {
                gate.pass().await;
                next.run(request).await
            }
            Kind::HoldAfter(gate) => {
                let response = next.run(request).await;
                gate.pass().await;
                response
            }
        }
    }
}

impl Canned {
    fn response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Cut);
    response
}
