//! Real name servers on loopback: some that know their zones, and a resolver in front of them that
//! remembers what they said, also of names that are not there.

mod ask;
mod external_dns;
mod server;
mod zones;

use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use anyhow::Result;
use hickory_server::{
    proto::rr::{
        Name, RData, RecordType,
        rdata::{A, AAAA, CNAME},
    },
    zone_handler::Catalog,
};

use tokio::runtime::Handle;

use self::{
    server::{Log, NameServer, Stumbles},
    zones::Zone,
};
use crate::network::Network;

/// `example.test` and the zones below it, each delegated to the name servers that know it.
///
/// | zone | what is special |
/// | --- | --- |
/// | `beta.example.test` | nothing: two name servers, both asked by everybody |
/// | `slow.example.test` | a name that is not there is remembered for 15 minutes |
/// | `wild.example.test` | each name is the load balancer's |
/// | `corp` | its hosts have two labels |
/// | `half.example.test` | one of its two name servers does not answer |
/// | `dead.example.test` | none of its name servers answers |
/// | `late.example.test` | its name server answers once a test [starts](Dns::start_late) it |
///
/// An external-dns of our own writes the hosts of Ingresses that have an address.
pub struct Dns {
    resolver: NameServer,
    port: u16,
    zones: Arc<Zones>,
    servers: Vec<NameServer>,
    stumbles: Stumbles,
    late: OnceLock<NameServer>,
    late_address: IpAddr,
    handle: Handle,
}

/// What both name servers know; a name may be with one of them alone.
struct Zones {
    copies: [Vec<Zone>; 2],
    held: Mutex<HashSet<String>>,
}

impl Dns {
    /// To be called within the runtime that is to run it.
    pub(crate) async fn start(network: &Network, client: &kube::Client) -> Result<Self> {
        let addresses = zones::Addresses::of(network);
        let zones = Arc::new(Zones {
            copies: [zones::children(), zones::children()],
            held: Mutex::default(),
        });
        let stumbles = Stumbles::default();
        let catalog = zones::parent(&addresses);
        let parent = NameServer::start((addresses.parent, 0), catalog, &stumbles).await?;
        let port = parent.address().port();
        let mut servers = vec![parent];
        for (address, copy) in addresses.children.iter().zip(&zones.copies) {
            let mut catalog = Catalog::new();
            copy.iter().for_each(|zone| zone.serve(&mut catalog));
            servers.push(NameServer::start((*address, port), catalog, &stumbles).await?);
        }
        let remembering = zones::forward(&addresses, port)?;
        let never = Stumbles::default();
        let resolver = NameServer::start((addresses.parent, 0), remembering, &never).await?;
        tokio::spawn(external_dns::run(client.clone(), Arc::clone(&zones)));
        Ok(Self {
            resolver,
            port,
            zones,
            servers,
            stumbles,
            late: OnceLock::new(),
            late_address: addresses.late,
            handle: Handle::current(),
        })
    }

    /// Where the resolver answers, which is everybody's.
    pub fn resolver(&self) -> SocketAddr {
        self.resolver.address()
    }

    /// The port at which all name servers answer.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the resolver was asked about a name so far, as in `A new.beta.example.test`.
    pub fn asked(&self, name: &str) -> Vec<String> {
        about(self.resolver.log(), name)
    }

    /// What the name servers themselves were asked about it.
    pub fn asked_directly(&self, name: &str) -> Vec<String> {
        let logs = self.servers.iter().map(NameServer::log);
        logs.flat_map(|log| about(log, name)).collect()
    }

    /// What the one was asked about it that answers [late](Self::start_late).
    pub fn asked_late(&self, name: &str) -> Vec<String> {
        let late = self.late.get();
        late.map_or_else(Vec::new, |late| about(late.log(), name))
    }

