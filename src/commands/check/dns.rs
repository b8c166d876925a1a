//! Asks for the zone of an address, as a wait for the address does: no resolver for the name itself.

use crate::{
    clients::dns::Dns,
    decide::check::{self, ZoneFacts},
    model::{Fact, Line},
    settings::{DnsOptions, Lookup},
};

/// The line about the zone of `host`; none where the Ingress is to tell.
pub(super) async fn lines(host: &str, options: &DnsOptions) -> Vec<Line> {
    if options.lookup == Lookup::Ingress {
        return Vec::new();
    }
    vec![check::dns(host, &zone(host, options).await)]
}

async fn zone(host: &str, options: &DnsOptions) -> Fact<Option<ZoneFacts>> {
    let dns = match Dns::new(options.resolver, options.name_server_port) {
        Ok(dns) => dns,
        Err(error) => return Fact::Silent(format!("{error:#}")),
    };
    let zone = match dns.zone_of(host).await {
        Ok(zone) => zone,
        Err(reason) => return Fact::Silent(reason),
    };
    Fact::Told(zone.map(|zone| ZoneFacts {
        name: zone.name(),
        negative_ttl: zone.negative_ttl().map(|time| time.as_secs()),
    }))
}
