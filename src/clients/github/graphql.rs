//! Questions by GraphQL: several things by one request.
//!
//! The text of a question is ours alone; whatever others wrote, as the name of a branch, is in its
//! variables.

use std::time::Duration;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    GitHub,
    error::{Cause, GitHubError},
};
use crate::clients::shortly;

/// In place of a path of the REST API.
pub(super) const PATH: &str = "/graphql";

/// As in `POST /graphql (sight)`: what a question is called where its failure is told.
fn request(name: &str) -> String {
    format!("POST {PATH} ({name})")
}

/// Where the questions go: beside the REST API at an Enterprise server, below it elsewhere.
pub(super) fn address(base_url: &str) -> String {
    let beside = base_url.strip_suffix("/v3").unwrap_or(base_url);
    format!("{beside}{PATH}")
}

/// Whether an answer says no more than that the limit is used up.
pub(super) fn is_limited(body: &[u8]) -> bool {
    let body: Result<Body, _> = serde_json::from_slice(body);
    body.is_ok_and(|body| body.errors.iter().any(Problem::is_limit))
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Question {
    /// What the question is called.
    pub name: &'static str,
    /// The text, which declares `$owner` and `$name` for the repository.
    pub text: String,
    /// The other variables.
    pub variables: Map<String, Value>,
}

/// Variables by their names.
pub(super) fn variables_of<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    let named = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    named.collect()
}

/// The body of every answer.
#[derive(Debug, Deserialize)]
pub(super) struct Body {
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<Problem>,
}

/// Why a part of the data is missing, or all of it.
#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    path: Vec<Value>,
    message: String,
}

impl Problem {
    fn is_limit(&self) -> bool {
        matches!(self.kind.as_deref(), Some("RATE_LIMITED" | "RATE_LIMIT"))
    }

    /// Whether it leaves in doubt what is at `path`: it is about a part of that, about something
    /// that this is a part of, or about it does not say what.
    fn is_about(&self, path: &[&str]) -> bool {
        let mut both = self.path.iter().zip(path);
        both.all(|(here, there)| here.as_str() == Some(there))
    }

    fn words(&self) -> String {
        let place = self.path.iter().filter_map(Value::as_str);
        let place: Vec<_> = place.collect();
        let needs = match (self.kind.as_deref(), place.last()) {
            (Some("FORBIDDEN"), Some(&"deployments" | &"statuses" | &"latestStatus")) => {
                "; the token needs deployments: read"
            }
            (Some("FORBIDDEN"), Some(&"associatedPullRequests")) => {
                "; the token needs pull-requests: read"
            }
            (Some("FORBIDDEN"), _) => "; the token needs contents: read",
            _ => "",
        };
        format!("{}{needs}", self.message)
    }
}

/// What GitHub knows of what it was asked, and what not.
#[derive(Debug)]
pub(super) struct Answered {
    name: &'static str,
    data: Value,
    problems: Vec<Problem>,
}

impl Answered {
    /// An answer that holds at least a part of what was asked for.
    fn new(name: &'static str, body: Body, wait: Option<Duration>) -> Result<Self, GitHubError> {
        let Body { data, errors } = body;
        let error = |cause| Err(GitHubError::new(request(name), cause));
        if errors.iter().any(Problem::is_limit) {
            return error(Cause::Limited { wait });
        }
        match data.filter(|data| !data.is_null()) {
            Some(data) => Ok(Self {
                name,
                data,
                problems: errors,
            }),
            None if errors.is_empty() => error(Cause::Garbled("it has no data".into())),
            None => {
                let words: Vec<_> = errors.iter().map(Problem::words).collect();
                error(Cause::Unanswered(words.join("; ")))
            }
        }
    }

    /// What is at `path`: null is none. What an error speaks of, and what is not in the answer at
    /// all, is not known.
    pub(super) fn at<T: DeserializeOwned>(
        &self,
        path: &[impl AsRef<str>],
    ) -> Result<Option<T>, GitHubError> {
        let path: &[&str] = &path.iter().map(AsRef::as_ref).collect::<Vec<_>>();
        let garbled = |error: serde_json::Error| {
            Cause::Garbled(format!("{}: {}", path.join("."), shortly(error)))
        };
        let read = |found| Option::<T>::deserialize(found).map_err(garbled);
        let found = match self.problem(path) {
            Some(problem) => Err(Cause::Unanswered(problem.words())),
            None => self.value(path),
        };
        found
            .and_then(read)
            .map_err(|cause| GitHubError::new(request(self.name), cause))
    }

