use std::{fmt, str::FromStr};

/// A GitHub repository by its name, `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    /// The user or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name below the owner.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both are one: GitHub knows no difference of case.
    pub fn is(&self, other: &Self) -> bool {
        self.to_string().eq_ignore_ascii_case(&other.to_string())
    }

    /// The repository that a clone address names, as in BUILDKITE_REPO:
    /// `git@github.com:acme/hey.git`, `https://github.com/acme/hey`.
    pub fn from_clone_address(address: &str) -> Result<Self, String> {
        let path = match address.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map(|(_host, path)| path),
            None => address.split_once(':').map(|(_host, path)| path),
        };
        path.unwrap_or_default()
            .trim_matches('/')
            .trim_end_matches(".git")
            .parse()
    }
}

impl FromStr for Repository {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // GitHub's own alphabet: nothing in it needs escaping in an address.
        let plain = |part: &str| {
            !part.is_empty()
                && !matches!(part, "." | "..")
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        match text.split_once('/') {
            Some((owner, name)) if plain(owner) && plain(name) => Ok(Self {
                owner: owner.into(),
                name: name.into(),
            }),
            _ => Err("a repository is given as owner/name, as in acme/hey".into()),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_address_names_its_repository() {
        for address in [
            "git@github.com:acme/hey.git",
            "https://github.com/acme/hey",
            "https://github.com/acme/hey.git",
            "ssh://git@github.com:22/acme/hey.git",
        ] {
            let repository = Repository::from_clone_address(address).unwrap();
            assert_eq!(repository.to_string(), "acme/hey", "{address}");
        }
        for address in ["", "acme", "/srv/git/hey", "https://github.com/acme"] {
            assert!(
                Repository::from_clone_address(address).is_err(),
                "{address}"
            );
        }
    }

    #[test]
    fn a_name_that_would_change_an_address_is_refused() {
        for text in [
            "acme",
            "acme/hey/x",
            "acme/..",
            "acme/h?y",
            "ac me/hey",
            "/hey",
        ] {
            assert!(text.parse::<Repository>().is_err(), "{text}");
        }
    }
}
