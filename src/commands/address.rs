//! Waits until the environment's address answers as asked for.
//!
//! The host name itself is looked up only where no Ingress tells the load balancer's address: a
//! name that is asked for too early is answered "no such name" from caches for minutes.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use reqwest::Url;

use super::site::Site;
use crate::{
    clients::{
        cluster::{Address, Ingresses},
        endpoint::{Endpoint, Reply},
    },
    model::Halt,
    report::elapsed,
    settings::StatusRange,
};

/// Between two looks at first, and at most: an address that comes in minutes is asked for seldom.
const LOOKS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];

/// What counts as an answer, and how long it is waited for.
#[derive(Debug)]
pub(super) struct Expectation {
    pub url: Url,
    pub statuses: Vec<StatusRange>,
    pub timeout: Duration,
}

/// Waits for the answer; how it answered, for people.
pub(super) async fn wait_for(
    site: &Site<'_>,
    ingresses: &Ingresses,
    expected: &Expectation,
) -> anyhow::Result<String> {
    let begun = Instant::now();
    let (mut told, mut look) = (String::new(), LOOKS[0]);
    loop {
        let state = match site.stop.unless(asked(ingresses, expected)).await?? {
            Attempt::Answered(status, way) => {
                let time = elapsed(begun.elapsed());
                return Ok(format!("{} answers {status} ({way}, {time})", expected.url));
            }
            Attempt::NotYet(state) => state,
        };
        if begun.elapsed() > expected.timeout {
            bail!(Halt::timed_out(format!(
                "{} does not answer: {state}",
                expected.url
            )));
        }
        if told != state {
            site.report.note(&format!("{}: {state}", expected.url));
            told = state;
        }
        site.stop.unless(tokio::time::sleep(look)).await?;
        look = look.mul_f32(1.2).min(LOOKS[1]);
        site.lock.ensure()?;
    }
}

enum Attempt {
    Answered(u16, String),
    NotYet(String),
}

async fn asked(ingresses: &Ingresses, expected: &Expectation) -> anyhow::Result<Attempt> {
    let host = expected.url.host_str().unwrap_or_default();
    let (addresses, way) = match ingresses.address(host).await? {
        Address::NoIngress => (Vec::new(), format!("no Ingress names {host}; by its name")),
        Address::Pending(ingress) => {
            return Ok(Attempt::NotYet(format!(
                "the Ingress {ingress} has no address yet"
            )));
        }
        Address::At(names) => match located(&names, &expected.url).await {
            Ok(addresses) => (addresses, format!("at {}", names.join(", "))),
            Err(reason) => return Ok(Attempt::NotYet(reason)),
        },
    };
    let reply = Endpoint::new(expected.url.clone(), &addresses)?.ask().await;
    Ok(match reply {
        Reply::Status(status) if expected.statuses.iter().any(|range| range.contains(status)) => {
            Attempt::Answered(status, way)
        }
        Reply::Status(503) => Attempt::NotYet("it answers 503: no pod is ready behind it".into()),
        Reply::Status(status) => Attempt::NotYet(format!("it answers {status}")),
        Reply::Silence(reason) => Attempt::NotYet(reason),
    })
}

/// The load balancer's IP addresses: a host name of its own is looked up.
pub(super) async fn located(names: &[String], url: &Url) -> Result<Vec<SocketAddr>, String> {
    let port = url.port_or_known_default().unwrap_or(443);
    let mut addresses = Vec::new();
    for name in names {
        match name.parse::<IpAddr>() {
            Ok(ip) => addresses.push(SocketAddr::new(ip, port)),
            Err(_) => {
                let found = tokio::net::lookup_host((name.as_str(), port)).await;
                addresses.extend(found.map_err(|error| format!("{name}: {error}"))?);
            }
        }
    }
    Ok(addresses)
}

/// The address and path that are asked for.
pub(super) fn health_url(url: &str, path: &str) -> anyhow::Result<Url> {
    let joined = format!(
        "{}/{}",
        url.trim_end_matches('/'),
        path.trim_start_matches('/')
    );
    Url::parse(&joined).with_context(|| format!("failed to read the address {joined}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_health_path_stands_below_the_address() {
        for (url, path, expected) in [
            ("https://new.example.com", "/", "https://new.example.com/"),
            (
                "https://new.example.com/",
                "up",
                "https://new.example.com/up",
            ),
            (
                "https://example.com/new",
                "/up?x=1",
                "https://example.com/new/up?x=1",
            ),
        ] {
            assert_eq!(health_url(url, path).unwrap().as_str(), expected);
        }
    }
}
