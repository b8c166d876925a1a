//! One request to an endpoint, taken apart.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, OriginalUri, Query, RawPathParams, Request},
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::{answer::Refusal, shapes::User, state::Shared};

/// Who asks, as the gate found out.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token's secret; `None` without a token.
    pub secret: Option<String>,
    /// The number of the App that asks as itself, by a JWT.
    pub app: Option<u64>,
    pub owner: User,
}

/// A request past the gate.
#[derive(Debug)]
pub struct Call {
    pub shared: Arc<Shared>,
    pub caller: Caller,
    pub method: Method,
    pub uri: Uri,
    params: HashMap<String, String>,
    query: HashMap<String, String>,
    body: Bytes,
}

impl Call {
    /// A part of the path, percent-decoded.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }

    /// A numeric part of the path; what is no number names nothing.
    pub fn number(&self, name: &str) -> Result<u64, Refusal> {
        self.param(name)
            .and_then(|text| text.parse().ok())
            .ok_or_else(Refusal::not_found)
    }

    /// A parameter of the query, decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The body, which has to be a JSON object.
    pub fn json(&self) -> Result<Map<String, Value>, Refusal> {
        let problem = |message| Refusal::new(StatusCode::BAD_REQUEST, message);
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) => Err(problem("Body should be a JSON object")),
            Err(_) => Err(problem("Problems parsing JSON")),
        }
    }
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
            caller: parts
                .extensions
                .get()
                .cloned()
                .expect("the gate puts the caller in"),
            method: parts.method,
            uri,
            params: params
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            query,
            body: body.map_err(IntoResponse::into_response)?,
        })
    }
}
