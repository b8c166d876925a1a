use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A full Git commit id: 40 lower-case hex digits (or 64, where Git uses SHA-256).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

impl FromStr for Commit {
    type Err = String;

    fn from_str(id: &str) -> Result<Self, String> {
        let hex = id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match (id.len(), hex) {
            (40 | 64, true) => Ok(Self(id.into())),
            _ => Err("a commit is given in full: 40 lower-case hex digits".into()),
        }
    }
}

impl TryFrom<String> for Commit {
    type Error = String;

    fn try_from(id: String) -> Result<Self, String> {
        id.parse()
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> Self {
        commit.0
    }
}

impl Commit {
    /// All digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as people read and say them.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
