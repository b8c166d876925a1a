//! Requests on their way to a pod.

use std::{
    collections::HashMap,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{HOST, HeaderName},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::{lock, routes::Routes};
use crate::faults::Faults;

/// How long a target may refuse connections: a pod of the testbed listens a moment after its
/// status says that it runs.
const PATIENCE: Duration = Duration::from_secs(2);
const INTERVAL: Duration = Duration::from_millis(20);

const FORWARDED_PROTOCOL: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The faults of each host, so that tests at the same time do not disturb each other.
#[derive(Clone, Default)]
pub(super) struct HostFaults(Arc<Mutex<HashMap<String, Faults>>>);

impl HostFaults {
    pub(super) fn of(&self, host: &str) -> Faults {
        lock(&self.0).entry(host.to_owned()).or_default().clone()
    }
}

/// Answers whatever comes.
pub(super) fn router(routes: Routes, faults: HostFaults) -> Router {
    let routing = Router::new().fallback(respond).with_state(Arc::new(routes));
    Router::new().fallback(move |request: Request| {
        let faults = faults.of(host(&request));
        faults.wrap(routing.clone()).oneshot(request)
    })
}

/// The host that is asked for, without its port.
fn host(request: &Request) -> &str {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    host.and_then(|host| host.split(':').next())
        .unwrap_or_default()
}

/// The statuses are those of the real one: 404 where no rule fits, 503 where a rule has no ready
/// target, 502 where the target fails.
async fn respond(State(routes): State<Arc<Routes>>, request: Request) -> Response {
    let Some(targets) = routes.targets(host(&request), request.uri().path()) else {
        return (StatusCode::NOT_FOUND, "no rule for this host and path\n").into_response();
    };
    if targets.is_empty() {
        return (StatusCode::SERVICE_UNAVAILABLE, "no target is ready\n").into_response();
    }
    let target = targets[rand::random_range(..targets.len())];
    let outcome = forward(target, request).await;
    outcome
        .unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, format!("{error:#}\n")).into_response())
}

async fn forward(target: SocketAddr, mut request: Request) -> Result<Response> {
    let stream = connect(target)
        .await
        .with_context(|| format!("failed to connect to {target}"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    request
        .headers_mut()
        .insert(FORWARDED_PROTOCOL, HeaderValue::from_static("http"));
    Ok(sender.send_request(request).await?.map(Body::new))
}

async fn connect(target: SocketAddr) -> io::Result<TcpStream> {
    let started = Instant::now();
    loop {
        match TcpStream::connect(target).await {
            Err(error)
                if error.kind() == ErrorKind::ConnectionRefused && started.elapsed() < PATIENCE =>
            {
                tokio::time::sleep(INTERVAL).await;
            }
            outcome => return outcome,
        }
    }
}
