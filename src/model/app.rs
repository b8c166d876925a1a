use std::{fmt, str::FromStr};

/// The short name of what is deployed, as in `hey`: it begins every name that we make.
///
/// `[a-z]([-a-z0-9]*[a-z0-9])?`, without `--`, at most 20 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct App(String);

/// An app's name and a companion's fit a Helm release name (53 characters)
/// together with the slug: `<app>-<slug>--<companion>`.
pub(super) const NAMES_LENGTH: usize = 20;

/// Whether `name` may stand in a Kubernetes name of ours, beside the `--` that separates.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(plain)
        && !name.ends_with('-')
        && !name.contains("--")
}

impl FromStr for App {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if !is_name(name) {
            return Err(
                "an app's name is lower-case letters, digits and single `-`, and begins with a letter"
                    .into(),
            );
        }
        if name.len() > NAMES_LENGTH {
            return Err(format!(
                "an app's name has at most {NAMES_LENGTH} characters"
            ));
        }
        Ok(Self(name.into()))
    }
}

impl App {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_a_short_name_that_kubernetes_takes() {
        for good in ["hey", "h", "hey-2", "a23456789012345678-0"] {
            assert!(good.parse::<App>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "Hey",
            "2hey",
            "hey-",
            "-hey",
            "a--b",
            "hé",
            "a b",
            "a2345678901234567890x",
        ] {
            assert!(bad.parse::<App>().is_err(), "{bad}");
        }
    }
}
