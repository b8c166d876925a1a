//! Waits until the environment's address answers as asked for.

mod asking;
mod load_balancer;
mod names;
mod wait;
mod whereabouts;

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::Url;

pub(super) use self::load_balancer::{LoadBalancer, load_balancer};
use self::{
    wait::Wait,
    whereabouts::{Place, Whereabouts, said},
};
use super::site::Site;
use crate::{
    clients::{cluster::Ingresses, endpoint::Endpoint},
    decide::Expected,
    model::Halt,
    report::elapsed,
    settings::DnsOptions,
};

/// How long one request may take.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// What counts as an answer, and how long it is waited for.
#[derive(Debug)]
pub(super) struct Expectation {
    pub url: Url,
    pub answer: Expected,
    /// So many in a row.
    pub times: u32,
    pub timeout: Duration,
    /// How long one of them may take, with all that it redirects to.
    pub limit: Duration,
    pub dns: DnsOptions,
}

/// Waits for the answer; how it answered, for people.
pub(super) async fn wait_for(
    site: &Site<'_>,
    ingresses: &Ingresses,
    expected: &Expectation,
) -> anyhow::Result<String> {
    let begun = Instant::now();
    let host = expected.url.host_str().unwrap_or_default();
    let finding = Whereabouts::find(host, &expected.dns, site.report);
    let mut whereabouts = site.stop.unless(finding).await??;
    let (mut wait, mut times) = (Wait::until(begun + expected.timeout), 0);
    loop {
        let asked = asked(site, &mut whereabouts, ingresses, expected);
        let state = match site.stop.unless(wait.look(asked)).await?.transpose()? {
            Some(Attempt::Answered(status, way)) => {
                times += 1;
                if times >= expected.times {
                    whereabouts.warn_of_names(host, site).await?;
                    let time = elapsed(begun.elapsed());
                    return Ok(format!("{} answers {status} ({way}, {time})", expected.url));
                }
                let wanted = expected.times;
                Some(format!(
                    "it answers {status}, which is to be seen {wanted} times in a row"
                ))
            }
            Some(Attempt::NotYet(state)) => {
                times = 0;
                Some(state)
            }
            None => None,
        };
        let (url, news) = (&expected.url, state.filter(|state| wait.note(state)));
        if let Some(state) = wait.over() {
            bail!(Halt::timed_out(format!("{url} does not answer: {state}")));
        }
        if let Some(state) = news {
            site.report.note(&format!("{url}: {state}"));
        }
        site.stop.unless(wait.pause()).await?;
        site.lock.ensure()?;
    }
}

enum Attempt {
    /// With this status, and found in this way.
    Answered(String, String),
    NotYet(String),
}

async fn asked(
    site: &Site<'_>,
    whereabouts: &mut Whereabouts,
    ingresses: &Ingresses,
    expected: &Expectation,
) -> anyhow::Result<Attempt> {
    let (sightings, way) = match whereabouts.place(site, ingresses, &expected.url).await {
        Ok(Place::At(sightings, way)) => (sightings, way),
        Ok(Place::NotYet(reason)) => return Ok(Attempt::NotYet(reason)),
        // The cluster may tell at the next look.
        Err(error) => return Ok(Attempt::NotYet(error.to_string())),
    };
    let host = expected.url.host_str().unwrap_or_default();
    let mut answered = String::new();
    // Whoever's resolver asks the server that lags goes where that one says.
    for sighting in &sightings {
        let endpoint = Endpoint::new(host, &sighting.addresses, expected.limit)?;
        match asking::ask(&endpoint, expected).await {
            Ok(status) => answered = status,
            Err(reason) if sightings.len() == 1 => return Ok(Attempt::NotYet(reason)),
            Err(reason) => {
                let said = said(sighting);
                let apart = format!("{reason} ({said}: its name servers do not agree)");
                return Ok(Attempt::NotYet(apart));
            }
        }
    }
    Ok(Attempt::Answered(answered, way))
}

/// The address and path that are asked for. Without a path of its own it is the very address that people
/// use: one more slash at its end may be another.
pub(super) fn health_url(url: &str, path: &str) -> anyhow::Result<Url> {
    let joined = match path.trim_start_matches('/') {
        "" => url.to_owned(),
        path => format!("{}/{path}", url.trim_end_matches('/')),
    };
    Url::parse(&joined).with_context(|| format!("failed to read the address {joined}"))
}

/// The host of an address; empty if it has none.
pub(super) fn host_of(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str);
    host.unwrap_or_default().to_owned()
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
            ("https://example.com/new", "/", "https://example.com/new"),
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