    /// Somebody asks the resolver for a name; its addresses, if it is there.
    pub fn ask_resolver(&self, name: &str) -> Option<Vec<IpAddr>> {
        self.handle.block_on(ask::resolver(self.resolver(), name))
    }

    /// External-dns leaves a host alone, until [`release_name`](Self::release_name).
    pub fn hold_name(&self, host: &str) {
        self.zones.hold(host);
    }

    /// The host gets its addresses, if it was held back.
    pub fn release_name(&self, host: &str, addresses: &[IpAddr]) {
        self.zones.set(host, addresses);
    }

    /// A name that each of the two name servers has other addresses of; none where it has not heard of it.
    pub fn set_apart(&self, host: &str, addresses: [&[IpAddr]; 2]) {
        for (copy, addresses) in self.zones.copies.iter().zip(addresses) {
            self.zones.set_at(copy, host, addresses);
        }
    }

    /// So many of the next questions about a name fail at the name servers, of all that they know of it.
    pub fn stumble(&self, name: &str, times: usize) {
        let stumbles = self.stumbles.lock();
        let mut stumbles = stumbles.unwrap_or_else(PoisonError::into_inner);
        stumbles.insert(name.to_owned(), times);
    }

    /// From now on somebody answers for `late.example.test`, and for all that the others know.
    pub fn start_late(&self) {
        self.late.get_or_init(|| {
            let mut catalog = Catalog::new();
            let zones = self.zones.copies[0].iter();
            zones.for_each(|zone| zone.serve(&mut catalog));
            let starting =
                NameServer::start((self.late_address, self.port), catalog, &self.stumbles);
            let server = self.handle.block_on(starting);
            server.expect("its address is the testbed's own")
        });
    }

    /// The name is another's.
    pub fn set_alias(&self, host: &str, target: &str) {
        self.set_alias_apart(host, [target, target]);
    }

    /// The name is another's for each of the two name servers.
    pub fn set_alias_apart(&self, host: &str, targets: [&str; 2]) {
        for (copy, target) in self.zones.copies.iter().zip(targets) {
            let target = Name::from_ascii(format!("{target}.")).expect("it is a name");
            let zone = zone_of(copy, host);
            zone.set(host, RecordType::CNAME, [RData::CNAME(CNAME(target))]);
        }
    }
}

impl Zones {
    fn hold(&self, host: &str) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(host.to_owned());
    }

    fn holds(&self, host: &str) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.contains(host)
    }

    /// The name is of these addresses, at every name server; none means that it is not there.
    fn set(&self, host: &str, addresses: &[IpAddr]) {
        for copy in &self.copies {
            self.set_at(copy, host, addresses);
        }
    }

    fn set_at(&self, copy: &[Zone], host: &str, addresses: &[IpAddr]) {
        let v4 = addresses.iter().filter_map(|address| match address {
            IpAddr::V4(address) => Some(RData::A(A(*address))),
            IpAddr::V6(_) => None,
        });
        let v6 = addresses.iter().filter_map(|address| match address {
            IpAddr::V6(address) => Some(RData::AAAA(AAAA(*address))),
            IpAddr::V4(_) => None,
        });
        let zone = zone_of(copy, host);
        zone.set(host, RecordType::A, v4);
        zone.set(host, RecordType::AAAA, v6);
    }

    /// Whether a host is in one of the zones.
    fn hold_it(&self, host: &str) -> bool {
        self.copies[0].iter().any(|zone| zone.holds(host))
    }
}

fn about(log: &Log, name: &str) -> Vec<String> {
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    let about = |query: &&String| {
        query
            .split_once(' ')
            .is_some_and(|(_, asked)| asked == name)
    };
    log.iter().filter(about).cloned().collect()
}

fn zone_of<'a>(copy: &'a [Zone], host: &str) -> &'a Zone {
    let zone = copy.iter().find(|zone| zone.holds(host));
    zone.unwrap_or_else(|| panic!("no zone of the testbed holds {host}"))
}

#[cfg(test)]
mod tests;
