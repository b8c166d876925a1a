//! Whether an environment that was removed still answers at its address.
//!
//! Asked for at the load balancer, which an Ingress tells as long as it is there.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use reqwest::Url;

use super::{address, site::Site};
use crate::{
    clients::{
        cluster::{Address, Ingresses},
        endpoint::Endpoint,
    },
    decide::stranger_to,
    model::Reply,
};

/// How long a load balancer may take to forget what it was told to.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// An address, and where its load balancer is.
pub(super) struct Farewell {
    url: Url,
    at: Vec<SocketAddr>,
    shown: String,
}

impl Farewell {
    /// To be called while the Ingress is there yet; none for an environment without an address.
    ///
    /// # Errors
    /// Why it cannot be known afterwards.
    pub(super) async fn before(
        site: &Site<'_>,
        ingresses: &Ingresses,
    ) -> Result<Option<Self>, String> {
        let Some(url) = site.record.lock().await.url.clone() else {
            return Ok(None);
        };
        let url = Url::parse(&url).map_err(|error| format!("{url} is no address: {error}"))?;
        let host = url.host_str().unwrap_or_default();
        let names = match ingresses.address(host).await {
            Ok(Address::At(names)) => names,
            Ok(Address::Pending(_)) => return Ok(None),
            Ok(Address::NoIngress) => return Err(format!("no Ingress tells where {host} is")),
            Err(error) => return Err(error.to_string()),
        };
        let port = url.port_or_known_default().unwrap_or(443);
        let at = address::located(&names, port).await?;
        let shown = names.join(", ");
        Ok(Some(Self { url, at, shown }))
    }

    /// Sees that nobody answers any more; what answers nevertheless, if somebody does.
    pub(super) async fn afterwards(&self, site: &Site<'_>) -> anyhow::Result<Option<String>> {
        let deadline = Instant::now() + site.helm.timeout().min(PATIENCE);
        let (url, shown) = (&self.url, &self.shown);
        loop {
            let Some(answer) = site.stop.unless(self.answer()).await?? else {
                site.report
                    .done(&format!("{url} answers no more (at {shown})"));
                return Ok(None);
            };
            if Instant::now() > deadline {
                return Ok(Some(format!("{url} still answers {answer} at {shown}")));
            }
            site.stop.unless(tokio::time::sleep(LOOK)).await?;
            site.lock.ensure()?;
        }
    }

    /// What the environment answers; none where the load balancer says the same to anybody.
    async fn answer(&self) -> anyhow::Result<Option<u16>> {
        let Some(answer) = self.ask(&self.url).await? else {
            return Ok(None);
        };
        let Some(stranger) = stranger_to(&self.url, rand::random()) else {
            return Ok(Some(answer));
        };
        let is_said_to_anybody = self.ask(&stranger).await? == Some(answer);
        Ok((!is_said_to_anybody).then_some(answer))
    }

    /// The status of an answer, if there is one.
    async fn ask(&self, url: &Url) -> anyhow::Result<Option<u16>> {
        let reply = Endpoint::new(url.clone(), &self.at)?.ask(false).await;
        Ok(match reply {
            Reply::Said(said) => Some(said.status),
            Reply::Silence(_) => None,
        })
    }
}
