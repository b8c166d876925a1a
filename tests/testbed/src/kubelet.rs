//! The node's own server, as far as it is asked for logs.

mod log;

use std::{net::SocketAddr, path::Path, sync::Arc};

use anyhow::{Context, Result};
use axum::{Router, body::Body, routing::get};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use kube::Client;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Answers the API server as a kubelet does, with the API server's own certificate, which nobody
/// verifies. Ends with the runtime.
///
/// Pods say by annotations what their containers have logged: `testbed/log` is the log,
/// `testbed/previous-log` that of the container before, where it is another. With
/// `testbed/log-flood` each line is a megabyte, and there is no end of them.
pub(crate) async fn serve(listener: TcpListener, client: Client, folder: &Path) -> Result<()> {
    let acceptor = acceptor(folder).context("failed to set up the kubelet's TLS")?;
    let path = "/containerLogs/{namespace}/{pod}/{container}";
    let router = Router::new()
        .route(path, get(log::answer))
        .with_state(client);
    tokio::spawn(accept(listener, acceptor, router));
    Ok(())
}

/// A listener on a free port of the address.
pub(crate) async fn listen(address: std::net::IpAddr) -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((address, 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn acceptor(folder: &Path) -> Result<TlsAcceptor> {
    let certificates = CertificateDer::pem_file_iter(folder.join("apiserver.crt"))?;
    let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(folder.join("apiserver.key"))?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(talk(stream, acceptor.clone(), router.clone()));
        }
    }
}

async fn talk(stream: TcpStream, acceptor: TlsAcceptor, router: Router) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(move |request: Request<Incoming>| {
        router.clone().oneshot(request.map(Body::new))
    });
    // The other side may leave whenever it likes.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
