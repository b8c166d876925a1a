//! What is known of a host name, from what each of its zone's name servers says.

use std::net::IpAddr;

use crate::model::NameAnswer;

/// What all of them together say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is at these addresses.
    At(Vec<IpAddr>),
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
    let (mut addresses, mut alias) = (Vec::new(), None);
    let (mut missing, mut silent) = (Vec::new(), Vec::new());
    for (server, answer) in answers {
        match answer {
            NameAnswer::At(found) => addresses.extend(found),
            NameAnswer::Alias(target) => alias = Some(target.clone()),
            NameAnswer::Missing => missing.push(server.as_str()),
            NameAnswer::Silence(reason) => silent.push(format!("{server}: {reason}")),
        }
    }
    addresses.sort_unstable();
    addresses.dedup();
    let found = !addresses.is_empty() || alias.is_some();
    match alias {
        _ if silent.len() == answers.len() => Known::Silence(silent.join("; ")),
        _ if !found => Known::Missing(silent),
        _ if !missing.is_empty() => {
            Known::NotYet(format!("{} does not know it yet", missing.join(", ")))
        }
        Some(target) if addresses.is_empty() => Known::Alias(target),
        _ => Known::At(addresses),
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
        same if same == known(nobody) => Trace::Everybodys,
        _ => Trace::Known(knowing),
    }
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

    fn silence() -> NameAnswer {
        NameAnswer::Silence("no answer".into())
    }

    #[test]
    fn a_name_is_known_once_all_who_answer_know_it() {
        assert_eq!(of([at(), at()]), Known::At(vec![HERE]));
        assert_eq!(of([at(), silence()]), Known::At(vec![HERE]));
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
        assert_eq!(of([alias(), at()]), Known::At(vec![HERE]));
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
