use std::fmt;

use serde::{Deserialize, Serialize};

/// The states that we post, each when it begins to be true and not before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The lock is held and work is going on.
    InProgress,
    /// The address answers.
    Success,
    /// It failed, or was cancelled.
    Failure,
    /// Superseded, or swept.
    Inactive,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Inactive => "inactive",
        })
    }
}

/// The most characters of a status's description; GitHub answers 422 to more.
const DESCRIPTION: usize = 140;

/// Begins each description of ours: Buildkite posts statuses on the same deployment, and its
/// `success` says only that a build passed.
const SIGNATURE: &str = "branch-deploys:";

/// `text` as a status's description: signed, in one line, cut where GitHub would refuse it.
pub fn describe(text: &str) -> String {
    let line = signed(text);
    if fits(&line) {
        return line;
    }
    let cut: String = line.chars().take(DESCRIPTION - 1).collect();
    format!("{}…", cut.trim_end())
}

/// Whether all of `text` stands in a status's description.
pub fn is_described(text: &str) -> bool {
    fits(&signed(text))
}

fn signed(text: &str) -> String {
    let words = std::iter::once(SIGNATURE).chain(text.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}

fn fits(line: &str) -> bool {
    line.chars().count() <= DESCRIPTION
}

/// What is said with [`State::InProgress`] once the releases are up and the address is waited for.
pub const ANSWERING: &str = "every release is ready, waiting for";

/// A status that a deployment has, whoever posted it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Posted {
    /// What was true, in GitHub's word for it.
    pub state: String,
    /// What was said with it.
    pub description: Option<String>,
    /// Where the log is.
    pub log_url: Option<String>,
    /// Where the environment answers.
    pub environment_url: Option<String>,
}

impl Posted {
    /// What we said with it; none where somebody else posted it.
    pub fn our_words(&self) -> Option<&str> {
        let words = self.description.as_deref()?.strip_prefix(SIGNATURE)?;
        Some(words.trim_start())
    }

    /// Where the log is, if it says so: GitHub gives empty text for none.
    pub fn log(&self) -> Option<&str> {
        self.log_url.as_deref().filter(|url| !url.is_empty())
    }

    /// Where the environment answers, if it says so.
    pub fn url(&self) -> Option<&str> {
        self.environment_url
            .as_deref()
            .filter(|url| !url.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn our_words_are_told_from_others() {
        let posted = |description: &str| Posted {
            description: Some(description.to_owned()),
            ..Posted::default()
        };
        assert_eq!(posted(&describe("it is up")).our_words(), Some("it is up"));
        assert_eq!(posted("Build #5 passed").our_words(), None);
        assert_eq!(Posted::default().our_words(), None);
    }

    proptest! {
        #[test]
        fn a_description_is_one_line_that_github_takes(text in "[\\PC\n]{0,400}") {
            let line = describe(&text);
            prop_assert!(line.chars().count() <= 140);
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(is_described(&text), line == signed(&text));
        }
    }
}
