use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress, IngressRule, IngressStatus};
use kube::{Api, Client, ResourceExt, api::ListParams};

use super::ClusterError;
use crate::model::{Route, RoutePath, Rule};

/// The load balancer's rules of the namespace.
#[derive(Clone)]
pub struct Ingresses {
    api: Api<Ingress>,
    namespace: String,
}

impl Ingresses {
    pub(super) fn new(client: Client, namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            namespace: namespace.to_owned(),
        }
    }

    /// All of them.
    pub async fn list(&self) -> Result<Vec<Route>, ClusterError> {
        let listed = self.api.list(&ListParams::default()).await;
        let listed = listed.map_err(|error| {
            let action = format!("list ingresses in namespace {}", self.namespace);
            ClusterError::new(action, error)
        })?;
        Ok(listed.items.into_iter().map(route).collect())
    }
}

fn route(ingress: Ingress) -> Route {
    let release = ingress.annotations().get("meta.helm.sh/release-name");
    Route {
        release: release.cloned(),
        addresses: ingress.status.as_ref().map(addresses).unwrap_or_default(),
        ingress: ingress.name_any(),
        is_default: ingress
            .spec
            .as_ref()
            .is_some_and(|spec| spec.default_backend.is_some()),
        rules: ingress
            .spec
            .and_then(|spec| spec.rules)
            .unwrap_or_default()
            .into_iter()
            .map(rule)
            .collect(),
    }
}

fn rule(rule: IngressRule) -> Rule {
    let paths = rule.http.map(|http| http.paths).unwrap_or_default();
    let path = |path: HTTPIngressPath| RoutePath {
        is_exact: path.path_type == "Exact",
        path: path.path.unwrap_or_default(),
    };
    Rule {
        host: rule.host.filter(|host| !host.is_empty()),
        paths: paths.into_iter().map(path).collect(),
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
