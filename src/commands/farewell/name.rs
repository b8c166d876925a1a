//! What name servers know of an environment's host. They are asked themselves: an ordinary resolver would
//! tell what it remembers, and remember that the name is gone.

use std::fmt;

use reqwest::Url;

use crate::{
    clients::dns::{Dns, Zone},
    decide::{Trace, stranger_to, trace},
    settings::DnsOptions,
};

/// A host, and the zone that it is in.
pub(super) struct Name {
    host: String,
    /// A name beside it that nobody has.
    nobody: String,
    zone: Zone,
}

/// None of the name servers answers, in these words.
#[derive(Debug)]
pub(super) struct Silence(String);

impl Name {
    /// The host of an address.
    ///
    /// # Errors
    /// Why nobody can be asked for it.
    pub(super) async fn of(url: &Url, options: &DnsOptions) -> Result<Self, String> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let dns = Dns::new(options.resolver, options.name_server_port);
        let dns = dns.map_err(|error| format!("{error:#}"))?;
        let zone = dns.zone_of(&host).await?;
        let zone = zone.ok_or("it is in no zone that the resolver knows")?;
        let nobody = stranger_to(url, rand::random());
        let nobody = nobody.as_ref().and_then(Url::host_str).unwrap_or_default();
        Ok(Self {
            host,
            nobody: nobody.to_owned(),
            zone,
        })
    }

    pub(super) fn zone(&self) -> String {
        self.zone.name()
    }

    /// Who still knows it; none where nobody does, or where each name of the zone is known as well.
    ///
    /// # Errors
    /// [`Silence`].
    pub(super) async fn trace(&self) -> anyhow::Result<Option<String>> {
        let (host, nobody) = (self.zone.ask(&self.host), self.zone.ask(&self.nobody));
        let (host, nobody) = tokio::join!(host, nobody);
        match trace(&host, &nobody) {
            Trace::Gone | Trace::Everybodys => Ok(None),
            Trace::Known(servers) => {
                let servers = servers.join(", ");
                Ok(Some(format!("{} is still known to {servers}", self.host)))
            }
            Trace::Silence(reason) => Err(Silence(reason).into()),
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no name server answers: {}", self.0)
    }
}

impl std::error::Error for Silence {}
