use k8s_openapi::api::networking::v1::{Ingress, IngressStatus};
use kube::{Api, Client, ResourceExt, api::ListParams};

use super::ClusterError;

/// The load balancer's rules of the namespace.
#[derive(Clone)]
pub struct Ingresses {
    api: Api<Ingress>,
    namespace: String,
}

/// Where the load balancer of a host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// No Ingress of the namespace names the host.
    NoIngress,
    /// This Ingress does, and has no address yet.
    Pending(String),
    /// At these IP addresses or host names.
    At(Vec<String>),
}

impl Ingresses {
    pub(super) fn new(client: Client, namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            namespace: namespace.to_owned(),
        }
    }

    /// Where the load balancer for `host` is.
    pub async fn address(&self, host: &str) -> Result<Address, ClusterError> {
        let listed = self
            .api
            .list(&ListParams::default())
            .await
            .map_err(|error| {
                ClusterError::new(
                    format!("list ingresses in namespace {}", self.namespace),
                    error,
                )
            })?;
        let of_host = |ingress: &&Ingress| {
            let rules = ingress
                .spec
                .iter()
                .flat_map(|spec| spec.rules.iter().flatten());
            rules
                .into_iter()
                .any(|rule| rule.host.as_deref() == Some(host))
        };
        let Some(ingress) = listed.items.iter().find(of_host) else {
            return Ok(Address::NoIngress);
        };
        match ingress.status.as_ref().map(addresses).unwrap_or_default() {
            addresses if addresses.is_empty() => Ok(Address::Pending(ingress.name_any())),
            addresses => Ok(Address::At(addresses)),
        }
    }
}

fn addresses(status: &IngressStatus) -> Vec<String> {
    let points = status
        .load_balancer
        .iter()
        .flat_map(|balancer| balancer.ingress.iter().flatten());
    points
        .filter_map(|point| point.ip.clone().or_else(|| point.hostname.clone()))
        .collect()
}
