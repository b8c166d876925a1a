//! One name server, which keeps a log of what it was asked.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use hickory_server::{
    Server,
    net::runtime::Time,
    proto::op::ResponseCode,
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    zone_handler::{Catalog, MessageResponseBuilder},
};
use tokio::net::{TcpListener, UdpSocket};

/// Type and name of each question, in order.
pub(super) type Log = Arc<Mutex<Vec<String>>>;

/// Names that so many more questions about fail.
pub(super) type Stumbles = Arc<Mutex<HashMap<String, usize>>>;

/// A name server by UDP and TCP. It ends with its handle.
pub(super) struct NameServer {
    _server: Server<Recording>,
    address: SocketAddr,
    log: Log,
}

impl NameServer {
    pub(super) async fn start(
        at: (IpAddr, u16),
        catalog: Catalog,
        stumbles: &Stumbles,
    ) -> Result<Self> {
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
            stumbles: Arc::clone(stumbles),
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
    stumbles: Stumbles,
}

impl Recording {
    /// Whether the question about a name fails.
    fn stumbles(&self, name: &str) -> bool {
        let mut stumbles = self.stumbles.lock().unwrap_or_else(PoisonError::into_inner);
        let left = stumbles.get_mut(name).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }
}

#[async_trait::async_trait]
impl RequestHandler for Recording {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response_handle: R,
    ) -> ResponseInfo {
        let mut stumbles = false;
        if let Ok(asked) = request.request_info() {
            let name = asked.query.name().to_string();
            let name = name.trim_end_matches('.');
            stumbles = self.stumbles(name);
            let question = format!("{} {name}", asked.query.query_type());
            let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push(question);
        }
        if stumbles {
            let response = MessageResponseBuilder::from_message_request(request);
            let response = response.error_msg(&request.metadata, ResponseCode::ServFail);
            let sent = response_handle.send_response(response).await;
            return sent.expect("the socket is open");
        }
        self.catalog
            .handle_request::<R, T>(request, response_handle)
            .await
    }
}
