//! What is known of a host name, from what each of its zone's name servers says.

use std::{collections::BTreeSet, net::IpAddr};

use crate::model::NameAnswer;

/// Where a name is, and which servers say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// At all of these.
    pub addresses: Vec<IpAddr>,
    /// In the words of these; none where an Ingress tells, or a resolver.
    pub servers: Vec<String>,
}

/// What all of them together say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is at these addresses: one sighting of all servers that have an address in common.
    At(Vec<Sighting>),
    /// It is another name's, of another zone.
    Alias(String),
    /// Not all of them know it yet, in these words.
    NotYet(String),
    /// None of those who answer knows it; who does not answer, and why.
    Missing(Vec<String>),
    /// None of them answers, in these words.
    Silence(String),
}

/// Weighs the answers, each with the name of its server. A server that does not answer holds up
/// nothing, for others are asked in its place; one that does not know the name yet does, because
/// somebody's resolver will ask that one, and remember.
pub fn known(answers: &[(String, NameAnswer)]) -> Known {
    let (mut sightings, mut alias) = (Vec::new(), None);
    let (mut missing, mut silent) = (Vec::new(), Vec::new());
    for (server, answer) in answers {
        match answer {
            NameAnswer::At(addresses) => add(&mut sightings, server, addresses),
            NameAnswer::Alias(target) => alias = Some(target.clone()),
            NameAnswer::Missing => missing.push(server.as_str()),
            NameAnswer::Silence(reason) => silent.push(format!("{server}: {reason}")),
        }
    }
    let found = !sightings.is_empty() || alias.is_some();
    match alias {
        _ if silent.len() == answers.len() => Known::Silence(silent.join("; ")),
        _ if !found => Known::Missing(silent),
        _ if !missing.is_empty() => {
            Known::NotYet(format!("{} does not know it yet", missing.join(", ")))
        }
        Some(target) if sightings.is_empty() => Known::Alias(target),
        _ => Known::At(sightings),
    }
}

/// Adds what a server says to what others say who have an address in common with it: a name of many
/// addresses may be told in part, to each who asks another.
fn add(sightings: &mut Vec<Sighting>, server: &str, addresses: &[IpAddr]) {
    let mut new = Sighting {
        addresses: addresses.to_vec(),
        servers: vec![server.to_owned()],
    };
    let common = |it: &mut Sighting| it.addresses.iter().any(|ip| addresses.contains(ip));
    for same in sightings.extract_if(.., common).collect::<Vec<_>>() {
        new.addresses.extend(same.addresses);
        new.servers.extend(same.servers);
    }
    new.addresses.sort_unstable();
    new.addresses.dedup();
    new.servers.sort_unstable();
    sightings.push(new);
}

/// What name servers still know of a host that is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trace {
    /// Nobody who answers knows it.
    Gone,
    /// It is known as every other name of the zone is, by a wildcard.
    Everybodys,
    /// These servers know it.
    Known(Vec<String>),
    /// None of them answers, in these words.
    Silence(String),
}

/// What they say of the host, beside what they say of one that nobody has.
pub fn trace(host: &[(String, NameAnswer)], nobody: &[(String, NameAnswer)]) -> Trace {
    let knows = |answer: &NameAnswer| matches!(answer, NameAnswer::At(_) | NameAnswer::Alias(_));
    let knowing = host.iter().filter(|(_, answer)| knows(answer));
    let knowing: Vec<_> = knowing.map(|(server, _)| server.clone()).collect();
    match known(host) {
        Known::Silence(reason) => Trace::Silence(reason),
        _ if knowing.is_empty() => Trace::Gone,
        _ if all(host) == all(nobody) => Trace::Everybodys,
        _ => Trace::Known(knowing),
    }
}

