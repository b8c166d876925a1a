//! Where the load balancer of an address is.

use std::{net::IpAddr, time::Instant};

use reqwest::Url;

use super::{
    super::site::Site,
    load_balancer::{LoadBalancer, load_balancer},
    names::{Names, at},
};
use crate::{
    clients::{
        cluster::{ClusterError, Ingresses},
        dns::{Dns, Zone},
    },
    decide::Sighting,
    model::Silent,
    report::{Report, elapsed},
    settings::{DnsOptions, Lookup},
};

/// Names that are not there are remembered for so long by then that people notice, in seconds.
const LONG: u64 = 60;

/// Where an address is, and who is asked for that.
pub(super) struct Whereabouts {
    asked: Asked,
    names: Names,
}

/// Who is asked where it is.
enum Asked {
    /// The name servers of the host's zone.
    Zone(Zone),
    /// The Ingress that is for the address, and nobody else.
    Ingress,
    /// The Ingress, and where there is none the ordinary resolver: the host is in no zone that it knows,
    /// so that nobody else can be asked. That it is not there it is not asked again as long as it remembers.
    Nobody,
    /// The Ingress, since name servers do not tell of the host's zone: they are asked anew.
    Silent(Silent),
}

/// Where it is, or why that is not known yet, for people.
pub(super) enum Place {
    /// All of these, and how they were found.
    At(Vec<Sighting>, String),
    NotYet(String),
}

impl Whereabouts {
    /// Decides whom to ask, and says so.
    pub(super) async fn find(
        host: &str,
        options: &DnsOptions,
        report: &Report,
    ) -> anyhow::Result<Self> {
        let names = Names::new(Dns::new(options.resolver, options.name_server_port)?);
        let asked = match options.lookup {
            Lookup::Ingress => Asked::Ingress,
            Lookup::NameServers => who_knows(&names, host, None, report).await,
        };
        if let Asked::Silent(silent) = &asked {
            let reason = silent.reason();
            report.note(&format!("{reason}: the Ingress tells where {host} is"));
        }
        Ok(Self { asked, names })
    }

    /// Where it is now.
    pub(super) async fn place(
        &mut self,
        site: &Site<'_>,
        ingresses: &Ingresses,
        url: &Url,
    ) -> Result<Place, ClusterError> {
        let host = url.host_str().unwrap_or_default();
        // The load balancer may answer for a name that is not there yet.
        if let Asked::Silent(silent) = &self.asked
            && !silent.rests(Instant::now())
        {
            self.asked = who_knows(&self.names, host, Some(silent), site.report).await;
        }
        if let Asked::Zone(zone) = &self.asked {
            return match self.names.within(zone, host).await {
                Ok(sightings) => {
                    let way = told(&sightings, zone);
                    Ok(Place::At(sightings, way))
                }
                Err(reason) => Ok(Place::NotYet(
                    match load_balancer(site, ingresses, url).await? {
                        LoadBalancer::Pending(ingress) => without_address(&ingress),
                        LoadBalancer::NoIngress | LoadBalancer::At(_) => reason,
                    },
                )),
            };
        }
        match load_balancer(site, ingresses, url).await? {
            LoadBalancer::At(names) => Ok(self.behind(&names).await),
            LoadBalancer::Pending(ingress) => Ok(Place::NotYet(without_address(&ingress))),
            LoadBalancer::NoIngress => Ok(self.without_ingress(host).await),
        }
    }

    async fn behind(&mut self, names: &[String]) -> Place {
        match self.names.all(names).await {
            Ok(sightings) => Place::At(sightings, format!("at {}", names.join(", "))),
            Err(reason) => Place::NotYet(reason),
        }
    }

    async fn without_ingress(&self, host: &str) -> Place {
        let none = format!("no Ingress is for {host}");
        match &self.asked {
            Asked::Nobody => match self.names.ordinary(host).await {
                Ok(addresses) => {
                    let way = format!("{none}; {}, says the resolver", listed(&addresses));
                    Place::At(vec![at(addresses)], way)
                }
                Err(reason) => Place::NotYet(format!("{none}, and {reason}")),
            },
            Asked::Silent(silent) => Place::NotYet(format!("{}, and {none}", silent.reason())),
            Asked::Zone(_) | Asked::Ingress => Place::NotYet(none),
        }
    }

    /// Warns of what may keep people from an address that answers. The ordinary resolver is asked once it
    /// cannot spoil anything: somebody may have asked it too early, and for people behind it the address is
    /// not there until it forgets.
    pub(super) async fn warn_of_names(&self, host: &str, site: &Site<'_>) -> anyhow::Result<()> {
        match &self.asked {
            Asked::Zone(zone) => {
                let known = site.stop.unless(self.names.ordinary(host)).await?;
                if let Err(reason) = known {
                    let time = zone.negative_ttl().map(elapsed);
                    let time = time.unwrap_or_else(|| "a while".to_owned());
                    site.report.warn(&format!(
                        "the resolver of this machine does not know {host} yet ({reason}): if \
                         somebody asked for it too early, it forgets that within {time}"
                    ));
                }
            }
            // It cannot be asked without harm: the name may not be there.
            Asked::Silent(silent) => site.report.warn(&format!(
                "the load balancer answers for {host}, but whether that name is there is not known: \
                 {} (where they cannot be reached from here: --lookup ingress)",
                silent.reason()
            )),
            Asked::Ingress | Asked::Nobody => {}
        }
        Ok(())
    }
}

/// Who tells of a host, after who did not.
async fn who_knows(names: &Names, host: &str, before: Option<&Silent>, report: &Report) -> Asked {
    match names.zone_of(host).await {
        Ok(Some(zone)) => {
            announce(&zone, report);
            Asked::Zone(zone)
        }
        Ok(None) => {
            report.note(&format!(
                "{host} is in no zone that the resolver knows: its Ingress tells where it is"
            ));
            Asked::Nobody
        }
        Err(reason) => Asked::Silent(Silent::again(before, reason, Instant::now())),
    }
}

fn announce(zone: &Zone, report: &Report) {
    let name = zone.name();
    if let Some(time) = zone.negative_ttl().filter(|time| time.as_secs() > LONG) {
        report.warn(&format!(
            "{name} lets resolvers remember for {} s that a name is not there: set the minimum of \
             its SOA record (and that record's TTL) to {LONG} or less",
            time.as_secs()
        ));
    }
}

fn without_address(ingress: &str) -> String {
    format!("the Ingress {ingress} has no address yet")
}

/// How a host was found by the name servers of its zone.
fn told(sightings: &[Sighting], zone: &Zone) -> String {
    match sightings {
        [all] => format!(
            "{}, say {}'s name servers",
            listed(&all.addresses),
            zone.name()
        ),
        apart => apart.iter().map(said).collect::<Vec<_>>().join("; "),
    }
}

/// What some name servers say, unlike others.
pub(super) fn said(sighting: &Sighting) -> String {
    let at = listed(&sighting.addresses);
    match sighting.servers.join(", ") {
        nobody if nobody.is_empty() => at,
        servers => format!("{at}, says {servers}"),
    }
}

/// How many addresses are told of those that somebody names.
const LISTED: usize = 4;

fn listed(addresses: &[IpAddr]) -> String {
    let listed = addresses.iter().take(LISTED).map(IpAddr::to_string);
    let listed = listed.collect::<Vec<_>>().join(", ");
    match addresses.len().saturating_sub(LISTED) {
        0 => format!("at {listed}"),
        more => format!("at {listed} and {more} more"),
    }
}
