//! Writes the hosts of Ingresses into their zones, as external-dns does with the policy `sync`.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use futures::StreamExt as _;
use k8s_openapi::api::networking::v1::Ingress;
use kube::{
    Api, Client,
    runtime::{WatchStreamExt as _, reflector, reflector::Store, watcher},
};

use super::Zones;

/// Goes on for as long as the runtime does. Unlike the real one it has no cycle to wait for.
pub(super) async fn run(client: Client, zones: Arc<Zones>) {
    let (ingresses, writer) = reflector::store();
    let watched = Api::<Ingress>::all(client);
    let events = watcher(watched, watcher::Config::default()).default_backoff();
    let mut touched = events.reflect(writer).touched_objects().boxed();
    let mut written = BTreeMap::new();
    while let Some(event) = touched.next().await {
        // The watch goes on by itself after an error.
        if event.is_ok() {
            written = sync(&zones, &ingresses, &written);
        }
    }
}

type Names = BTreeMap<String, BTreeSet<IpAddr>>;

/// Writes what is to be there and removes what was written before; what is there now.
fn sync(zones: &Zones, ingresses: &Store<Ingress>, written: &Names) -> Names {
    let mut wanted = Names::new();
    for ingress in ingresses.state() {
        for host in hosts(&ingress) {
            if zones.hold_it(host) && !zones.holds(host) {
                let addresses = addresses(&ingress);
                wanted.entry(host.to_owned()).or_default().extend(addresses);
            }
        }
    }
    wanted.retain(|_, addresses| !addresses.is_empty());
    for (host, addresses) in &wanted {
        if written.get(host) != Some(addresses) {
            let addresses: Vec<IpAddr> = addresses.iter().copied().collect();
            zones.set(host, &addresses);
        }
    }
    for host in written.keys().filter(|host| !wanted.contains_key(*host)) {
        zones.set(host, &[]);
    }
    wanted
}

fn hosts(ingress: &Ingress) -> impl Iterator<Item = &str> {
    let rules = ingress
        .spec
        .iter()
        .flat_map(|spec| spec.rules.iter().flatten());
    rules.filter_map(|rule| rule.host.as_deref())
}

fn addresses(ingress: &Ingress) -> impl Iterator<Item = IpAddr> {
    let status = ingress.status.as_ref();
    let balancer = status.and_then(|status| status.load_balancer.as_ref());
    let entries = balancer.and_then(|balancer| balancer.ingress.as_ref());
    let entries = entries.into_iter().flatten();
    entries.filter_map(|entry| entry.ip.as_deref()?.parse().ok())
}
