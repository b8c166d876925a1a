//! Where the branch answers.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;

/// The branch's address, which the load balancer answers.
pub struct Address {
    pub host: String,
    pub url: String,
    port: u16,
}

impl Address {
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            url: format!("http://{host}:{port}/"),
            port,
        }
    }

    /// Status and body of its answer.
    pub async fn fetch(&self) -> Result<(u16, String)> {
        let balancer = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let client = reqwest::Client::builder()
            .no_proxy()
            .resolve(&self.host, balancer)
            .build()?;
        let answer = client.get(&self.url).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// How to reach it by hand.
    pub fn show(&self) {
        let Self { host, url, port } = self;
        println!("{url}\n\ncurl --resolve {host}:{port}:127.0.0.1 {url}\n");
    }
}