/// All addresses and aliases that anybody tells.
fn all(answers: &[(String, NameAnswer)]) -> (BTreeSet<IpAddr>, BTreeSet<&str>) {
    let (mut addresses, mut aliases) = (BTreeSet::new(), BTreeSet::new());
    for (_, answer) in answers {
        match answer {
            NameAnswer::At(found) => addresses.extend(found),
            NameAnswer::Alias(target) => {
                aliases.insert(target.as_str());
            }
            NameAnswer::Missing | NameAnswer::Silence(_) => {}
        }
    }
    (addresses, aliases)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn of(answers: [NameAnswer; 2]) -> Known {
        let [first, second] = answers;
        known(&[("ns1".into(), first), ("ns2".into(), second)])
    }

    fn at() -> NameAnswer {
        NameAnswer::At(vec![HERE])
    }

    fn seen(addresses: &[IpAddr], servers: &[&str]) -> Sighting {
        Sighting {
            addresses: addresses.to_vec(),
            servers: servers.iter().map(ToString::to_string).collect(),
        }
    }

    fn silence() -> NameAnswer {
        NameAnswer::Silence("no answer".into())
    }

    #[test]
    fn a_name_is_known_once_all_who_answer_know_it() {
        let both = Known::At(vec![seen(&[HERE], &["ns1", "ns2"])]);
        assert_eq!(of([at(), at()]), both);
        let one = Known::At(vec![seen(&[HERE], &["ns1"])]);
        assert_eq!(of([at(), silence()]), one);
        let lags = of([at(), NameAnswer::Missing]);
        assert_eq!(lags, Known::NotYet("ns2 does not know it yet".into()));
        let missing = of([NameAnswer::Missing, silence()]);
        assert_eq!(missing, Known::Missing(vec!["ns2: no answer".into()]));
    }

    #[test]
    fn an_alias_is_followed_where_no_address_comes_along() {
        let alias = || NameAnswer::Alias("lb.example.com".into());
        assert_eq!(
            of([alias(), alias()]),
            Known::Alias("lb.example.com".into())
        );
        let one = Known::At(vec![seen(&[HERE], &["ns2"])]);
        assert_eq!(of([alias(), at()]), one);
    }

    #[test]
    fn servers_that_have_no_address_in_common_are_told_apart() {
        let [a, b, c] = [1, 2, 3].map(|last| IpAddr::from([192, 0, 2, last]));
        let told = |told: &[(&str, &[IpAddr])]| {
            let answers = told.iter().map(|(server, addresses)| {
                (server.to_string(), NameAnswer::At(addresses.to_vec()))
            });
            known(&answers.collect::<Vec<_>>())
        };
        let apart = vec![seen(&[a], &["ns1"]), seen(&[b], &["ns2"])];
        assert_eq!(told(&[("ns1", &[a]), ("ns2", &[b])]), Known::At(apart));
        let bridged = vec![seen(&[a, b, c], &["ns1", "ns2", "ns3"])];
        let bridge: &[_] = &[("ns1", &[a][..]), ("ns2", &[c, b]), ("ns3", &[b, a])];
        assert_eq!(told(bridge), Known::At(bridged));
    }

    #[test]
    fn a_name_is_forgotten_once_nobody_who_answers_knows_it() {
        let both = |first, second| [("ns1".to_owned(), first), ("ns2".to_owned(), second)];
        let missing = || both(NameAnswer::Missing, NameAnswer::Missing);
        let of = |first, second| trace(&both(first, second), &missing());
        assert_eq!(of(NameAnswer::Missing, silence()), Trace::Gone);
        let lags = of(NameAnswer::Missing, at());
        assert_eq!(lags, Trace::Known(vec!["ns2".into()]));
        assert!(matches!(of(silence(), silence()), Trace::Silence(_)));
        let wildcard = trace(&both(at(), at()), &both(at(), at()));
        assert_eq!(wildcard, Trace::Everybodys);
        let elsewhere = NameAnswer::At(vec![Ipv4Addr::BROADCAST.into()]);
        let own = trace(&both(elsewhere.clone(), elsewhere), &both(at(), at()));
        assert_eq!(own, Trace::Known(vec!["ns1".into(), "ns2".into()]));
    }

    #[test]
    fn where_nobody_answers_nothing_is_known() {
        let nobody = of([silence(), silence()]);
        assert_eq!(
            nobody,
            Known::Silence("ns1: no answer; ns2: no answer".into())
        );
        assert_eq!(known(&[]), Known::Silence(String::new()));
    }
}
