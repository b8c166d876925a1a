//! What a load balancer answers for an environment.

use std::net::IpAddr;

use reqwest::Url;

use super::super::{
    address::{LIMIT, LoadBalancer, load_balancer},
    site::Site,
};
use crate::{
    clients::{cluster::Ingresses, endpoint::Endpoint},
    decide::stranger_to,
    model::Reply,
};

/// Where the environment's load balancer is.
pub(super) struct Balancer {
    at: Vec<IpAddr>,
    /// The same for people.
    pub shown: String,
}

impl Balancer {
    /// Where the Ingress of the address says that it is; none where it has not taken it up yet.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) async fn of(
        site: &Site<'_>,
        url: &Url,
        ingresses: &Ingresses,
    ) -> Result<Option<Self>, String> {
        let names = match load_balancer(site, ingresses, url).await {
            Ok(LoadBalancer::At(names)) => names,
            Ok(LoadBalancer::Pending(_)) => return Ok(None),
            Ok(LoadBalancer::NoIngress) => {
                return Err(format!("no Ingress tells where {url} is"));
            }
            Err(error) => return Err(error.to_string()),
        };
        let at = located(&names).await?;
        let shown = names.join(", ");
        Ok(Some(Self { at, shown }))
    }

    /// What is answered for the environment; none where anybody would be told the same.
    pub(super) async fn answer(&self, url: &Url) -> anyhow::Result<Option<String>> {
        let Some(answer) = self.ask(url).await? else {
            return Ok(None);
        };
        if let Some(stranger) = stranger_to(url, rand::random())
            && self.ask(&stranger).await? == Some(answer)
        {
            return Ok(None);
        }
        let at = &self.shown;
        Ok(Some(format!("{url} still answers {answer} at {at}")))
    }

    async fn ask(&self, url: &Url) -> anyhow::Result<Option<u16>> {
        let host = url.host_str().unwrap_or_default();
        let endpoint = Endpoint::new(host, &self.at, LIMIT)?;
        Ok(match endpoint.ask(url, false).await {
            Reply::Said(said) => Some(said.status),
            Reply::Silence(_) => None,
        })
    }
}

/// The IP addresses of names that have been there for long.
async fn located(names: &[String]) -> Result<Vec<IpAddr>, String> {
    let mut addresses = Vec::new();
    for name in names {
        let found = tokio::net::lookup_host((name.as_str(), 0)).await;
        let found = found.map_err(|error| format!("{name}: {error}"))?;
        addresses.extend(found.map(|found| found.ip()));
    }
    Ok(addresses)
}
