//! One request, taken apart.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, OriginalUri, Query, RawPathParams, Request},
    http::{HeaderMap, Uri, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::{answer::Refusal, state::Shared};

/// A request.
#[derive(Debug)]
pub struct Call {
    pub shared: Arc<Shared>,
    pub uri: Uri,
    pub headers: HeaderMap,
    params: HashMap<String, String>,
    query: Vec<(String, String)>,
    body: Bytes,
}

impl Call {
    /// A part of the path, percent-decoded; empty where the path has none.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// The last value of a parameter of the query, decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.all(name).last().copied()
    }

    /// All values of a parameter, given once (`state=passed`) or as a list (`state[]=passed`).
    pub fn all(&self, name: &str) -> Vec<&str> {
        let is_it = |key: &str| key.strip_suffix("[]").unwrap_or(key) == name;
        let pairs = self.query.iter().filter(|(key, _)| is_it(key));
        pairs.map(|(_, value)| value.as_str()).collect()
    }

    /// The keys and values of a parameter that is a map (`meta_data[key]=value`).
    pub fn maps(&self, name: &str) -> Vec<(&str, &str)> {
        let pairs = self.query.iter().filter_map(|(key, value)| {
            let key = key
                .strip_prefix(name)?
                .strip_prefix('[')?
                .strip_suffix(']')?;
            Some((key, value.as_str()))
        });
        pairs.collect()
    }

    /// Whether a parameter is `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.query(name) == Some("true")
    }

    /// What comes after the scheme in the header of authorization.
    pub fn secret(&self, scheme: &str) -> Option<&str> {
        secret(&self.headers, scheme)
    }

    /// The body, which has to be a JSON object.
    pub fn json(&self) -> Result<Map<String, Value>, Refusal> {
        serde_json::from_slice(&self.body).map_err(|_| Refusal::bad("Invalid JSON"))
    }
}

/// What comes after the scheme in the header of authorization.
pub fn secret<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (sent, secret) = header.split_once(' ')?;
    sent.eq_ignore_ascii_case(scheme).then_some(secret)
}

impl FromRequest<Arc<Shared>> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let params = RawPathParams::from_request_parts(&mut parts, shared).await;
        let params = params.map_err(IntoResponse::into_response)?;
        let Query(query) = Query::try_from_uri(&parts.uri).map_err(IntoResponse::into_response)?;
        let OriginalUri(uri) = OriginalUri::from_request_parts(&mut parts, shared)
            .await
            .unwrap_or_else(|never| match never {});
        let body = Bytes::from_request(Request::new(body), shared).await;
        Ok(Self {
            shared: Arc::clone(shared),
            params: params
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            query,
            body: body.map_err(IntoResponse::into_response)?,
            uri,
            headers: parts.headers,
        })
    }
}
