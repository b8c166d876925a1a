use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

/// A pipeline at Buildkite, as in `acme/hey`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The organization's slug.
    pub organization: String,
    /// The pipeline's own slug.
    pub slug: String,
}

impl FromStr for Pipeline {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let slug = |text: &str| {
            let dots = text.chars().all(|c| c == '.');
            !dots && text.chars().all(plain)
        };
        match text.split_once('/') {
            Some((organization, pipeline)) if slug(organization) && slug(pipeline) => Ok(Self {
                organization: organization.to_owned(),
                slug: pipeline.to_owned(),
            }),
            _ => Err("a pipeline is given as organization/pipeline, as in its address".into()),
        }
    }
}

impl fmt::Display for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.organization, self.slug)
    }
}

/// A build at Buildkite, as its REST API tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Build {
    /// Its number in the pipeline.
    pub number: u64,
    /// Its page.
    pub web_url: String,
    /// As in `running`; Buildkite may know more of them than we do.
    pub state: String,
    /// Whether somebody has to unblock it; such a build may call itself passed.
    #[serde(default)]
    pub blocked: bool,
    /// The commit as it was asked for: in full, or as in `HEAD`.
    pub commit: String,
    /// The branch, or what the build was told instead.
    pub branch: String,
    /// Its jobs, those of one step beside each other.
    #[serde(default)]
    pub jobs: Vec<Job>,
}

impl Build {
    /// Whether nothing of it will run any more by itself.
    pub fn has_ended(&self) -> bool {
        matches!(
            self.state.as_str(),
            "passed" | "failed" | "canceled" | "skipped" | "not_run" | "blocked"
        )
    }
}

/// A job of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Job {
    /// The key of the step that it runs.
    pub step_key: Option<String>,
    /// As in `running`; Buildkite may know more of them than we do.
    #[serde(deserialize_with = "text_or_none")]
    pub state: String,
    /// Whether it failed in a way that the pipeline forgives.
    #[serde(deserialize_with = "truth_or_none")]
    pub soft_failed: bool,
    /// Whether another job takes its place.
    #[serde(deserialize_with = "truth_or_none")]
    pub retried: bool,
    /// Its page.
    pub web_url: Option<String>,
    /// When it began to run.
    pub started_at: Option<DateTime<Utc>>,
    /// How many jobs its step has in parallel.
    pub parallel_group_total: Option<usize>,
}

/// Jobs that run nothing, as a wait, have `null` for what they lack.
fn text_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn truth_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_named_with_its_organization() {
        let pipeline: Pipeline = "acme/hey".parse().unwrap();
        assert_eq!(pipeline.to_string(), "acme/hey");
        for bad in ["", "hey", "acme/", "/hey", "acme/hey/x", "a b/c", "../.."] {
            assert!(bad.parse::<Pipeline>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_job_lacks_may_be_null() {
        let wait = r#"{"id": "1", "type": "waiter", "state": null, "soft_failed": null}"#;
        let job: Job = serde_json::from_str(wait).unwrap();
        assert_eq!(job, Job::default());
    }
}
