//! One name server, which keeps a log of what it was asked.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use hickory_server::{
    Server,
    net::runtime::Time,
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    zone_handler::Catalog,
};
use tokio::net::{TcpListener, UdpSocket};

/// Type and name of each question, in order.
pub(super) type Log = Arc<Mutex<Vec<String>>>;

/// A name server by UDP and TCP. It ends with its handle.
pub(super) struct NameServer {
    _server: Server<Recording>,
    address: SocketAddr,
    log: Log,
}

impl NameServer {
    pub(super) async fn start(at: (IpAddr, u16), catalog: Catalog) -> Result<Self> {
        let socket = UdpSocket::bind(at)
            .await
            .with_context(|| format!("failed to listen at {at:?}"))?;
        let address = socket.local_addr()?;
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("failed to listen at {address}"))?;
        let log = Log::default();
        let mut server = Server::new(Recording {
            catalog,
            log: Arc::clone(&log),
        });
        server.register_socket(socket);
        server.register_listener(listener, Duration::from_secs(5), 64);
        Ok(Self {
            _server: server,
            address,
            log,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }
}

struct Recording {
    catalog: Catalog,
    log: Log,
}

#[async_trait::async_trait]
impl RequestHandler for Recording {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        response_handle: R,
    ) -> ResponseInfo {
        if let Ok(asked) = request.request_info() {
            let name = asked.query.name().to_string();
            let question = format!(
                "{} {}",
                asked.query.query_type(),
                name.trim_end_matches('.')
            );
            let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push(question);
        }
        self.catalog
            .handle_request::<R, T>(request, response_handle)
            .await
    }
}