    fn problem(&self, path: &[&str]) -> Option<&Problem> {
        let mut problems = self.problems.iter();
        problems.find(|problem| problem.is_about(path))
    }

    fn value(&self, path: &[&str]) -> Result<&Value, Cause> {
        let mut value = &self.data;
        for (depth, step) in path.iter().enumerate() {
            value = value.get(step).ok_or_else(|| {
                // What cannot be null takes along what it is a part of: its error tells of both.
                match self.problem(&path[..depth]) {
                    Some(problem) => Cause::Unanswered(problem.words()),
                    None => Cause::Garbled(format!("{} is missing in it", path.join("."))),
                }
            })?;
        }
        Ok(value)
    }

    /// What is at `path` and cannot be null.
    pub(super) fn must<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, GitHubError> {
        let null = || Cause::Unanswered(format!("it has no {}", path.join(".")));
        self.at(path)?
            .ok_or_else(|| GitHubError::new(request(self.name), null()))
    }
}

impl GitHub {
    /// The answer to a question about the repository.
    pub(super) async fn ask(&self, question: Question) -> Result<Answered, GitHubError> {
        let Question {
            name,
            text,
            mut variables,
        } = question;
        variables.insert("owner".into(), self.repository.owner().into());
        variables.insert("name".into(), self.repository.name().into());
        let body = json!({ "operationName": name, "query": text, "variables": variables });
        let (body, wait) = self.http.ask(body).await?;
        Answered::new(name, body, wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(body: Value) -> Result<Answered, GitHubError> {
        Answered::new("test", serde_json::from_value(body).unwrap(), None)
    }

    fn at(answered: &Answered, path: &[&str]) -> Result<Option<u64>, String> {
        answered.at(path).map_err(|error| error.to_string())
    }

    #[test]
    fn graphql_is_beside_the_rest_api_of_an_enterprise_server() {
        for (base, address) in [
            ("https://api.github.com", "https://api.github.com/graphql"),
            (
                "https://git.acme.com/api/v3",
                "https://git.acme.com/api/graphql",
            ),
            ("http://127.0.0.1:80", "http://127.0.0.1:80/graphql"),
        ] {
            assert_eq!(super::address(base), address);
        }
    }

    #[test]
    fn only_what_no_error_speaks_of_is_known() {
        let error = |path: Value| json!({"message": "no luck", "path": path});
        let data = json!({"r": {"a": 1, "b": null, "c": {"d": 2}}});
        let with = |errors: Value| answered(json!({"data": data, "errors": errors})).unwrap();
        let fine = with(json!([]));
        assert_eq!(at(&fine, &["r", "a"]), Ok(Some(1)));
        assert_eq!(at(&fine, &["r", "b"]), Ok(None));
        for missing in [&["r", "x"][..], &["r", "b", "x"], &["x"]] {
            assert!(at(&fine, missing).is_err(), "{missing:?}");
        }
        let partial = with(json!([error(json!(["r", "b"]))]));
        assert_eq!(at(&partial, &["r", "a"]), Ok(Some(1)));
        assert!(at(&partial, &["r", "b"]).unwrap_err().contains("no luck"));
        let within = with(json!([error(json!(["r", "c", "d", 0]))]));
        assert!(at(&within, &["r", "c"]).is_err());
        assert_eq!(at(&within, &["r", "b"]), Ok(None));
        let taken_along = json!({"data": {"r": null}, "errors": [error(json!(["r", "b"]))]});
        let taken_along = at(&answered(taken_along).unwrap(), &["r", "a"]);
        assert!(taken_along.unwrap_err().contains("no luck"));
        for of_all in [json!([]), json!(["r"])] {
            assert!(at(&with(json!([error(of_all)])), &["r", "a"]).is_err());
        }
    }

    #[test]
    fn an_answer_without_data_says_why() {
        let errors = json!([{"message": "Field 'x' doesn't exist on type 'Ref'"}]);
        let refused = answered(json!({"errors": errors})).unwrap_err();
        assert!(refused.to_string().contains("Field 'x'"), "{refused}");
        for empty in [json!({}), json!({"data": null})] {
            assert!(answered(empty).unwrap_err().leaves_doubt());
        }
    }

    #[test]
    fn a_limit_is_told_whatever_github_calls_it() {
        for kind in ["RATE_LIMITED", "RATE_LIMIT"] {
            let body = json!({"errors": [{"type": kind, "message": "API rate limit exceeded"}]});
            assert!(is_limited(body.to_string().as_bytes()));
            assert!(answered(body).unwrap_err().may_pass());
        }
        assert!(!is_limited(b"<html>"));
    }
}
