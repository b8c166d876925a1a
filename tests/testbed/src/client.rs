//! The plainest HTTP client, for the tests of the stand-ins.

use axum::http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client as Hyper, rt::TokioExecutor};
use serde_json::Value;

use crate::serve::runtime;

/// Asks one server with one token, or none.
pub struct Client {
    url: String,
    token: Option<String>,
}

/// What came back, in whole.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Client {
    pub fn new(url: &str, token: Option<&str>) -> Self {
        Self {
            url: url.to_owned(),
            token: token.map(str::to_owned),
        }
    }

    pub fn get(&self, path: &str) -> Answered {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answered {
        self.send(Method::GET, path, headers, String::new())
            .expect("an answer")
    }

    pub fn post(&self, path: &str, body: Value) -> Answered {
        self.try_post(path, body).expect("an answer")
    }

    pub fn try_post(&self, path: &str, body: Value) -> Option<Answered> {
        self.send(Method::POST, path, &[], body.to_string())
    }

    pub fn put(&self, path: &str, body: Value) -> Answered {
        self.send(Method::PUT, path, &[], body.to_string())
            .expect("an answer")
    }

    pub fn patch(&self, path: &str, body: Value) -> Answered {
        self.send(Method::PATCH, path, &[], body.to_string())
            .expect("an answer")
    }

    pub fn delete(&self, path: &str) -> Answered {
        self.send(Method::DELETE, path, &[], String::new())
            .expect("an answer")
    }

    /// `None` when the connection or the body was cut.
    pub fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Option<Answered> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        if !headers.iter().any(|(name, _)| *name == "no-agent") {
            request = request.header("user-agent", "tests");
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let request = request
            .body(Full::<Bytes>::from(body))
            .expect("a good request");
        runtime().block_on(async {
            let client = Hyper::builder(TokioExecutor::new()).build_http();
            let (head, body) = client.request(request).await.ok()?.into_parts();
            let bytes = body.collect().await.ok()?.to_bytes();
            let text = String::from_utf8(bytes.to_vec()).expect("text");
            Some(Answered {
                status: head.status.as_u16(),
                headers: head.headers,
                text,
            })
        })
    }
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn message(&self) -> String {
        self.json()["message"]
            .as_str()
            .expect("a message")
            .to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// The values of one key of a list.
    pub fn each(&self, key: &str) -> Vec<Value> {
        self.json()
            .as_array()
            .expect("a list")
            .iter()
            .map(|item| item[key].clone())
            .collect()
    }
}
