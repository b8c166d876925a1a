//! Where the load balancer of an address is.

use std::net::IpAddr;

use reqwest::Url;

use super::{
    super::site::Site,
    load_balancer::{LoadBalancer, load_balancer},
};
use crate::{
    clients::{
        cluster::{ClusterError, Ingresses},
        dns::{Dns, Zone},
    },
    decide::{Known, known, silent},
    report::{Report, elapsed},
    settings::{DnsOptions, Lookup},
};

/// Names that are not there are remembered for so long by then that people notice, in seconds.
const LONG: u64 = 60;
/// A name that is another's, that is another's: more than this is a circle.
const ALIASES: usize = 8;

/// Who is asked where it is.
pub(super) enum Whereabouts {
    /// The name servers of the host's zone.
    Names(Box<Dns>, Box<Zone>),
    /// The Ingress that names the host; these find where its load balancer's own name is, unless nobody
    /// but the ordinary resolver is to be asked.
    Ingress(Option<Box<Dns>>),
    /// The Ingress too, since these do not tell of the host's zone, for this reason: they are asked anew
    /// where there is no Ingress.
    Unanswered(Box<Dns>, String),
}

/// Where it is, or why that is not known yet, for people.
pub(super) enum Place {
    At(Vec<IpAddr>, String),
    NotYet(String),
}

impl Whereabouts {
    /// Decides whom to ask, and says so.
    pub(super) async fn find(
        host: &str,
        options: &DnsOptions,
        report: &Report,
    ) -> anyhow::Result<Self> {
        if options.lookup == Lookup::Ingress {
            return Ok(Self::Ingress(None));
        }
        let dns = Dns::new(options.resolver, options.name_server_port)?;
        let found = Self::by(Box::new(dns), host, report).await;
        if let Self::Unanswered(_, reason) = &found {
            report.note(&format!("{reason}: the Ingress tells where {host} is"));
        }
        Ok(found)
    }

    async fn by(dns: Box<Dns>, host: &str, report: &Report) -> Self {
        match dns.zone_of(host).await {
            Ok(Some(zone)) => {
                announce(&zone, report);
                Self::Names(dns, Box::new(zone))
            }
            Ok(None) => {
                report.note(&format!(
                    "{host} is in no zone that the resolver knows: its Ingress tells where it is"
                ));
                Self::Ingress(Some(dns))
            }
            Err(reason) => Self::Unanswered(dns, reason),
        }
    }

    /// Where it is now.
    pub(super) async fn place(
        &mut self,
        site: &Site<'_>,
        ingresses: &Ingresses,
        url: &Url,
    ) -> Result<Place, ClusterError> {
        let host = url.host_str().unwrap_or_default();
        match self {
            Self::Names(dns, zone) => match named(dns, zone, host).await {
                Ok(addresses) => {
                    let way = format!("{}, say {}'s name servers", listed(&addresses), zone.name());
                    Ok(Place::At(addresses, way))
                }
                Err(reason) => Ok(Place::NotYet(
                    match load_balancer(site, ingresses, url).await? {
                        LoadBalancer::Pending(ingress) => without_address(&ingress),
                        LoadBalancer::NoIngress | LoadBalancer::At(_) => reason,
                    },
                )),
            },
            Self::Ingress(dns) => {
                let found = load_balancer(site, ingresses, url).await?;
                let place = behind(found, dns.as_deref()).await;
                // Its zone is nobody's that the resolver knows: what that remembers, it does already.
                Ok(place.unwrap_or_else(|| {
                    let way = format!("no Ingress names {host}; by its name");
                    Place::At(Vec::new(), way)
                }))
            }
            Self::Unanswered(_, reason) => {
                let found = load_balancer(site, ingresses, url).await?;
                if let Some(place) = behind(found, None).await {
                    return Ok(place);
                }
                let unknown = format!("{reason}, and no Ingress is for {host}");
                self.ask_anew(host, site.report).await;
                Ok(Place::NotYet(unknown))
            }
        }
    }

