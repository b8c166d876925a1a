//! Whether an environment that was removed can still be reached: at its load balancer, or by its name.

mod balancer;
mod name;

use std::time::{Duration, Instant};

use reqwest::Url;

use self::{balancer::Balancer, name::Name};
use super::site::Site;
use crate::{
    clients::cluster::Ingresses,
    model::Wish,
    settings::{DnsOptions, Lookup},
};

/// How long a load balancer may take to forget what it was told to.
const OF_BALANCER: Duration = Duration::from_secs(10);
/// The same of name servers: external-dns looks each minute what is to be there.
const OF_NAME: Duration = Duration::from_secs(90);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// An address that is about to go.
pub(super) struct Farewell {
    url: Url,
    /// None where no load balancer had taken it up; why, where it cannot be known.
    balancer: Result<Option<Balancer>, String>,
}

impl Farewell {
    /// To be called while the Ingress is there yet; none for an environment without an address.
    pub(super) async fn before(site: &Site<'_>, ingresses: &Ingresses) -> Option<Self> {
        let url = site.record.lock().await.url.clone()?;
        let url = Url::parse(&url).ok()?;
        let balancer = Balancer::of(site, &url, ingresses).await;
        Some(Self { url, balancer })
    }

    /// What is still to be seen of it, all else being gone. What could not be looked at is told.
    pub(super) async fn afterwards(
        self,
        site: &Site<'_>,
        dns: &DnsOptions,
    ) -> anyhow::Result<Vec<String>> {
        let mut seen = Vec::new();
        let url = &self.url;
        match self.balancer {
            Ok(None) => {}
            Ok(Some(balancer)) => {
                let answer = async || balancer.answer(url).await;
                let answer = last_seen(site, OF_BALANCER, answer).await?;
                if answer.is_none() {
                    let at = &balancer.shown;
                    site.report
                        .done(&format!("{url} answers no more (at {at})"));
                }
                seen.extend(answer);
            }
            Err(reason) => site.report.warn(&format!(
                "that its address answers no more is not known: {reason}"
            )),
        }
        // A host that environments share stays, and so does its name.
        if url.path() == "/" && dns.lookup == Lookup::NameServers {
            seen.extend(name_of(site, url, dns).await?);
        }
        Ok(seen)
    }
}

/// What name servers still know of the host.
async fn name_of(site: &Site<'_>, url: &Url, dns: &DnsOptions) -> anyhow::Result<Option<String>> {
    let host = url.host_str().unwrap_or_default();
    let unknown = |reason: &str| format!("that the name {host} is gone is not known: {reason}");
    let name = match site.stop.unless(Name::of(url, dns)).await? {
        Ok(name) => name,
        Err(reason) => {
            site.report.note(&unknown(&reason));
            return Ok(None);
        }
    };
    let trace = async || name.trace().await;
    match last_seen(site, OF_NAME, trace).await {
        Ok(None) => {
            let zone = name.zone();
            let words = format!("the name servers of {zone} know {host} no more, or as any other");
            site.report.done(&words);
            Ok(None)
        }
        Err(error) if error.is::<name::Silence>() => {
            site.report.warn(&unknown(&error.to_string()));
            Ok(None)
        }
        seen => seen,
    }
}

/// Looks until nothing is to be seen, for as long as that may take, and no longer than until somebody
/// wants to deploy; what was seen last.
async fn last_seen(
    site: &Site<'_>,
    patience: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<String>>,
) -> anyhow::Result<Option<String>> {
    let deadline = Instant::now() + site.helm.timeout().min(patience);
    let wishes = site.lock.wishes();
    loop {
        let Some(seen) = site.stop.unless(look()).await?? else {
            return Ok(None);
        };
        let is_wanted = matches!(*wishes.borrow(), Some(Wish::Deploy(_)));
        if is_wanted || Instant::now() > deadline {
            return Ok(Some(seen));
        }
        site.stop.unless(tokio::time::sleep(LOOK)).await?;
        site.lock.ensure()?;
    }
}
