use std::fmt;

use sha2::{Digest, Sha256};

use super::Branch;

/// The most characters of a slug: external-dns prefixes the label, charts append to names.
pub const SLUG_LENGTH: usize = 30;

/// Digits of the branch's SHA-256 that a slug ends in when the branch is not its own slug.
const DIGITS: usize = 6;

/// Names that a zone, a cluster or a team is likely to use for something else.
pub const RESERVED: [&str; 24] = [
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "cdn",
    "dev",
    "ftp",
    "imap",
    "internal",
    "localhost",
    "mail",
    "main",
    "master",
    "ns",
    "prod",
    "production",
    "root",
    "smtp",
    "staging",
    "static",
    "status",
    "test",
    "www",
];

/// A branch as a DNS label: a pure function of the branch, frozen within a major version.
///
/// A branch that is a fit label keeps its name; every other slug ends in `-` and six hex
/// digits of the branch's SHA-256, so branches that differ in one symbol do not meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

impl Slug {
    /// The slug of `branch`.
    pub fn of(branch: &Branch) -> Self {
        let name = branch.as_str();
        let label = label(name);
        if label == name && is_free(&label) {
            return Self(label);
        }
        let kept: String = label.chars().take(SLUG_LENGTH - DIGITS - 1).collect();
        let kept = match kept.trim_end_matches('-') {
            "" => "branch",
            kept => kept,
        };
        Self(format!("{kept}-{}", digits(name)))
    }

    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `name` in lower case, each run of other characters than letters and digits one `-`.
///
/// ASCII only: Unicode's lower case of some symbols is an ASCII letter.
fn label(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

fn is_free(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= SLUG_LENGTH
        && !label.starts_with("xn-")
        && !RESERVED.contains(&label)
}

fn digits(name: &str) -> String {
    let hash = Sha256::digest(name.as_bytes());
    hash.iter()
        .take(DIGITS / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slug(branch: &str) -> String {
        Slug::of(&branch.parse().unwrap()).to_string()
    }

    fn is_label(label: &str) -> bool {
        let edge =
            |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        edge(label.chars().next())
            && edge(label.chars().last())
            && label
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    }

    #[test]
    fn a_branch_that_is_a_label_is_its_own_slug() {
        for branch in [
            "new-inbox",
            "foo-redis",
            "x",
            "2024",
            "a23456789-123456789-123456789-",
        ] {
            let branch = branch.trim_end_matches('-');
            assert_eq!(slug(branch), branch);
        }
    }

    #[test]
    fn reserved_names_and_punycode_are_told_apart() {
        for branch in RESERVED {
            assert!(slug(branch).starts_with(&format!("{branch}-")), "{branch}");
        }
        assert!(slug("xn-x").starts_with("xn-x-"));
    }

    #[test]
    fn only_symbols_have_a_slug_too() {
        assert!(slug("///").starts_with("branch-"));
        assert_ne!(slug("///"), slug("//"));
    }

    proptest! {
        #[test]
        fn every_slug_is_a_short_label_without_a_double_dash(name in "\\PC{1,80}") {
            prop_assume!(name.parse::<Branch>().is_ok());
            let slug = slug(&name);
            prop_assert!(is_label(&slug), "{slug}");
            prop_assert!(slug.len() <= SLUG_LENGTH);
            prop_assert!(!slug.contains("--"));
            prop_assert!(!RESERVED.contains(&slug.as_str()));
        }

        #[test]
        fn branches_that_differ_have_slugs_that_differ(
            one in "[a-zA-Z0-9/_.-]{1,40}", other in "[a-zA-Z0-9/_.-]{1,40}",
        ) {
            prop_assume!(one != other && !one.contains("..") && !other.contains(".."));
            prop_assert_ne!(slug(&one), slug(&other));
        }

        #[test]
        fn case_alone_makes_another_slug(name in "[a-z]{2,20}") {
            prop_assert_ne!(slug(&name), slug(&name.to_uppercase()));
        }
    }
}
