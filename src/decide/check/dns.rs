//! Where the name of an address comes from.

use crate::model::{Fact, Line};

/// How long people do not notice that a name was asked for too early, in seconds.
const LONG: u64 = 60;

/// The zone of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneFacts {
    /// Its name.
    pub name: String,
    /// How long resolvers remember that a name is not there, in seconds.
    pub negative_ttl: Option<u64>,
}

/// The line about the zone of `host`; none where no name server is public.
pub fn dns(host: &str, zone: &Fact<Option<ZoneFacts>>) -> Line {
    let what = "DNS";
    let by_ingress = "name a resolver that knows the zone by --resolver, or let the Ingress tell by \
                      --lookup ingress";
    let zone = match zone {
        Fact::Told(Some(zone)) => zone,
        Fact::Told(None) => {
            let found = format!("{host} is in no zone that the resolver knows: the Ingress tells");
            return Line::doubtful(what, found, by_ingress);
        }
        Fact::Refused(words) | Fact::Silent(words) => {
            return Line::doubtful(what, format!("{words}: the Ingress tells"), by_ingress);
        }
    };
    let name = &zone.name;
    match zone.negative_ttl {
        Some(time) if time > LONG => Line::doubtful(
            what,
            format!("{name} lets resolvers remember for {time} s that a name is not there"),
            format!("set the minimum of its SOA record (and that record's TTL) to {LONG} or less"),
        ),
        Some(time) => {
            let found = format!("{name} answers, and a name that is not there is so for {time} s");
            Line::there(what, found)
        }
        None => Line::there(what, format!("{name} answers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;

    #[test]
    fn a_zone_that_remembers_for_long_and_one_that_nobody_knows_are_doubtful() {
        let of = |negative_ttl| {
            let name = "beta.example.com".into();
            dns("a", &Fact::Told(Some(ZoneFacts { name, negative_ttl }))).verdict
        };
        assert_eq!(of(Some(60)), Verdict::There);
        assert_eq!(of(Some(61)), Verdict::Doubtful);
        assert_eq!(of(None), Verdict::There);
        assert_eq!(dns("a", &Fact::Told(None)).verdict, Verdict::Doubtful);
        assert_eq!(
            dns("a", &Fact::Silent("x".into())).verdict,
            Verdict::Doubtful
        );
    }
}
