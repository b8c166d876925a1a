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
    /// None of them knows it.
    Missing,
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
        _ if !found => Known::Missing,
        _ if !missing.is_empty() => {
            Known::NotYet(format!("{} does not know it yet", missing.join(", ")))
        }
        Some(target) if addresses.is_empty() => Known::Alias(target),
        _ => Known::At(addresses),
    }
}

/// The servers that do not answer, and why, where others do: for one warning.
pub fn silent(answers: &[(String, NameAnswer)]) -> Vec<String> {
    let silent = answers.iter().filter_map(|(server, answer)| match answer {
        NameAnswer::Silence(reason) => Some(format!("{server}: {reason}")),
        NameAnswer::At(_) | NameAnswer::Alias(_) | NameAnswer::Missing => None,
    });
    silent.collect()
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
        assert_eq!(of([NameAnswer::Missing, silence()]), Known::Missing);
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
    fn where_nobody_answers_nothing_is_known() {
        let nobody = of([silence(), silence()]);
        assert_eq!(
            nobody,
            Known::Silence("ns1: no answer; ns2: no answer".into())
        );
        assert_eq!(known(&[]), Known::Silence(String::new()));
    }
}
