//! Whether an answer of the address is the one that is waited for.

use crate::model::{Reply, Said, StatusRange, quoted};

/// What an answer has to be.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Its status is in one of these.
    pub statuses: Vec<StatusRange>,
    /// It has this header, its name in lower case, of this value.
    pub header: Option<(String, String)>,
    /// Its body holds this text.
    pub text: Option<String>,
}

/// The status of an answer that is as expected, or what is wrong with it, for people.
pub fn answer(reply: &Reply, expected: &Expected) -> Result<u16, String> {
    let said = match reply {
        Reply::Said(said) => said,
        Reply::Silence(silence) => return Err(silence.to_string()),
    };
    let ranges = &expected.statuses;
    if !ranges.iter().any(|range| range.contains(said.status)) {
        return Err(unexpected(said.status));
    }
    if let Some((name, value)) = &expected.header
        && !has_header(said, name, value)
    {
        return Err(other_header(said, name, value));
    }
    match &expected.text {
        Some(text) if !said.body.contains(text) => Err(format!(
            "it answers {}, and its body does not hold {}",
            said.status,
            quoted(text)
        )),
        _ => Ok(said.status),
    }
}

fn unexpected(status: u16) -> String {
    match status {
        503 => "it answers 503: no pod is ready behind it".to_owned(),
        502 | 504 => format!("it answers {status}: the load balancer has no answer of a pod"),
        401 | 403 => format!(
            "it answers {status}: for an app behind a login, `expect-status: 200-399,{status}` takes it"
        ),
        status => format!("it answers {status}"),
    }
}

fn has_header(said: &Said, name: &str, value: &str) -> bool {
    let mut headers = said.headers.iter();
    headers.any(|(known, told)| known == name && told == value)
}

fn other_header(said: &Said, name: &str, value: &str) -> String {
    let mut headers = said.headers.iter();
    match headers.find(|(known, _)| known == name) {
        Some((_, told)) => format!(
            "another answers still: its {name} is {}, not {}",
            quoted(told),
            quoted(value)
        ),
        None => format!("it answers {} without the header {name}", said.status),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Silence;

    fn said(status: u16) -> Said {
        Said {
            status,
            headers: vec![("x-commit".into(), "abc".into())],
            body: "all is well".into(),
        }
    }

    fn expected() -> Expected {
        Expected {
            statuses: vec!["200-399".parse().unwrap()],
            header: None,
            text: None,
        }
    }

    #[test]
    fn a_status_that_is_expected_is_an_answer() {
        assert_eq!(answer(&Reply::Said(said(302)), &expected()), Ok(302));
        let reason = answer(&Reply::Said(said(503)), &expected()).unwrap_err();
        assert!(reason.contains("no pod is ready"), "{reason}");
        let reason = answer(&Reply::Said(said(401)), &expected()).unwrap_err();
        assert!(reason.contains("expect-status: 200-399,401"), "{reason}");
    }

    #[test]
    fn the_old_pods_of_an_upgrade_are_told_by_their_header() {
        let wants = |value: &str| Expected {
            header: Some(("x-commit".into(), value.into())),
            ..expected()
        };
        assert_eq!(answer(&Reply::Said(said(200)), &wants("abc")), Ok(200));
        let reason = answer(&Reply::Said(said(200)), &wants("def")).unwrap_err();
        assert_eq!(
            reason,
            r#"another answers still: its x-commit is "abc", not "def""#
        );
        let bare = Said {
            headers: vec![],
            ..said(200)
        };
        let reason = answer(&Reply::Said(bare), &wants("abc")).unwrap_err();
        assert!(reason.contains("without the header x-commit"), "{reason}");
    }

    #[test]
    fn the_body_has_to_hold_the_text() {
        let wants = |text: &str| Expected {
            text: Some(text.into()),
            ..expected()
        };
        assert_eq!(answer(&Reply::Said(said(200)), &wants("well")), Ok(200));
        assert!(answer(&Reply::Said(said(200)), &wants("bad")).is_err());
    }

    #[test]
    fn silence_is_told_by_its_cause() {
        let reasons = [
            Silence::Refused,
            Silence::Late(Duration::from_secs(10)),
            Silence::Certificate("c".into()),
            Silence::Tls("t".into()),
            Silence::Connection("x".into()),
        ]
        .map(|silence| answer(&Reply::Silence(silence), &expected()).unwrap_err());
        let different: std::collections::HashSet<_> = reasons.iter().collect();
        assert_eq!(different.len(), reasons.len(), "{reasons:?}");
    }
}
