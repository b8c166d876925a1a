//! Where the load balancer of an address is, by the Ingress that it is behind.

use reqwest::Url;

use super::super::site::Site;
use crate::{
    clients::cluster::{ClusterError, Ingresses},
    decide::route,
};

/// Where the load balancer of an address is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum LoadBalancer {
    /// No Ingress of the namespace is for the address.
    NoIngress,
    /// This Ingress is, and has no address yet.
    Pending(String),
    /// At these IP addresses or host names.
    At(Vec<String>),
}

/// Looks where it is.
pub(in super::super) async fn load_balancer(
    site: &Site<'_>,
    ingresses: &Ingresses,
    url: &Url,
) -> Result<LoadBalancer, ClusterError> {
    let routes = ingresses.list().await?;
    let releases = site.record.lock().await.releases.clone().into_iter();
    let releases: Vec<String> = releases.map(|it| it.name).collect();
    Ok(match route(&routes, &releases, url) {
        None => LoadBalancer::NoIngress,
        Some(route) if route.addresses.is_empty() => LoadBalancer::Pending(route.ingress.clone()),
        Some(route) => LoadBalancer::At(route.addresses.clone()),
    })
}
