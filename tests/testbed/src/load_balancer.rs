//! The stand-in for the AWS Load Balancer Controller and its load balancers.

mod controller;
mod proxy;
mod routes;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use k8s_openapi::api::{core::v1::Service, discovery::v1::EndpointSlice, networking::v1::Ingress};
use kube::{
    Api, Client, Resource,
    runtime::{WatchStreamExt, reflector, reflector::Store, watcher},
};
use serde::de::DeserializeOwned;

use crate::{faults::Faults, serve::Server};

/// Gives the Ingresses of class `alb` an address, and routes what comes to its port by host and
/// path to the pods that are ready.
///
/// As the real one it holds each Ingress by a finalizer until it has let go of it. All Ingresses,
/// internal and external, share one listener.
pub struct LoadBalancer {
    server: Server,
    faults: proxy::HostFaults,
    switches: Arc<Switches>,
    controller: Arc<controller::Controller>,
}

/// What it is told not to do, for now.
#[derive(Default)]
struct Switches {
    held_addresses: Mutex<HashSet<String>>,
    kept_finalizers: Mutex<HashSet<String>>,
    names: Mutex<HashMap<String, String>>,
}

impl LoadBalancer {
    /// To be called within the runtime that is to run it.
    pub(crate) fn start(client: &Client) -> Self {
        let switches = Arc::new(Switches::default());
        let controller = controller::Controller::start(client.clone(), Arc::clone(&switches));
        let routes = routes::Routes {
            ingresses: controller.ingresses(),
            services: follow::<Service>(client),
            slices: follow::<EndpointSlice>(client),
        };
        let faults = proxy::HostFaults::default();
        let server = Server::start(|_| proxy::router(routes, faults.clone()));
        Self {
            server,
            faults,
            switches,
            controller,
        }
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.address().port()
    }

    /// The faults that requests for a host meet, whether a rule is there for it or not.
    pub fn faults(&self, host: &str) -> Faults {
        self.faults.of(host)
    }

    /// New Ingresses of the namespace get no address, until [`release_addresses`] is called.
    ///
    /// [`release_addresses`]: Self::release_addresses
    pub fn hold_addresses(&self, namespace: &str) {
        lock(&self.switches.held_addresses).insert(namespace.to_owned());
    }

    /// The Ingresses of the namespace get their addresses.
    pub fn release_addresses(&self, namespace: &str) {
        lock(&self.switches.held_addresses).remove(namespace);
        self.controller.look_again(namespace);
    }

    /// New Ingresses of the namespace get a host name as their address, as AWS does, instead of an IP
    /// address. Whoever sets it sees to it that a name server knows it.
    pub fn name_addresses(&self, namespace: &str, host: &str) {
        lock(&self.switches.names).insert(namespace.to_owned(), host.to_owned());
    }

    /// Ingresses of the namespace that are deleted stay, as when their group is stuck, until
    /// [`release_finalizers`] is called.
    ///
    /// [`release_finalizers`]: Self::release_finalizers
    pub fn keep_finalizers(&self, namespace: &str) {
        lock(&self.switches.kept_finalizers).insert(namespace.to_owned());
    }

    /// The deleted Ingresses of the namespace may go.
    pub fn release_finalizers(&self, namespace: &str) {
        lock(&self.switches.kept_finalizers).remove(namespace);
        self.controller.look_again(namespace);
    }
}

impl Switches {
    fn holds_addresses(&self, namespace: &str) -> bool {
        lock(&self.held_addresses).contains(namespace)
    }

    fn name_in(&self, namespace: &str) -> Option<String> {
        lock(&self.names).get(namespace).cloned()
    }

    fn keeps_finalizers(&self, namespace: &str) -> bool {
        lock(&self.kept_finalizers).contains(namespace)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an Ingress is for this load balancer.
fn is_ours(ingress: &Ingress) -> bool {
    let class = ingress
        .spec
        .as_ref()
        .and_then(|spec| spec.ingress_class_name.as_deref());
    let annotations = ingress.metadata.annotations.as_ref();
    let old = annotations.and_then(|all| all.get("kubernetes.io/ingress.class"));
    class.or(old.map(String::as_str)) == Some("alb")
}

/// All objects of a kind, kept up to date in the background.
fn follow<K>(client: &Client) -> Store<K>
where
    K: Resource<DynamicType = ()>
        + DeserializeOwned
        + Clone
        + std::fmt::Debug
        + Send
        + Sync
        + 'static,
{
    let (store, writer) = reflector::store();
    let events = watcher(Api::<K>::all(client.clone()), watcher::Config::default());
    let events = events.default_backoff().reflect(writer);
    tokio::spawn(futures::StreamExt::for_each(events, async |_| {}));
    store
}
