//! What stands between clients and the registry: faults, counting, and the token flow.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use anyhow::Result;
use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use super::Login;
use crate::faults::Faults;

/// The way to one registry.
pub(super) struct Front {
    pub(super) faults: Faults,
    registry: SocketAddr,
    login: Login,
    /// The only name and password there are, as a header's value.
    basic: String,
    state: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    requests: Vec<String>,
    tokens: BTreeSet<String>,
}

struct Gateway {
    front: Arc<Front>,
    url: String,
}

impl Front {
    pub(super) fn new(registry: SocketAddr, login: Login, basic: String) -> Self {
        Self {
            faults: Faults::default(),
            registry,
            login,
            basic,
            state: Mutex::default(),
        }
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, Known> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Whether a request bears a token that was given here.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let token = authorization(headers).strip_prefix("Bearer ");
        token.is_some_and(|token| self.state().tokens.contains(token))
    }
}

pub(super) fn router(front: &Arc<Front>, url: &str) -> Router {
    let gateway = Arc::new(Gateway {
        front: Arc::clone(front),
        url: url.to_owned(),
    });
    let router = Router::new()
        .route("/token", get(give_token))
        .fallback(pass)
        .with_state(gateway);
    front.faults.wrap(router)
}

/// A token for name and password, as a registry's token server gives it.
async fn give_token(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let front = &gateway.front;
    if authorization(request.headers()) != front.basic {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let token = hex::encode(rand::random::<[u8; 16]>());
    front.state().tokens.insert(token.clone());
    Json(json!({"token": token, "expires_in": 300})).into_response()
}

async fn pass(State(gateway): State<Arc<Gateway>>, mut request: Request) -> Response {
    let front = &gateway.front;
    let line = format!("{} {}", request.method(), request.uri().path());
    front.state().requests.push(line);
    if front.login == Login::Token {
        if !front.admits(request.headers()) {
            return challenge(&gateway.url, request.uri().path());
        }
        // What the registry behind us takes.
        let basic = HeaderValue::try_from(&front.basic).expect("base64 is a header's value");
        request.headers_mut().insert(AUTHORIZATION, basic);
    }
    let answer = forward(front.registry, request).await;
    answer.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response())
}

/// What a registry with a token server answers to one without a token.
fn challenge(url: &str, path: &str) -> Response {
    let repository = path.trim_start_matches("/v2/").split("/manifests/").next();
    let scope = format!("repository:{}:pull", repository.unwrap_or_default());
    let value = format!("Bearer realm=\"{url}/token\",service=\"testbed\",scope=\"{scope}\"");
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    let value = HeaderValue::try_from(value).expect("a path is plain text");
    response.headers_mut().insert(WWW_AUTHENTICATE, value);
    response
}

async fn forward(registry: SocketAddr, request: Request) -> Result<Response> {
    let stream = TcpStream::connect(registry).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?.map(Body::new))
}

fn authorization(headers: &HeaderMap) -> &str {
    let value = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}
