//! What is known of a host name, from what each of its zone's name servers says.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use crate::model::NameAnswer;

/// Where a name is, and which servers say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// At all of these.
    pub addresses: Vec<IpAddr>,
    /// In the words of these; none where an Ingress tells, or a resolver.
    pub servers: Vec<String>,
}

impl Sighting {
    /// Adds it to others, as one with those that have an address in common with it: a name of many addresses
    /// may be told in part, to each who asks another.
    pub fn join(mut self, others: &mut Vec<Self>) {
        let told = self.addresses.clone();
        let common = |it: &mut Self| it.addresses.iter().any(|ip| told.contains(ip));
        for same in others.extract_if(.., common).collect::<Vec<_>>() {
            self.addresses.extend(same.addresses);
            self.servers.extend(same.servers);
        }
        self.addresses.sort_unstable();
        self.addresses.dedup();
        self.servers.sort_unstable();
        others.push(self);
    }
}

/// What all of them together say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is at these addresses, and where each of these names of other zones is, by the servers that say so.
    Found(Vec<Sighting>, BTreeMap<String, Vec<String>>),
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
    let (mut sightings, mut aliases) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
    let (mut missing, mut silent) = (Vec::new(), Vec::new());
    for (server, answer) in answers {
        match answer {
            NameAnswer::At(addresses) => {
                let (addresses, servers) = (addresses.clone(), vec![server.clone()]);
                Sighting { addresses, servers }.join(&mut sightings);
            }
            NameAnswer::Alias(target) => {
                let target = target.to_ascii_lowercase();
                aliases.entry(target).or_default().push(server.clone());
            }
            NameAnswer::Missing => missing.push(server.as_str()),
            NameAnswer::Silence(reason) => silent.push(format!("{server}: {reason}")),
        }
    }
    match () {
        () if silent.len() == answers.len() => Known::Silence(silent.join("; ")),
        () if sightings.is_empty() && aliases.is_empty() => Known::Missing(silent),
        () if !missing.is_empty() => {
            Known::NotYet(format!("{} does not know it yet", missing.join(", ")))
        }
        () => Known::Found(sightings, aliases),
    }
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

    fn found(sightings: &[Sighting]) -> Known {
        Known::Found(sightings.to_vec(), BTreeMap::new())
    }

    fn silence() -> NameAnswer {
        NameAnswer::Silence("no answer".into())
    }

    #[test]
    fn a_name_is_known_once_all_who_answer_know_it() {
        assert_eq!(of([at(), at()]), found(&[seen(&[HERE], &["ns1", "ns2"])]));
        assert_eq!(of([at(), silence()]), found(&[seen(&[HERE], &["ns1"])]));
        let lags = of([at(), NameAnswer::Missing]);
        assert_eq!(lags, Known::NotYet("ns2 does not know it yet".into()));
        let missing = of([NameAnswer::Missing, silence()]);
        assert_eq!(missing, Known::Missing(vec!["ns2: no answer".into()]));
    }

    #[test]
    fn each_alias_is_told_by_who_says_it() {
        let alias = |target: &str| NameAnswer::Alias(target.into());
        let of_all = |answers, expected: &[(&str, &[&str])]| {
            let Known::Found(_, aliases) = of(answers) else {
                panic!("it is found");
            };
            let told = expected.iter().map(|(target, servers)| {
                let servers = servers.iter().map(ToString::to_string);
                ((*target).to_owned(), servers.collect())
            });
            assert_eq!(aliases, told.collect());
        };
        let same = [alias("lb.example.com"), alias("LB.example.com")];
        of_all(same, &[("lb.example.com", &["ns1", "ns2"])]);
        let other = [alias("new.example.com"), alias("old.example.com")];
        let apart: &[_] = &[
            ("new.example.com", &["ns1"][..]),
            ("old.example.com", &["ns2"]),
        ];
        of_all(other, apart);
        of_all(
            [alias("lb.example.com"), at()],
            &[("lb.example.com", &["ns1"])],
        );
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
        let apart = [seen(&[a], &["ns1"]), seen(&[b], &["ns2"])];
        assert_eq!(told(&[("ns1", &[a]), ("ns2", &[b])]), found(&apart));
        let bridged = [seen(&[a, b, c], &["ns1", "ns2", "ns3"])];
        let bridge: &[_] = &[("ns1", &[a][..]), ("ns2", &[c, b]), ("ns3", &[b, a])];
        assert_eq!(told(bridge), found(&bridged));
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
