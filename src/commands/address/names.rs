//! Where names are that may be minutes old: a host, a load balancer's own name, what either is an alias of.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    time::{Duration, Instant},
};

use crate::{
    clients::dns::{Dns, Zone},
    decide::{Known, Sighting, known},
};

/// A name that is another's, that is another's: more than this is a circle.
const ALIASES: usize = 8;

/// How long those are left alone who did not tell of a zone: it takes them seconds.
const REST: Duration = Duration::from_secs(15);

/// Asks the name servers of each name's own zone, so that nobody remembers that it was not there yet.
pub(super) struct Names {
    dns: Dns,
    /// The zones of names that others are aliases of, and of load balancers.
    zones: HashMap<String, Sought>,
}

/// The zone of a name, as far as it could be told.
enum Sought {
    Zone(Zone),
    Nowhere,
    /// So often its name servers did not answer, or those above it, and when the last time was.
    Silent(u32, Instant),
}

impl Names {
    pub(super) fn new(dns: Dns) -> Self {
        let zones = HashMap::new();
        Self { dns, zones }
    }

    /// The zone that holds a host, as [`Dns::zone_of`] tells.
    pub(super) async fn zone_of(&self, host: &str) -> Result<Option<Zone>, String> {
        self.dns.zone_of(host).await
    }

    /// Where a name is that is there for certain, as [`Dns::addresses`] tells.
    pub(super) async fn ordinary(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        self.dns.addresses(name).await
    }

    /// Where a host is, by the name servers of its zone and of those that its aliases are in.
    pub(super) async fn within(
        &mut self,
        zone: &Zone,
        host: &str,
    ) -> Result<Vec<Sighting>, String> {
        match ask(zone, host).await? {
            Told::Found(mut sightings, aliases) => {
                for (target, servers) in aliases {
                    let addresses = self.of(&target).await?;
                    Sighting { addresses, servers }.join(&mut sightings);
                }
                Ok(sightings)
            }
            Told::Nothing(reason) => Err(format!("no name server answers: {reason}")),
        }
    }

    /// Where a load balancer is that is told by IP addresses, or names of its own.
    pub(super) async fn all(&mut self, names: &[String]) -> Result<Vec<IpAddr>, String> {
        let mut addresses = Vec::new();
        for name in names {
            addresses.extend(self.of(name).await?);
        }
        Ok(addresses)
    }

    /// Where a name is that stands somewhere, so that it is there or comes soon. Where its name servers do
    /// not tell, nobody but the ordinary resolver is left.
    async fn of(&mut self, name: &str) -> Result<Vec<IpAddr>, String> {
        let mut name = name.to_owned();
        for _ in 0..ALIASES {
            let Some(zone) = self.zone_once(&name).await? else {
                return self.ordinary(&name).await;
            };
            let (sightings, mut aliases) = match ask(zone, &name).await? {
                Told::Found(sightings, aliases) => (sightings, aliases),
                Told::Nothing(reason) => {
                    self.zones.insert(name, Sought::Silent(1, Instant::now()));
                    return Err(reason);
                }
            };
            match aliases.pop_first() {
                Some((target, _)) if sightings.is_empty() => name = target,
                _ => return Ok(sightings.into_iter().flat_map(|it| it.addresses).collect()),
            }
        }
        Err(format!("{name} is an alias in a circle"))
    }

    /// The zone of a name; none where there is none to ask. Name servers may stumble once; those who do not
    /// answer again are not asked at each look, since it takes them seconds.
    async fn zone_once(&mut self, name: &str) -> Result<Option<&Zone>, String> {
        let silences = match self.zones.get(name) {
            None => Some(0),
            Some(Sought::Silent(times, at)) if *times < 2 || at.elapsed() > REST => Some(*times),
            Some(Sought::Zone(_) | Sought::Nowhere | Sought::Silent(..)) => None,
        };
        if let Some(silences) = silences {
            let (sought, slip) = match self.zone_of(name).await {
                Ok(Some(zone)) => (Sought::Zone(zone), None),
                Ok(None) => (Sought::Nowhere, None),
                Err(reason) => {
                    let slip = (silences == 0).then_some(reason);
                    (Sought::Silent(silences + 1, Instant::now()), slip)
                }
            };
            self.zones.insert(name.to_owned(), sought);
            if let Some(reason) = slip {
                return Err(reason);
            }
        }
        Ok(match self.zones.get(name) {
            Some(Sought::Zone(zone)) => Some(zone),
            Some(Sought::Nowhere | Sought::Silent(..)) | None => None,
        })
    }
}

/// What an Ingress, or a resolver, tells.
pub(super) fn at(addresses: Vec<IpAddr>) -> Sighting {
    Sighting {
        addresses,
        servers: Vec::new(),
    }
}

/// What name servers tell of a name.
enum Told {
    /// As [`Known::Found`] tells it.
    Found(Vec<Sighting>, BTreeMap<String, Vec<String>>),
    /// None of them answers, in these words.
    Nothing(String),
}

/// What the name servers of a zone tell of a name of it; else that it is not there yet, for people.
async fn ask(zone: &Zone, name: &str) -> Result<Told, String> {
    match known(&zone.ask(name).await) {
        Known::Found(sightings, aliases) => Ok(Told::Found(sightings, aliases)),
        Known::Silence(reason) => Ok(Told::Nothing(reason)),
        Known::NotYet(reason) => Err(reason),
        Known::Missing(silent) => {
            let others = match silent.as_slice() {
                [] => String::new(),
                silent => format!(" ({})", silent.join("; ")),
            };
            let zone = zone.name();
            Err(format!(
                "the name servers of {zone} do not know {name} yet{others}"
            ))
        }
    }
}
