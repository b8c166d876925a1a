//! What `--check` looks for, and what it found.

use serde::Serialize;

/// What a question came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// The answer.
    Told(T),
    /// A refusal, in the words of who refused: it would not be another one later.
    Refused(String),
    /// Nobody told, and why.
    Silent(String),
}

/// Whether something that a program needs is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is.
    There,
    /// It is not, and the program would fail without it.
    Missing,
    /// The program would run, and something is not as it should be.
    Doubtful,
    /// Nobody told.
    Unknown,
}

/// One thing that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// What it is, as in `GitHub: deployments: write`.
    pub what: String,
    /// Whether it is there.
    pub verdict: Verdict,
    /// What was found, or why nothing was.
    pub found: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Line {
    /// A line about something that is there.
    pub fn there(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self::of(what, Verdict::There, found)
    }

    /// A line about something that is missing, and what to do.
    pub fn missing(
        what: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::of(what, Verdict::Missing, found).advising(advice)
    }

    /// A line about something that is not as it should be, and what to do.
    pub fn doubtful(
        what: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::of(what, Verdict::Doubtful, found).advising(advice)
    }

    /// A line about something that nobody told, and why.
    pub fn unknown(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::of(what, Verdict::Unknown, why)
    }

    /// The same with what to do.
    pub fn advising(self, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self { advice, ..self }
    }

    fn of(what: impl Into<String>, verdict: Verdict, found: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            verdict,
            found: found.into(),
            advice: None,
        }
    }
}

impl<T> Fact<T> {
    /// The same about what is made of an answer.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Told(answer) => Fact::Told(make(answer)),
            Self::Refused(words) => Fact::Refused(words),
            Self::Silent(why) => Fact::Silent(why),
        }
    }
}
