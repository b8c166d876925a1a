//! Name servers.
//!
//! A name that is asked for too early is "not there" for everybody behind the same resolver, for as
//! long as the zone says (its SOA record's TTL or minimum, whichever is less: RFC 2308). So the
//! ordinary resolver is asked for nothing but what is there for certain: the domain of two labels (of one,
//! for a host that has two), its name servers, and their addresses. From there on the name servers
//! themselves are asked, without recursion, and nobody remembers.

mod server;

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType},
    },
};

use self::server::{NameServer, Referral};
use crate::model::NameAnswer;

/// How long one question to the ordinary resolver may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// More zones than this, one below the other, are a circle.
const DEPTH: usize = 8;

/// Whom to ask.
pub struct Dns {
    ordinary: TokioResolver,
    port: u16,
}

/// The zone that holds a host, and who knows it.
pub struct Zone {
    name: Name,
    servers: Vec<NameServer>,
    negative_ttl: Option<Duration>,
}

impl Dns {
    /// `resolver` in place of the system's; `port` is where name servers answer.
    ///
    /// # Errors
    /// The system's configuration of resolvers cannot be read.
    pub fn new(resolver: Option<SocketAddr>, port: u16) -> anyhow::Result<Self> {
        let provider = TokioRuntimeProvider::default();
        let mut builder = match resolver {
            Some(address) => {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
                let connections = connections.map(|mut connection| {
                    connection.port = address.port();
                    connection
                });
                let server = NameServerConfig::new(address.ip(), true, connections.into());
                let config = ResolverConfig::from_name_servers(vec![server]);
                Resolver::builder_with_config(config, provider)
            }
            None => Resolver::builder(provider)
                .context("failed to read which resolver this machine has")?,
        };
        let options = builder.options_mut();
        options.timeout = TIMEOUT;
        options.attempts = 2;
        let ordinary = builder.build().context("failed to set up the resolver")?;
        Ok(Self { ordinary, port })
    }

    /// The zone that holds `host`; none where no name server is public: an IP address, a single
    /// word, or a domain that the ordinary resolver does not know.
    ///
    /// # Errors
    /// The resolver, or a zone's name servers, do not answer: what was asked, and why.
    pub async fn zone_of(&self, host: &str) -> Result<Option<Zone>, String> {
        let Some(host) = domain_name(host) else {
            return Ok(None);
        };
        let Some(top) = self.apex(&above(&host)).await? else {
            return Ok(None);
        };
        let mut zone = self.known_zone(top).await?;
        for _ in 0..DEPTH {
            match zone.refer(&host).await? {
                Some(referral) => zone = self.referred(referral).await?,
                None => {
                    zone.negative_ttl = zone.ask_negative_ttl().await;
                    return Ok(Some(zone));
                }
            }
        }
        Err(format!(
            "the zones above {host} refer to each other in a circle"
        ))
    }

    /// Where a name is, by the ordinary resolver and this machine's own list: only for one that is there
    /// already, or that nobody else tells of. An IP address is where it says. That there is no such name is
    /// not asked again as long as the answer holds.
    ///
    /// # Errors
    /// It is not there, or nobody answers.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        if let Some(ip) = ip_address(name) {
            return Ok(vec![ip]);
        }
        // A single word may be known by this machine's own list, or in a domain that it searches.
        let name = domain_name(name).or_else(|| Name::from_ascii(name).ok());
        let name = name.ok_or("it is no domain name")?;
        let found = self.ordinary.lookup_ip(name.clone()).await;
        let found = found.map_err(|error| told(&name, &error))?;
        Ok(found.iter().collect())
    }

    /// The zone in which a name that is there lies, by the ordinary resolver.
    async fn apex(&self, name: &Name) -> Result<Option<Name>, String> {
        match self.ordinary.lookup(name.clone(), RecordType::SOA).await {
            Ok(found) => {
                let mut answers = found.answers().iter();
                let soa = answers.find(|record| matches!(record.data, RData::SOA(_)));
                Ok(soa.map(|record| record.name.clone()))
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none)))
                if none.response_code == ResponseCode::NXDomain =>
            {
                Ok(None)
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                Ok(none.soa.map(|soa| soa.name.clone()))
            }
            Err(error) => Err(told(name, &error)),
        }
    }

    /// A zone whose name servers the ordinary resolver knows.
    async fn known_zone(&self, name: Name) -> Result<Zone, String> {
        let found = self.ordinary.lookup(name.clone(), RecordType::NS).await;
        let found = found.map_err(|error| told(&name, &error))?;
        let servers = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::NS(server) => Some((server.0.clone(), Vec::new())),
                _ => None,
            });
        let servers = servers.collect();
        self.referred(Referral {
            zone: name,
            servers,
        })
        .await
    }

    /// A zone whose name servers another told; their own addresses are looked up where it did not.
    async fn referred(&self, referral: Referral) -> Result<Zone, String> {
        let servers = referral.servers.into_iter().map(async |(name, told)| {
            let addresses = match told {
                told if told.is_empty() => {
                    let found = self.ordinary.lookup_ip(name.clone()).await;
                    found
                        .map(|found| found.iter().collect())
                        .unwrap_or_default()
                }
                told => told,
            };
            // One address stands for the server: a machine without IPv6 could not ask the other.
            let address = addresses.iter().find(|address| address.is_ipv4());
            let address = address.or(addresses.first()).copied()?;
            Some(NameServer::new(&name, SocketAddr::new(address, self.port)))
        });
        let servers: Vec<_> = join_all(servers).await.into_iter().flatten().collect();
        if servers.is_empty() {
            return Err(format!(
                "no name server of {} has an address",
                shown(&referral.zone)
            ));
        }
        Ok(Zone {
            name: referral.zone,
            servers,
            negative_ttl: None,
        })
    }
}

