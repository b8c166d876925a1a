use std::str::FromStr;

use reqwest::Url;

use super::{App, Branch, Commit, Slug};

/// What stands for each placeholder in one deploy.
#[derive(Debug, Clone)]
pub struct Facts {
    pairs: Vec<(&'static str, String)>,
}

/// Every placeholder, in the order in which help texts list them.
const NAMES: [&str; 8] = [
    "app",
    "branch",
    "slug",
    "commit",
    "short-commit",
    "host",
    "url",
    "tier",
];

impl Facts {
    /// The facts that are known before the address is: all but `{host}` and `{url}`.
    pub fn new((app, tier): (&App, &str), branch: &Branch, commit: &Commit) -> Self {
        Self {
            pairs: vec![
                ("app", app.to_string()),
                ("branch", branch.to_string()),
                ("slug", Slug::of(branch).to_string()),
                ("commit", commit.to_string()),
                ("short-commit", commit.short().to_owned()),
                ("tier", tier.to_owned()),
            ],
        }
    }

    /// What is known of code alone, before anything is said of an app.
    pub fn of_code(branch: Option<&Branch>, commit: &Commit) -> Self {
        let slug = branch.map(|branch| ("slug", Slug::of(branch).to_string()));
        let commit = [
            ("commit", commit.to_string()),
            ("short-commit", commit.short().to_owned()),
        ];
        Self {
            pairs: slug.into_iter().chain(commit).collect(),
        }
    }

    /// With the address, `{url}`, and its host name, `{host}`; empty for an app without one.
    pub fn with_address(mut self, url: &str, host: &str) -> Self {
        self.pairs.push(("url", url.to_owned()));
        self.pairs.push(("host", host.to_owned()));
        self
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Text that may hold placeholders, as in `https://{slug}.beta.example.com`.
///
/// `{word}` is a placeholder, and must be a known one; every other brace stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(String),
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, name, after)) = next_placeholder(rest) {
            if !NAMES.contains(&name) {
                return Err(format!(
                    "no placeholder `{{{name}}}`: known are {}",
                    listed()
                ));
            }
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Placeholder(name.to_owned()));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }
}

impl Template {
    /// The address that the text makes.
    ///
    /// `{branch}` is refused there: it is anybody's text, and `evil.com/x` would choose the host.
    pub fn address(&self, facts: &Facts) -> Result<String, String> {
        if self.0.contains(&Part::Placeholder("branch".to_owned())) {
            return Err("`{branch}` does not belong in an address: use `{slug}`".to_owned());
        }
        let address = self.fill(facts)?;
        let url = Url::parse(&address).ok();
        let is_secret = |url: &Url| !url.username().is_empty() || url.password().is_some();
        if url.as_ref().is_some_and(is_secret) {
            return Err("it holds a user or password, and everybody is shown it".to_owned());
        }
        if address.contains(['?', '#']) {
            return Err("it ends with its path: the health path stands below it".to_owned());
        }
        Ok(address)
    }

    /// The text with every placeholder replaced, in one pass: a branch called `{commit}` stays so.
    ///
    /// Fails on a placeholder that is not known yet, as `{url}` in the address itself.
    pub fn fill(&self, facts: &Facts) -> Result<String, String> {
        let fill = |part: &Part| match part {
            Part::Text(text) => Ok(text.clone()),
            Part::Placeholder(name) => facts
                .get(name)
                .map(str::to_owned)
                .ok_or_else(|| unknown(name)),
        };
        self.0.iter().map(fill).collect()
    }
}

fn unknown(name: &str) -> String {
    match name {
        "host" | "url" => format!("`{{{name}}}` is made from this text and cannot be in it"),
        "branch" => "`{branch}` is anybody's text and does not belong here: use `{slug}`".into(),
        _ => format!("`{{{name}}}` is not known here"),
    }
}

/// Text before the first `{word}` of `text`, the word, and the text after it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        let word: &str = &text[open + 1..];
        let end = word
            .find(|c: char| !c.is_ascii_lowercase() && c != '-')
            .unwrap_or(word.len());
        if end > 0 && word[end..].starts_with('}') {
            return Some((&text[..open], &word[..end], &word[end + 1..]));
        }
        from = open + 1;
    }
    None
}

fn listed() -> String {
    NAMES.map(|name| format!("{{{name}}}")).join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts(branch: &str) -> Facts {
        let commit = "4f2a91c".repeat(6)[..40].parse().unwrap();
        let app = "hey".parse().unwrap();
        Facts::new((&app, "beta"), &branch.parse().unwrap(), &commit)
    }

    fn filled(template: &str, branch: &str) -> Result<String, String> {
        template.parse::<Template>()?.fill(&facts(branch))
    }

    #[test]
    fn placeholders_are_replaced_and_other_braces_stay() {
        assert_eq!(filled("{app}-{slug}.x", "new").unwrap(), "hey-new.x");
        assert_eq!(
            filled(r#"{"a":{}} {A} {"#, "new").unwrap(),
            r#"{"a":{}} {A} {"#
        );
        assert_eq!(filled("{short-commit}", "new").unwrap(), "4f2a91c");
    }

    #[test]
    fn one_pass_only() {
        assert_eq!(filled("<{branch}>", "{commit}").unwrap(), "<{commit}>");
    }

    #[test]
    fn a_branch_does_not_choose_the_host() {
        let address = |text: &str| text.parse::<Template>().unwrap().address(&facts("new"));
        assert_eq!(address("https://{slug}.x").unwrap(), "https://new.x");
        assert!(address("https://{branch}.x").is_err());
    }

    #[test]
    fn an_address_holds_no_password_and_ends_with_its_path() {
        let address = |text: &str| text.parse::<Template>().unwrap().address(&facts("new"));
        assert!(address("https://x.example.com/{slug}").is_ok());
        for bad in [
            "https://me:hush@{slug}.x",
            "https://{slug}.x/?a",
            "https://{slug}.x/#b",
        ] {
            let refused = address(bad).unwrap_err();
            assert!(!refused.contains("hush"), "{refused}");
        }
    }

    #[test]
    fn a_misspelt_placeholder_is_named() {
        let error = filled("{comit}", "new").unwrap_err();
        assert!(
            error.contains("`{comit}`") && error.contains("{short-commit}"),
            "{error}"
        );
    }

    #[test]
    fn an_address_cannot_be_made_from_itself() {
        assert!(filled("https://{host}", "new").is_err());
    }

    proptest! {
        #[test]
        fn text_without_placeholders_is_itself(text in "[^{]{0,40}") {
            prop_assert_eq!(filled(&text, "new").unwrap(), text);
        }

        #[test]
        fn a_branch_comes_through_as_it_is(name in "\\PC{1,60}") {
            prop_assume!(name.parse::<crate::model::Branch>().is_ok());
            prop_assert_eq!(filled("{branch}", &name).unwrap(), name);
        }
    }
}
