//! Which builds a listing is asked for.

use chrono::{DateTime, Utc};

use super::super::{answer::Refusal, call::Call, stored::BuildData};

/// What `state=finished` stands for.
const FINISHED: [&str; 4] = ["passed", "failed", "blocked", "canceled"];

/// The filters of one listing. A list that is empty lets all through.
#[derive(Debug)]
pub struct Filters<'a> {
    branches: Vec<&'a str>,
    commits: Vec<&'a str>,
    states: Vec<&'a str>,
    created_from: Option<DateTime<Utc>>,
    created_to: Option<DateTime<Utc>>,
    meta_data: Vec<(&'a str, &'a str)>,
}

impl<'a> Filters<'a> {
    pub fn of(call: &'a Call) -> Result<Self, Refusal> {
        let time = |name| match call.query(name).map(DateTime::parse_from_rfc3339) {
            None => Ok(None),
            Some(Ok(time)) => Ok(Some(time.to_utc())),
            Some(Err(_)) => Err(Refusal::bad(&format!("{name} is not a valid time"))),
        };
        Ok(Self {
            branches: call.all("branch"),
            commits: call.all("commit"),
            states: call.all("state"),
            created_from: time("created_from")?,
            created_to: time("created_to")?,
            meta_data: call.maps("meta_data"),
        })
    }

    pub fn let_through(&self, build: &BuildData) -> bool {
        let any = |wanted: &[&str], fits: &dyn Fn(&str) -> bool| {
            wanted.is_empty() || wanted.iter().any(|one| fits(one))
        };
        any(&self.branches, &|glob| fits(glob, &build.branch))
            && any(&self.commits, &|sha| sha == build.commit)
            && any(&self.states, &|state| is_in(state, build))
            && self.created_from.is_none_or(|at| build.created_at >= at)
            && self.created_to.is_none_or(|at| build.created_at < at)
            && self
                .meta_data
                .iter()
                .all(|(key, value)| build.meta_data.get(*key).map(String::as_str) == Some(value))
    }
}

fn is_in(state: &str, build: &BuildData) -> bool {
    let own = if build.blocked {
        "blocked"
    } else {
        &build.state
    };
    own == state || state == "finished" && FINISHED.contains(&own)
}

/// Whether a text is of a pattern whose `*` stands for anything.
fn fits(glob: &str, text: &str) -> bool {
    match glob.split_once('*') {
        None => glob == text,
        Some((start, rest)) => text
            .strip_prefix(start)
            .is_some_and(|tail| suffixes(tail).any(|end| fits(rest, end))),
    }
}

fn suffixes(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().map(|(at, _)| at);
    starts.chain([text.len()]).map(|at| &text[at..])
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_is_any_text_in_a_branch() {
        assert!(fits("feature/*", "feature/a/b"));
        assert!(fits("*dev*", "my-dev"));
        assert!(!fits("feature/*", "hotfix/a"));
        assert!(!fits("feature", "feature/a"));
    }
}
