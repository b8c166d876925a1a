//! HTTP servers on loopback that synchronous tests can start, and that end with their handle.

use std::{convert::Infallible, fmt, net::SocketAddr, sync::LazyLock};

use axum::{Router, body::Body, response::Response};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    task::{JoinHandle, JoinSet},
};
use tower::ServiceExt;

/// The one runtime of all stand-ins of this process, so that a test needs none of its own.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("testbed")
            .enable_all()
            .build()
            .expect("threads for the testbed's runtime")
    });
    &RUNTIME
}

/// A mark on a response: the connection is to be cut instead of sending it.
#[derive(Clone, Copy, Debug)]
pub struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection cut on purpose")
    }
}

impl std::error::Error for Cut {}

/// A server on a free port of 127.0.0.1. Dropping it closes its port and all its connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves the router that `build` makes, which is told the server's own URL (without a
    /// trailing slash), because answers hold links.
    pub fn start(build: impl FnOnce(&str) -> Router) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        listener
            .set_nonblocking(true)
            .expect("a socket can be made non-blocking");
        let router = build(&format!("http://{address}"));
        let _entered = runtime().enter();
        let listener = TcpListener::from_std(listener).expect("a listener for the runtime");
        Self {
            address,
            accepting: runtime().spawn(accept(listener, router)),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Accepts until it is aborted; its connections are its own, and end with it.
async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(talk(stream, router.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn talk(stream: TcpStream, router: Router) {
    let service = service_fn(move |request| answer(router.clone(), request));
    // An error here is a client that went away, or a cut we made: both are the test's business.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response, Cut> {
    let response = router.oneshot(request.map(Body::new)).await;
    let response = response.unwrap_or_else(|never: Infallible| match never {});
    match response.extensions().get::<Cut>() {
        Some(cut) => Err(*cut),
        None => Ok(response),
    }
}
