//! Where names are that may be minutes old: a host, a load balancer's own name, what either is an alias of.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    time::Instant,
};

use crate::{
    clients::dns::{Dns, Zone},
    decide::{Known, Sighting, known},
    model::Silent,
};

/// A name that is another's, that is another's: more than this is a circle.
const ALIASES: usize = 8;

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
    /// Its name servers did not answer, or those above it.
    Silent(Silent),
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
            Told::Found(sightings, aliases) => self.followed(sightings, aliases, ALIASES).await,
            Told::Nothing(reason) => Err(format!("no name server answers: {reason}")),
        }
    }

    /// Where a load balancer is that is told by IP addresses, or names of its own: all of them are one place,
    /// but for a name whose name servers tell several.
    pub(super) async fn all(&mut self, names: &[String]) -> Result<Vec<Sighting>, String> {
        let (mut together, mut apart) = (Vec::new(), Vec::new());
        for name in names {
            match self.of(name, ALIASES).await?.as_slice() {
                [one] => together.extend_from_slice(&one.addresses),
                several => apart.extend_from_slice(several),
            }
        }
        apart.extend((!together.is_empty()).then(|| at(together)));
        Ok(apart)
    }

    /// These places, and those of names that it is said to be an alias of; so many aliases may follow.
    async fn followed(
        &mut self,
        mut sightings: Vec<Sighting>,
        aliases: BTreeMap<String, Vec<String>>,
        left: usize,
    ) -> Result<Vec<Sighting>, String> {
        for (target, servers) in aliases {
            let mut places = self.of(&target, left).await?;
            // Of one place it matters who leads there, of several who tells them apart.
            if let [one] = places.as_mut_slice() {
                one.servers = servers;
            }
            places.into_iter().for_each(|it| it.join(&mut sightings));
        }
        Ok(sightings)
    }

    /// Where a name is that stands somewhere, so that it is there or comes soon. Where its name servers do
    /// not tell, nobody but the ordinary resolver is left.
    async fn of(&mut self, name: &str, left: usize) -> Result<Vec<Sighting>, String> {
        let Some(left) = left.checked_sub(1) else {
            return Err(format!("{name} is an alias in a circle"));
        };
        let Some(zone) = self.zone_once(name).await? else {
            return Ok(vec![at(self.ordinary(name).await?)]);
        };
        match ask(zone, name).await? {
            Told::Found(sightings, aliases) => {
                Box::pin(self.followed(sightings, aliases, left)).await
            }
            Told::Nothing(reason) => {
                let silent = Silent::again(None, reason.clone(), Instant::now());
                self.zones.insert(name.to_owned(), Sought::Silent(silent));
                Err(reason)
            }
        }
    }

    /// The zone of a name; none where there is none to ask. Name servers may stumble once; those who do not
    /// answer again are not asked at each look.
    async fn zone_once(&mut self, name: &str) -> Result<Option<&Zone>, String> {
        let before = match self.zones.get(name) {
            None => Some(None),
            Some(Sought::Silent(silent)) if !silent.rests(Instant::now()) => Some(Some(silent)),
            Some(Sought::Zone(_) | Sought::Nowhere | Sought::Silent(_)) => None,
        };
        if let Some(before) = before {
            let sought = match self.zone_of(name).await {
                Ok(Some(zone)) => Sought::Zone(zone),
                Ok(None) => Sought::Nowhere,
                Err(reason) => Sought::Silent(Silent::again(before, reason, Instant::now())),
            };
            self.zones.insert(name.to_owned(), sought);
        }
        match self.zones.get(name) {
            Some(Sought::Zone(zone)) => Ok(Some(zone)),
            Some(Sought::Silent(silent)) if silent.is_first() => Err(silent.reason().to_owned()),
            Some(Sought::Nowhere | Sought::Silent(_)) | None => Ok(None),
        }
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