    async fn ask_anew(&mut self, host: &str, report: &Report) {
        if let Self::Unanswered(dns, _) = std::mem::replace(self, Self::Ingress(None)) {
            *self = Self::by(dns, host, report).await;
        }
    }

    /// Asks the ordinary resolver, once it cannot spoil anything: somebody may have asked it too
    /// early, and for people behind it the address is not there until it forgets.
    pub(super) async fn check_resolver(&self, host: &str, site: &Site<'_>) -> anyhow::Result<()> {
        let Self::Names(dns, zone) = self else {
            return Ok(());
        };
        if let Err(reason) = site.stop.unless(dns.addresses(host)).await? {
            let time = zone.negative_ttl().map(elapsed);
            let time = time.unwrap_or_else(|| "a while".to_owned());
            site.report.warn(&format!(
                "the resolver of this machine does not know {host} yet ({reason}): if somebody \
                 asked for it too early, it forgets that within {time}"
            ));
        }
        Ok(())
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

/// The host's addresses, by the name servers of its zone and of those that its aliases are in.
async fn named(dns: &Dns, zone: &Zone, host: &str) -> Result<Vec<IpAddr>, String> {
    let (mut host, mut elsewhere) = (host.to_owned(), None);
    for _ in 0..ALIASES {
        let zone = elsewhere.as_ref().unwrap_or(zone);
        let answers = zone.ask(&host).await;
        let target = match known(&answers) {
            Known::At(addresses) => return Ok(addresses),
            Known::Alias(target) => target,
            Known::NotYet(reason) => return Err(reason),
            Known::Missing => return Err(unknown(zone, &host, &silent(&answers))),
            Known::Silence(reason) => return Err(format!("no name server answers: {reason}")),
        };
        let found = dns.zone_of(&target).await?;
        let found = found.ok_or_else(|| format!("{host} is {target}, which is in no zone"))?;
        (host, elsewhere) = (target, Some(found));
    }
    Err(format!("{host} is an alias in a circle"))
}

fn unknown(zone: &Zone, host: &str, silent: &[String]) -> String {
    let others = match silent {
        [] => String::new(),
        silent => format!(" ({})", silent.join("; ")),
    };
    format!(
        "the name servers of {} do not know {host} yet{others}",
        zone.name()
    )
}

fn without_address(ingress: &str) -> String {
    format!("the Ingress {ingress} has no address yet")
}

fn listed(addresses: &[IpAddr]) -> String {
    let addresses: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
    format!("at {}", addresses.join(", "))
}

/// Where an Ingress says that its load balancer is; none without an Ingress.
async fn behind(balancer: LoadBalancer, dns: Option<&Dns>) -> Option<Place> {
    Some(match balancer {
        LoadBalancer::NoIngress => return None,
        LoadBalancer::Pending(ingress) => Place::NotYet(without_address(&ingress)),
        LoadBalancer::At(names) => match located(dns, &names).await {
            Ok(addresses) => Place::At(addresses, format!("at {}", names.join(", "))),
            Err(reason) => Place::NotYet(reason),
        },
    })
}

/// The load balancer's IP addresses. A host name of its own may be minutes old: `dns` asks the name
/// servers of its zone, where they can be asked.
pub(in super::super) async fn located(
    dns: Option<&Dns>,
    names: &[String],
) -> Result<Vec<IpAddr>, String> {
    let mut addresses = Vec::new();
    for name in names {
        match name.parse::<IpAddr>() {
            Ok(ip) => addresses.push(ip),
            Err(_) => addresses.extend(address_of(dns, name).await?),
        }
    }
    Ok(addresses)
}

async fn address_of(dns: Option<&Dns>, name: &str) -> Result<Vec<IpAddr>, String> {
    if let Some(dns) = dns
        && let Ok(Some(zone)) = dns.zone_of(name).await
    {
        return named(dns, &zone, name).await;
    }
    let found = tokio::net::lookup_host((name, 0)).await;
    let found = found.map_err(|error| format!("{name}: {error}"))?;
    Ok(found.map(|found| found.ip()).collect())
}
