//! The address of an environment, as somebody's browser would ask for it.

use std::{error::Error, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use reqwest::{Client, Url, redirect::Policy};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What asking for the address came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It answered with this HTTP status.
    Status(u16),
    /// It did not answer, for this reason.
    Silence(String),
}

/// One address, and where its load balancer is.
#[derive(Debug)]
pub struct Endpoint {
    client: Client,
    url: Url,
}

impl Endpoint {
    /// `url`, asked for at `addresses` with its own host name (in TLS too); at what the ordinary
    /// resolver says where there are none.
    pub fn new(url: Url, addresses: &[SocketAddr]) -> anyhow::Result<Self> {
        let mut builder = Client::builder()
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("branch-deploys/", env!("CARGO_PKG_VERSION")));
        if let (Some(host), false) = (url.host_str(), addresses.is_empty()) {
            builder = builder.resolve_to_addrs(host, addresses);
        }
        let client = builder
            .build()
            .context("failed to set up the client of the address")?;
        Ok(Self { client, url })
    }

    /// Asks once. The body is not read.
    pub async fn ask(&self) -> Reply {
        match self.client.get(self.url.clone()).send().await {
            Ok(answer) => Reply::Status(answer.status().as_u16()),
            Err(error) if error.is_timeout() => {
                Reply::Silence(format!("no answer within {} s", TIMEOUT.as_secs()))
            }
            Err(error) => Reply::Silence(innermost(&error)),
        }
    }
}

/// The last cause in the chain: what went wrong, without the address again.
fn innermost(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => error.to_string(),
    }
}
