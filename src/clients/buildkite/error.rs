use std::{fmt, time::Duration};

use crate::model::Pipeline;

/// Why Buildkite did not do what was asked. Its text is one line that says what to do.
#[derive(Debug)]
pub struct BuildkiteError {
    pipeline: String,
    /// What the token needs for what was asked.
    scope: &'static str,
    cause: Cause,
}

#[derive(Debug)]
pub(super) enum Cause {
    /// A status that is no success, and Buildkite's message.
    Refused(u16, String),
    /// The limit is used up, and reset after this time.
    Limited(Option<Duration>),
    /// No answer, or one that was cut off.
    Unreachable(String),
    /// An answer that is not what the API promises.
    Garbled(String),
}

impl BuildkiteError {
    pub(super) fn new(pipeline: &Pipeline, scope: &'static str, cause: Cause) -> Self {
        Self {
            pipeline: pipeline.to_string(),
            scope,
            cause,
        }
    }

    /// Whether the same question may be answered later.
    pub fn may_pass(&self) -> bool {
        match self.cause {
            Cause::Refused(status, _) => status >= 500,
            // A proxy's page, or half of an answer, in place of JSON.
            Cause::Limited(_) | Cause::Unreachable(_) | Cause::Garbled(_) => true,
        }
    }

    /// How long Buildkite asks us to keep away.
    pub fn wait(&self) -> Option<Duration> {
        match self.cause {
            Cause::Limited(wait) => wait,
            Cause::Refused(..) | Cause::Unreachable(_) | Cause::Garbled(_) => None,
        }
    }
}

impl fmt::Display for BuildkiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pipeline = &self.pipeline;
        match &self.cause {
            Cause::Refused(401, message) => write!(
                f,
                "Buildkite refuses the token (401 {message}): it is wrong or was revoked"
            ),
            Cause::Refused(403, message) => write!(
                f,
                "Buildkite answers 403 for the builds of {pipeline}: {message}; the token needs the \
                 scope {}",
                self.scope
            ),
            Cause::Refused(404, _) => write!(
                f,
                "Buildkite shows no pipeline {pipeline} (404): is it spelt as in its address, and \
                 may the token see its organization?"
            ),
            Cause::Refused(status, message) => write!(
                f,
                "Buildkite answers {status} for the builds of {pipeline}: {message}"
            ),
            Cause::Limited(Some(wait)) => write!(
                f,
                "Buildkite's rate limit is used up: it is free again in {} s",
                wait.as_secs()
            ),
            Cause::Limited(None) => f.write_str("Buildkite's rate limit is used up"),
            Cause::Unreachable(reason) => write!(f, "Buildkite does not answer: {reason}"),
            Cause::Garbled(reason) => write!(
                f,
                "Buildkite's answer for the builds of {pipeline} cannot be read: {reason}"
            ),
        }
    }
}

impl std::error::Error for BuildkiteError {}
