use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A Git branch as Git spells it, without `refs/heads/`. Hostile text: it goes nowhere unescaped.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Branch(String);

/// GitHub refuses longer names of refs.
const LENGTH: usize = 255;

impl FromStr for Branch {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if name.is_empty() {
            return Err("a branch has a name".into());
        }
        if name.len() > LENGTH {
            return Err(format!("a branch's name has at most {LENGTH} bytes"));
        }
        if name.chars().any(char::is_control) {
            return Err("a branch's name holds no control characters".into());
        }
        // Git refuses it, and in the path of an address it would climb.
        if name.contains("..") {
            return Err("a branch's name holds no `..`".into());
        }
        // A chart may hand the branch to `tpl`, which would run it as a template.
        if name.contains("{{") {
            return Err("a branch that holds `{{` is not deployed: a chart could run it".into());
        }
        Ok(Self(name.into()))
    }
}

impl TryFrom<String> for Branch {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl From<Branch> for String {
    fn from(branch: Branch) -> Self {
        branch.0
    }
}

impl Branch {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_that_git_allows_are_branches() {
        for name in [
            "feature/Ünïcode",
            "$(rm${IFS}-rf)",
            "a'b\"c;d,e=f",
            "{commit}",
            "-leading",
            "§",
        ] {
            assert!(name.parse::<Branch>().is_ok(), "{name}");
        }
    }

    #[test]
    fn a_template_is_no_branch() {
        assert!("{{.Values.x}}".parse::<Branch>().is_err());
    }

    #[test]
    fn empty_endless_and_control_characters_are_refused() {
        for name in [
            String::new(),
            "x".repeat(256),
            "a\nb".into(),
            "a\u{1b}[0m".into(),
        ] {
            assert!(name.parse::<Branch>().is_err(), "{name:?}");
        }
    }
}