impl Zone {
    /// Its name, without a dot at its end.
    pub fn name(&self) -> String {
        shown(&self.name)
    }

    /// How long "there is no such name" may be remembered; none if it could not be told.
    pub fn negative_ttl(&self) -> Option<Duration> {
        self.negative_ttl
    }

    /// What each of its name servers says of a host, with the server's name. Those who did not answer before
    /// are not asked each time, if others are: these would be kept waiting.
    pub async fn ask(&self, host: &str) -> Vec<(String, NameAnswer)> {
        let Some(host) = &domain_name(host) else {
            return Vec::new();
        };
        let now = Instant::now();
        let resting = self.servers.iter().map(|server| server.rests(now));
        let mut resting: Vec<_> = resting.collect();
        if resting.iter().all(Option::is_some) {
            resting.fill(None);
        }
        let answers = self.servers.iter().zip(resting);
        let answers = answers.map(async |(server, rests)| {
            let answer = match rests {
                Some(reason) => NameAnswer::Silence(reason),
                None => server.addresses(host).await,
            };
            (server.name().to_owned(), answer)
        });
        join_all(answers).await
    }

    /// The zone below this one that a host belongs to, if there is one: by whoever answers first.
    async fn refer(&self, host: &Name) -> Result<Option<Referral>, String> {
        let mut asked: FuturesUnordered<_> = self
            .servers
            .iter()
            .map(async |server| (server.name(), server.referral(host).await))
            .collect();
        let mut reasons = Vec::new();
        while let Some((server, answer)) = asked.next().await {
            match answer {
                Ok(referral) => return Ok(referral.filter(|referral| referral.zone != self.name)),
                Err(reason) => reasons.push(format!("{server}: {reason}")),
            }
        }
        let (zone, reasons) = (self.name(), reasons.join("; "));
        Err(format!("no name server of {zone} answers ({reasons})"))
    }

    async fn ask_negative_ttl(&self) -> Option<Duration> {
        for server in &self.servers {
            if let Some(time) = server.negative_ttl(&self.name).await {
                return Some(time);
            }
        }
        None
    }
}

/// A host that is an IP address; one of IPv6 stands in brackets in a URL.
fn ip_address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// The domain above a host that is there before the host is: the one of two labels, or, of a host that is
/// itself such a one, what is above it.
fn above(host: &Name) -> Name {
    match host.num_labels() {
        0..=2 => host.base_name(),
        _ => host.trim_to(2),
    }
}

/// A host as a name of the DNS; none for an IP address or a single word.
fn domain_name(host: &str) -> Option<Name> {
    if ip_address(host).is_some() {
        return None;
    }
    let mut name = Name::from_ascii(host).ok()?;
    name.set_fqdn(true);
    (name.num_labels() > 1).then_some(name)
}

fn shown(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

fn told(name: &Name, error: &NetError) -> String {
    let name = shown(name);
    match error {
        NetError::Timeout => format!("no resolver answers about {name}"),
        error if error.is_nx_domain() => format!("there is no {name}"),
        error => format!("{name}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_a_single_word_are_in_no_zone() {
        for host in ["127.0.0.1", "[::1]", "::1", "localhost", ""] {
            assert_eq!(domain_name(host), None, "{host}");
        }
        let name = domain_name("new.beta.example.com").unwrap();
        assert_eq!(shown(&name), "new.beta.example.com");
        assert_eq!(shown(&above(&name)), "example.com");
        let young = domain_name("example.com").unwrap();
        assert_eq!(shown(&above(&young)), "com");
    }

    /// As a cluster on a laptop tells where its load balancer is.
    #[tokio::test]
    async fn this_machine_is_found_without_a_question_to_anybody() {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let dns = Dns::new(Some(nobody), 53).unwrap();
        let found = dns.addresses("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback));
        let ip = dns.addresses("[::1]").await.unwrap();
        assert_eq!(ip, [IpAddr::from(std::net::Ipv6Addr::LOCALHOST)]);
    }
}
