//! What the zones hold at first, and who knows them.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use anyhow::{Result, anyhow};
use hickory_server::{
    net::runtime::TokioRuntimeProvider,
    proto::rr::{
        LowerName, Name, RData, Record, RecordSet, RecordType, RrKey,
        rdata::{A, NS, SOA},
    },
    resolver::config::{ConnectionConfig, NameServerConfig},
    store::{
        forwarder::{ForwardConfig, ForwardZoneHandler},
        in_memory::InMemoryZoneHandler,
    },
    zone_handler::{AxfrPolicy, Catalog, ZoneHandler, ZoneType},
};

use crate::network::Network;

const PARENT: &str = "example.test";
/// How long everybody may remember what is there, in seconds.
const TTL: u32 = 5;
/// How long everybody may remember that a name is not there, in seconds, where nothing is special.
const NEGATIVE: u32 = 5;

/// Where the name servers are.
pub(super) struct Addresses {
    pub parent: IpAddr,
    pub children: [IpAddr; 2],
    /// Where nobody answers.
    dead: IpAddr,
    /// Where somebody answers later.
    pub late: IpAddr,
}

impl Addresses {
    pub(super) fn of(network: &Network) -> Self {
        let at = |last| network.name_server(last);
        Self {
            parent: at(1),
            children: [at(2), at(3)],
            dead: at(4),
            late: at(5),
        }
    }
}

/// A zone below the parent's.
struct Child {
    name: &'static str,
    negative: u32,
    servers: &'static [&'static str],
}

const CHILDREN: [Child; 7] = [
    Child {
        name: "beta.example.test",
        negative: NEGATIVE,
        servers: &["ns1", "ns2"],
    },
    Child {
        name: "slow.example.test",
        negative: 900,
        servers: &["ns1", "ns2"],
    },
    Child {
        name: "wild.example.test",
        negative: NEGATIVE,
        servers: &["ns1", "ns2"],
    },
    Child {
        name: "half.example.test",
        negative: NEGATIVE,
        servers: &["ns1", "ns3"],
    },
    Child {
        name: "corp",
        negative: NEGATIVE,
        servers: &["ns1", "ns2"],
    },
    Child {
        name: "dead.example.test",
        negative: NEGATIVE,
        servers: &["ns3"],
    },
    Child {
        name: "late.example.test",
        negative: NEGATIVE,
        servers: &["ns4"],
    },
];

/// A zone, as one name server knows it.
pub(super) struct Zone {
    name: Name,
    content: Arc<InMemoryZoneHandler<TokioRuntimeProvider>>,
}

impl Zone {
    fn new(name: &str, negative: u32, servers: &[&str]) -> Self {
        let name = fqdn(name);
        let mut content =
            InMemoryZoneHandler::empty(name.clone(), ZoneType::Primary, AxfrPolicy::Deny);
        let first = fqdn(&format!("ns1.{PARENT}"));
        let mail = fqdn(&format!("hostmaster.{PARENT}"));
        let soa = SOA::new(first, mail, 1, 60, 60, 60, negative);
        content.upsert_mut(
            Record::from_rdata(name.clone(), negative, RData::SOA(soa)),
            1,
        );
        for server in servers {
            content.upsert_mut(delegation(&name, server), 1);
        }
        Self {
            name,
            content: Arc::new(content),
        }
    }

    pub(super) fn serve(&self, catalog: &mut Catalog) {
        let content: Arc<dyn ZoneHandler> = self.content.clone();
        catalog.upsert(LowerName::from(&self.name), vec![content]);
    }

    pub(super) fn holds(&self, host: &str) -> bool {
        self.name.zone_of(&fqdn(host))
    }

    /// The name has these records of a type, and no others.
    pub(super) fn set(&self, host: &str, kind: RecordType, data: impl IntoIterator<Item = RData>) {
        let name = fqdn(host);
        let mut set = RecordSet::new(name.clone(), kind, 1);
        for data in data {
            set.insert(Record::from_rdata(name.clone(), TTL, data), 1);
        }
        // Nobody holds it for longer than a look takes, but a thread of the runtime may not block.
        let key = RrKey::new(LowerName::from(&name), kind);
        futures::executor::block_on(async {
            let mut records = self.content.records_mut().await;
            if set.is_empty() {
                records.remove(&key);
            } else {
                records.insert(key, Arc::new(set));
            }
        });
    }
}

/// What the parent's name server knows: its own zone, and who knows those below.
pub(super) fn parent(addresses: &Addresses) -> Catalog {
    let zone = Zone::new(PARENT, NEGATIVE, &["ns0"]);
    for child in &CHILDREN {
        let name = fqdn(child.name);
        let servers = child.servers.iter();
        let servers = servers.map(|server| delegation(&name, server).data);
        zone.set(child.name, RecordType::NS, servers);
    }
    let [first, second] = addresses.children;
    for (server, address) in [
        ("ns0", addresses.parent),
        ("ns1", first),
        ("ns2", second),
        ("ns3", addresses.dead),
        ("ns4", addresses.late),
    ] {
        zone.set(&format!("{server}.{PARENT}"), RecordType::A, [a(address)]);
    }
    let mut catalog = Catalog::new();
    zone.serve(&mut catalog);
    catalog
}

/// The zones below, as one name server knows them.
pub(super) fn children() -> Vec<Zone> {
    let zones = CHILDREN
        .iter()
        .map(|child| Zone::new(child.name, child.negative, child.servers));
    let zones: Vec<Zone> = zones.collect();
    let wild = zones.iter().find(|zone| zone.holds("wild.example.test"));
    let wild = wild.expect("it is one of the list");
    wild.set(
        "*.wild.example.test",
        RecordType::A,
        [a(Ipv4Addr::LOCALHOST.into())],
    );
    zones
}

/// What everybody's resolver does: it asks who knows, and remembers the answer.
pub(super) fn forward(addresses: &Addresses, port: u16) -> Result<Catalog> {
    let mut catalog = Catalog::new();
    let zones = CHILDREN
        .iter()
        .map(|child| (child.name, &addresses.children[..]));
    for (name, servers) in zones.chain([(PARENT, std::slice::from_ref(&addresses.parent))]) {
        let name_servers = servers.iter().map(|address| {
            let connections =
                [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|connection| {
                    let mut connection = connection;
                    connection.port = port;
                    connection
                });
            NameServerConfig::new(*address, true, connections.into())
        });
        let config = ForwardConfig {
            name_servers: name_servers.collect(),
            options: None,
        };
        let forward = ForwardZoneHandler::builder_tokio(config)
            .with_origin(fqdn(name))
            .build()
            .map_err(|reason| anyhow!("failed to make the resolver: {reason}"))?;
        catalog.upsert(LowerName::from(&fqdn(name)), vec![Arc::new(forward)]);
    }
    Ok(catalog)
}

fn delegation(zone: &Name, server: &str) -> Record {
    let server = fqdn(&format!("{server}.{PARENT}"));
    Record::from_rdata(zone.clone(), TTL, RData::NS(NS(server)))
}

fn a(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(_) => unreachable!("the testbed's networks are of IPv4"),
    }
}

fn fqdn(name: &str) -> Name {
    Name::from_ascii(format!("{name}.")).expect("it is a name")
}
