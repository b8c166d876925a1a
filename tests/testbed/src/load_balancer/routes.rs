//! From a host and a path to the pods that may answer.

use std::net::SocketAddr;

use k8s_openapi::api::{
    core::v1::{Service, ServicePort},
    discovery::v1::EndpointSlice,
    networking::v1::{HTTPIngressPath, Ingress, IngressBackend, IngressServiceBackend},
};
use kube::{ResourceExt, runtime::reflector::Store};

use super::{controller::has_address, is_ours};
use crate::network::reachable;

const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// What routing needs to know of the cluster.
pub(super) struct Routes {
    pub(super) ingresses: Store<Ingress>,
    pub(super) services: Store<Service>,
    pub(super) slices: Store<EndpointSlice>,
}

impl Routes {
    /// The addresses of ready pods; none where no rule fits.
    pub(super) fn targets(&self, host: &str, path: &str) -> Option<Vec<SocketAddr>> {
        let ingresses = self.ingresses.state();
        let (namespace, backend) = ingresses
            .iter()
            .filter(|ingress| is_ours(ingress) && has_address(ingress))
            .flat_map(|ingress| rules(ingress, host))
            .filter(|rule| fits(rule.path, path))
            .max_by_key(|rule| (rule.host, rule.path.path.as_deref().map_or(0, str::len)))
            .map(|rule| (rule.namespace, &rule.path.backend))?;
        Some(self.endpoints(&namespace, backend))
    }

    fn endpoints(&self, namespace: &str, backend: &IngressBackend) -> Vec<SocketAddr> {
        let Some(backend) = &backend.service else {
            return Vec::new();
        };
        let services = self.services.state();
        let service = services.iter().find(|service| {
            service.namespace().as_deref() == Some(namespace) && service.name_any() == backend.name
        });
        let Some(port) = service.and_then(|service| port(service, backend)) else {
            return Vec::new();
        };
        let port_name = port.name.clone().unwrap_or_default();
        let slices = self.slices.state();
        let slices = slices.iter().filter(|slice| {
            slice.namespace().as_deref() == Some(namespace)
                && slice.labels().get(SERVICE_LABEL) == Some(&backend.name)
        });
        slices.flat_map(|slice| ready(slice, &port_name)).collect()
    }
}

/// A path of an Ingress, for a host.
struct Rule<'a> {
    namespace: String,
    host: Cover,
    path: &'a HTTPIngressPath,
}

/// How closely a rule's host names the one asked for; the closest comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cover {
    Any,
    Wildcard,
    Exact,
}

fn rules<'a>(ingress: &'a Ingress, host: &str) -> Vec<Rule<'a>> {
    let namespace = ingress.namespace().unwrap_or_default();
    let mut found = Vec::new();
    for rule in ingress
        .spec
        .iter()
        .flat_map(|spec| spec.rules.iter().flatten())
    {
        let Some(cover) = cover(rule.host.as_deref(), host) else {
            continue;
        };
        let paths = rule.http.iter().flat_map(|http| &http.paths);
        found.extend(paths.map(|path| Rule {
            namespace: namespace.clone(),
            host: cover,
            path,
        }));
    }
    found
}

/// A rule without a host is for all of them; a wildcard stands for one label.
fn cover(pattern: Option<&str>, host: &str) -> Option<Cover> {
    let Some(pattern) = pattern else {
        return Some(Cover::Any);
    };
    match pattern.strip_prefix("*.") {
        Some(domain) => {
            let (_, parent) = host.split_once('.')?;
            parent
                .eq_ignore_ascii_case(domain)
                .then_some(Cover::Wildcard)
        }
        None => pattern.eq_ignore_ascii_case(host).then_some(Cover::Exact),
    }
}

fn fits(rule: &HTTPIngressPath, path: &str) -> bool {
    let pattern = rule.path.as_deref().unwrap_or("/");
    if rule.path_type == "Exact" {
        return pattern == path;
    }
    // Where the path type leaves it to the controller, a final `*` means what is below.
    let prefix = pattern.trim_end_matches('*').trim_end_matches('/');
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn port<'a>(service: &'a Service, backend: &IngressServiceBackend) -> Option<&'a ServicePort> {
    let wanted = backend.port.as_ref()?;
    let mut ports = service.spec.as_ref()?.ports.as_ref()?.iter();
    match &wanted.name {
        Some(name) => ports.find(|port| port.name.as_ref() == Some(name)),
        None => ports.find(|port| Some(port.port) == wanted.number),
    }
}

/// The slice has the target port resolved already, under the name of the Service's port.
fn ready(slice: &EndpointSlice, port_name: &str) -> Vec<SocketAddr> {
    let mut ports = slice.ports.iter().flatten();
    let port = ports.find(|port| port.name.as_deref().unwrap_or_default() == port_name);
    let Some(port) = port.and_then(|port| u16::try_from(port.port?).ok()) else {
        return Vec::new();
    };
    let ready = slice.endpoints.iter().filter(|endpoint| {
        endpoint
            .conditions
            .as_ref()
            .and_then(|conditions| conditions.ready)
            .unwrap_or(true)
    });
    ready
        .flat_map(|endpoint| &endpoint.addresses)
        .filter_map(|address| Some(SocketAddr::new(reachable(address.parse().ok()?), port)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path_type: &str, pattern: &str) -> HTTPIngressPath {
        HTTPIngressPath {
            path: Some(pattern.to_owned()),
            path_type: path_type.to_owned(),
            ..HTTPIngressPath::default()
        }
    }

    #[test]
    fn a_prefix_ends_at_a_slash() {
        assert!(fits(&path("Prefix", "/foo"), "/foo"));
        assert!(fits(&path("Prefix", "/foo"), "/foo/bar"));
        assert!(!fits(&path("Prefix", "/foo"), "/foobar"));
        assert!(fits(&path("ImplementationSpecific", "/*"), "/anything"));
        assert!(!fits(&path("Exact", "/foo"), "/foo/bar"));
    }

    #[test]
    fn a_wildcard_host_stands_for_one_label() {
        assert_eq!(
            cover(Some("*.example.com"), "a.example.com"),
            Some(Cover::Wildcard)
        );
        assert_eq!(cover(Some("*.example.com"), "a.b.example.com"), None);
        assert_eq!(cover(Some("*.example.com"), "example.com"), None);
        assert_eq!(cover(None, "example.com"), Some(Cover::Any));
    }
}
