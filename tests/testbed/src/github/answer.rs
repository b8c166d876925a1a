//! What GitHub answers, before it is HTTP.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use serde_json::{Value, json};

const DOCS: &str = "https://docs.github.com/rest";
const REDIRECTS: &str = "best-practices-for-using-the-rest-api#follow-redirects";

/// What an endpoint comes to.
pub type Reply = Result<Answer, Refusal>;

/// An answer that does what was asked for.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

/// An answer that does not.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    message: String,
    errors: Option<Value>,
}

impl Answer {
    pub fn ok(body: Value) -> Self {
        Self::new(StatusCode::OK, Some(body))
    }

    pub fn created(body: Value) -> Self {
        Self::new(StatusCode::CREATED, Some(body))
    }

    pub fn accepted(message: &str) -> Self {
        Self::new(StatusCode::ACCEPTED, Some(json!({ "message": message })))
    }

    pub fn no_content() -> Self {
        Self::new(StatusCode::NO_CONTENT, None)
    }

    /// What was asked for is elsewhere. What is not a GET must not become one: 307.
    pub fn moved(location: String, is_get: bool) -> Self {
        let status = if is_get {
            StatusCode::MOVED_PERMANENTLY
        } else {
            StatusCode::TEMPORARY_REDIRECT
        };
        let body = json!({
            "message": "Moved Permanently",
            "url": location,
            "documentation_url": format!("{DOCS}/guides/{REDIRECTS}"),
        });
        Self::new(status, Some(body)).header("location", location)
    }

    fn new(status: StatusCode, body: Option<Value>) -> Self {
        Self {
            status,
            headers: vec![],
            body,
        }
    }

    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn response(self) -> Response {
        let body = self
            .body
            .as_ref()
            .map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if self.body.is_some() {
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/json; charset=utf-8"),
            );
        }
        for (name, value) in self.headers {
            let value = value.parse().expect("links and numbers are header values");
            headers.insert(name, value);
        }
        response
    }
}

impl Refusal {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            errors: None,
        }
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// 422, said in one message.
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 422, said field by field.
    pub fn invalid(resource: &str, field: &str, message: &str) -> Self {
        let message = format!("{field} {message}");
        let error = json!({
            "resource": resource, "code": "custom", "field": field, "message": message,
        });
        Self::unprocessable("Validation Failed").with_error(error)
    }

    pub fn with_error(self, error: Value) -> Self {
        Self {
            errors: Some(json!([error])),
            ..self
        }
    }

    /// The answer, which names the page that documents what was asked for.
    pub fn documented(self, page: &str) -> Answer {
        let mut body = json!({
            "message": self.message,
            "documentation_url": format!("{DOCS}{page}"),
            "status": self.status.as_str(),
        });
        if let Some(errors) = self.errors {
            body["errors"] = errors;
        }
        Answer::new(self.status, Some(body))
    }
}
