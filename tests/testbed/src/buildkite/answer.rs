//! What Buildkite answers, before it is HTTP.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// What an endpoint comes to.
pub type Reply = Result<Answer, Refusal>;

/// An answer that does what was asked for.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    link: Option<String>,
    body: Value,
}

/// An answer that does not.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    body: Value,
}

impl Answer {
    pub fn ok(body: Value) -> Self {
        let status = StatusCode::OK;
        Self {
            status,
            link: None,
            body,
        }
    }

    pub fn created(body: Value) -> Self {
        let status = StatusCode::CREATED;
        Self {
            status,
            ..Self::ok(body)
        }
    }

    pub fn link(self, link: Option<String>) -> Self {
        Self { link, ..self }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(link) = self.link {
            let link = link.parse().expect("links are header values");
            response.headers_mut().insert("link", link);
        }
        response
    }
}

impl Refusal {
    pub fn new(status: StatusCode, message: &str) -> Self {
        Self::with(status, json!({ "message": message }))
    }

    pub fn with(status: StatusCode, body: Value) -> Self {
        Self { status, body }
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, &format!("No {what} found"))
    }

    pub fn bad(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub fn unprocessable(message: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// The HTTP of a reply.
pub fn respond(reply: Reply) -> Response {
    reply.map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}
