//! The address of an environment, as somebody's browser would ask for it.

use std::{
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use anyhow::Context as _;
use reqwest::{Client, Response, Url, redirect::Policy};
use rustls::CertificateError;

use crate::model::{Reply, Said, Silence};

/// As much of a body is looked at, in bytes: what is looked for stands on a page's beginning.
const LARGEST: usize = 1 << 20;

/// One host, and where its load balancer is.
#[derive(Debug)]
pub struct Endpoint {
    client: Client,
    limit: Duration,
}

impl Endpoint {
    /// `host`, asked for at one of `addresses` with its own name (in TLS too). A request, its body included,
    /// may take as long as `limit`.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(host: &str, addresses: &[IpAddr], limit: Duration) -> anyhow::Result<Self> {
        // The port is the URL's, whichever of the host's is asked for.
        let addresses = addresses.iter().map(|ip| SocketAddr::new(*ip, 0));
        let client = Client::builder()
            .timeout(limit)
            // Shared by all addresses: one that is silent leaves time for the others.
            .connect_timeout(limit / 2)
            .redirect(Policy::none())
            .no_proxy()
            // Old pods of an upgrade would go on to answer on a connection that is kept.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("branch-deploys/", env!("CARGO_PKG_VERSION")))
            .resolve_to_addrs(host, &addresses.collect::<Vec<_>>())
            .build()
            .context("failed to set up the client of the address")?;
        Ok(Self { client, limit })
    }

    /// Asks once for an address of the host. No redirect is followed; the body is read only where
    /// `with_body` says so.
    pub async fn ask(&self, url: &Url, with_body: bool) -> Reply {
        match self.said(url, with_body).await {
            Ok(said) => Reply::Said(said),
            Err(error) => Reply::Silence(self.silence(&error)),
        }
    }

    async fn said(&self, url: &Url, with_body: bool) -> reqwest::Result<Said> {
        let answer = self.client.get(url.clone()).send().await?;
        let headers = answer.headers().iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        Ok(Said {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            body: match with_body {
                true => beginning(answer).await?,
                false => String::new(),
            },
        })
    }

    fn silence(&self, error: &reqwest::Error) -> Silence {
        if error.is_timeout() {
            return Silence::Late(self.limit);
        }
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(silence) = known(error) {
                return silence;
            }
            cause = error.source();
        }
        Silence::Connection(super::innermost(error))
    }
}

async fn beginning(mut answer: Response) -> reqwest::Result<String> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        let room = LARGEST - body.len();
        body.extend_from_slice(&part[..part.len().min(room)]);
        if body.len() == LARGEST {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// A cause that has a name of its own. An error of the standard library hides the one it holds from
/// those that follow the sources.
fn known(cause: &(dyn Error + 'static)) -> Option<Silence> {
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(reason) => Silence::Certificate(fault(reason)),
            error => Silence::Tls(error.to_string()),
        });
    }
    let error = cause.downcast_ref::<io::Error>()?;
    match error.get_ref() {
        Some(inner) => known(inner),
        None => (error.kind() == io::ErrorKind::ConnectionRefused).then_some(Silence::Refused),
    }
}

/// What is wrong with a certificate, where the library has no words but the name of a constant.
fn fault(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "nobody whom this machine trusts has issued it".into(),
        CertificateError::Expired => "it has expired".into(),
        CertificateError::NotValidYet => "it is not valid yet".into(),
        CertificateError::NotValidForName => "it is for other names".into(),
        reason => reason.to_string(),
    }
}
