//! Asks for the address as a browser does, which goes where it is sent.

use reqwest::Url;

use super::Expectation;
use crate::{
    clients::endpoint::Endpoint,
    decide::{Course, answer, course},
    model::{Reply, Silence, beginning},
};

/// The status of an answer that is as expected, and where it was found; else what is wrong, for people.
pub(super) async fn ask(endpoint: &Endpoint, expected: &Expectation) -> Result<String, String> {
    let (limit, asking) = (expected.limit, follow(endpoint, expected));
    let late = |_| Err(Silence::Late(limit).to_string());
    tokio::time::timeout(limit, asking)
        .await
        .unwrap_or_else(late)
}

async fn follow(endpoint: &Endpoint, expected: &Expectation) -> Result<String, String> {
    let mut way = vec![expected.url.clone()];
    loop {
        let url = way.last().unwrap_or(&expected.url);
        let reply = endpoint.ask(url, expected.answer.text.is_some()).await;
        let next = match &reply {
            Reply::Said(said) => course(&way, said, &expected.answer.statuses),
            Reply::Silence(_) => Course::Here,
        };
        match next {
            Course::To(next) => way.push(next),
            Course::Endless(reason) => return Err(reason),
            Course::Here => {
                let at = sent_to(&way);
                let judged = answer(&reply, &expected.answer);
                return match judged {
                    Ok(status) => Ok(format!("{status}{at}")),
                    Err(reason) => Err(format!("{reason}{at}")),
                };
            }
        }
    }
}

/// Where redirects led to, if there were any.
fn sent_to(way: &[Url]) -> String {
    match way {
        [_, .., last] => format!(
            ", at {} where it redirects to",
            beginning(last.as_str(), 100)
        ),
        _ => String::new(),
    }
}
