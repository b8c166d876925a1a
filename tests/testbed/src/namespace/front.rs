//! A way to the API server on which things go wrong.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use http::{
    HeaderValue, StatusCode,
    header::{AUTHORIZATION, DATE, HOST},
};
use http_body_util::BodyExt;
use kube::{
    Client, Config,
    client::Body as KubeBody,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

use super::Namespace;
use crate::{faults::Faults, serve::Server};

/// What stands before the API server for those who are given its kubeconfig: faults on the wire,
/// and a clock that is wrong. It asks the server with the rights of its kubeconfig's original.
pub struct Front {
    kubeconfig: PathBuf,
    faults: Faults,
    clock: Arc<Mutex<TimeDelta>>,
    passed: Arc<Mutex<Vec<Passed>>>,
    _server: Server,
}

/// A request that came to a front.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passed {
    /// `GET`, `POST` …
    pub method: String,
    /// The path in the Kubernetes API, without the query.
    pub path: String,
}

impl Front {
    /// The kubeconfig that leads here.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The switches for faults on the wire. Paths are those of the Kubernetes API.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Every request so far, in the order in which they came.
    pub fn passed(&self) -> Vec<Passed> {
        lock(&self.passed).clone()
    }

    /// Lets the API server's `Date` be so much later than the time, or earlier.
    pub fn set_clock(&self, ahead: TimeDelta) {
        *lock(&self.clock) = ahead;
    }
}

impl Namespace {
    /// A front for those who come with this kubeconfig, one of
    /// [`service_account`](Self::service_account).
    #[track_caller]
    pub fn front(&self, kubeconfig: &Path) -> Front {
        self.done("put a front before the API server", async {
            let mut config: Value = serde_json::from_slice(&std::fs::read(kubeconfig)?)?;
            let client = client(kubeconfig).await?;
            let (faults, clock) = (Faults::default(), Arc::default());
            let passed = Arc::<Mutex<Vec<Passed>>>::default();
            let here = Way {
                client,
                clock: Arc::clone(&clock),
            };
            let router = Router::new().fallback(pass).with_state(here);
            let noted = middleware::from_fn_with_state(Arc::clone(&passed), note);
            let server = Server::start(|_| faults.wrap(router).layer(noted));
            let cluster = json!({"server": server.url()});
            config["clusters"][0]["cluster"] = cluster;
            let kubeconfig = kubeconfig.with_extension("front");
            std::fs::write(&kubeconfig, config.to_string())?;
            Ok(Front {
                kubeconfig,
                faults,
                clock,
                passed,
                _server: server,
            })
        })
    }
}

/// Notes a request before anything can happen to it.
async fn note(
    State(passed): State<Arc<Mutex<Vec<Passed>>>>,
    request: Request,
    next: Next,
) -> Response {
    lock(&passed).push(Passed {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
    });
    next.run(request).await
}

#[derive(Clone)]
struct Way {
    client: Client,
    clock: Arc<Mutex<TimeDelta>>,
}

async fn client(kubeconfig: &Path) -> Result<Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
    // What the server says is for those before the front to hear.
    config.default_retry = false;
    config.read_timeout = None;
    Ok(Client::try_from(config)?)
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    match carried(&way, request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn carried(way: &Way, request: Request) -> Result<Response> {
    let (mut head, body) = request.into_parts();
    for own in [AUTHORIZATION, HOST] {
        head.headers.remove(own);
    }
    let body = body.collect().await.context("the request broke off")?;
    let request = Request::from_parts(head, KubeBody::from(body.to_bytes().to_vec()));
    let answer = way.client.send(request).await?;
    let mut response = answer.map(Body::new);
    let headers = response.headers_mut();
    let told = headers.get(DATE).and_then(|date| date.to_str().ok());
    let told = told.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let told = told.map_or_else(Utc::now, |date| date.to_utc()) + *lock(&way.clock);
    let told = told.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    headers.insert(DATE, HeaderValue::try_from(told)?);
    Ok(response)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
