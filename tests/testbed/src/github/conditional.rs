//! Conditional requests: an ETag on every body, and 304 for the one the client already has.

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderValue, Method, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::Response,
};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

/// What a request says about the body it already has.
#[derive(Debug)]
pub struct Condition {
    is_get: bool,
    known: Option<String>,
}

impl Condition {
    pub fn of(request: &Request) -> Self {
        let known = request
            .headers()
            .get(IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok());
        Self {
            is_get: request.method() == Method::GET,
            known: known.map(str::to_owned),
        }
    }

    /// The response with its ETag, or 304 in its place.
    pub async fn apply(self, response: Response) -> Response {
        if !self.is_get || response.status() != StatusCode::OK {
            return response;
        }
        let (mut head, body) = response.into_parts();
        let bytes = body
            .collect()
            .await
            .map(|body| body.to_bytes())
            .unwrap_or_default();
        let tag = hex::encode(Sha256::digest(&bytes));
        let etag = HeaderValue::from_str(&format!("W/\"{tag}\"")).expect("hex in quotes");
        head.headers.insert(ETAG, etag);
        if !self.knows(&tag) {
            return Response::from_parts(head, Body::from(bytes));
        }
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(CONTENT_TYPE);
        head.headers.remove(CONTENT_LENGTH);
        Response::from_parts(head, Body::empty())
    }

    /// Weak comparison: whether a tag is marked as weak makes no difference.
    fn knows(&self, tag: &str) -> bool {
        let mut known = self.known.iter().flat_map(|list| list.split(','));
        known.any(|one| {
            let one = one.trim();
            one == "*" || one.trim_start_matches("W/").trim_matches('"') == tag
        })
    }
}
