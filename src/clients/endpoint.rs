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

use crate::model::{Reply, Said, Silence, beginning as short};

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
        // It may name all that it is for.
        reason => short(&reason.to_string(), 200),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpSocket, TcpStream},
        time::timeout,
    };

    use super::*;

    /// One that lets in nobody: what comes to it while its queue is full is dropped.
    async fn silent(at: SocketAddr) -> (TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(at).unwrap();
        let (listener, mut waiting) = (socket.listen(1).unwrap(), Vec::new());
        while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect(at)).await {
            waiting.push(stream.unwrap());
        }
        (listener, waiting)
    }

    #[tokio::test]
    async fn an_address_that_is_silent_leaves_time_for_the_next() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let answering = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = answering.local_addr().unwrap();
        let dead = SocketAddr::new([127, 0, 0, 2].into(), here.port());
        let _kept = silent(dead).await;
        let answer = async {
            let (mut stream, _) = answering.accept().await.unwrap();
            let asked = stream.read(&mut [0; 1024]).await.unwrap();
            assert!(asked > 0, "it asks");
            let said = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(said).await.unwrap();
        };
        let limit = Duration::from_secs(4);
        let addresses = [dead.ip(), here.ip()];
        let endpoint = Endpoint::new("new.example.com", &addresses, limit).unwrap();
        let url = format!("http://new.example.com:{}/", here.port());
        let url = Url::parse(&url).unwrap();
        let answers = timeout(limit * 2, answer);
        let (reply, _) = tokio::join!(endpoint.ask(&url, false), answers);
        let said = matches!(&reply, Reply::Said(said) if said.status == 200);
        assert!(said, "{reply:?}");
    }
}
