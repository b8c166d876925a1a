use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    markdown::{code, link},
    span,
};

/// What a pull request's readers are told of its environment's end.
#[derive(Debug, Clone)]
pub struct Announcement<'a> {
    /// The app.
    pub app: &'a str,
    /// The tier.
    pub tier: &'a str,
    /// The branch.
    pub branch: &'a str,
    /// The address, if the app has one.
    pub url: Option<&'a str>,
    /// When it goes; none once it has gone.
    pub goes: Option<DateTime<Utc>>,
    /// Whether it goes then since somebody asked that it be kept so long.
    pub kept: bool,
    /// How long after its last deploy it goes.
    pub max_age: Duration,
}

impl Announcement<'_> {
    /// The line by which the comment is found again, which nobody sees.
    pub fn mark(&self) -> String {
        format!("<!-- branch-deploys: {} on {} -->", self.app, self.tier)
    }

    /// The comment, in Markdown.
    pub fn text(&self) -> String {
        let what = match self.url {
            Some(url) => format!("The environment {}", link(url)),
            None => format!("The environment of {}", code(self.branch)),
        };
        let age = span(self.max_age);
        // The branch is pasted into somebody's shell.
        let branch = shlex::try_quote(self.branch).unwrap_or_default();
        let (why, renews) = match self.kept {
            true => (
                "until when it is kept".to_owned(),
                format!("keeps it for at least {age}"),
            ),
            false => (
                format!("{age} after its last deploy"),
                "starts that time anew".to_owned(),
            ),
        };
        let sentences = match self.goes {
            Some(goes) => format!(
                "{what} goes on {} at {} UTC, {why}.\n\nA push, or `deploy`, {renews}. To keep it \
                 longer: {}",
                goes.format("%Y-%m-%d"),
                goes.format("%H:%M"),
                code(&format!("environments keep {branch} --for 14d")),
            ),
            None => format!(
                "{what} has gone: nobody had deployed it for {age}.\n\nA push, or `deploy`, brings \
                 it back.",
            ),
        };
        format!("{}\n{sentences}", self.mark())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement(goes: Option<&str>) -> Announcement<'static> {
        Announcement {
            app: "hey",
            tier: "beta",
            branch: "new`@all|x",
            url: Some("https://new.beta.example.com"),
            goes: goes.map(|goes| goes.parse().unwrap()),
            kept: false,
            max_age: Duration::from_secs(5 * 24 * 60 * 60),
        }
    }

    #[test]
    fn it_says_when_the_environment_goes_and_what_to_do() {
        insta::assert_snapshot!(announcement(Some("2026-11-25T09:30:00Z")).text());
    }

    #[test]
    fn one_that_is_kept_goes_when_that_is_over_and_not_so_long_after_its_last_deploy() {
        let kept = Announcement {
            kept: true,
            ..announcement(Some("2026-11-25T09:30:00Z"))
        };
        let text = kept.text();
        assert!(text.contains("09:30 UTC, until when it is kept."), "{text}");
        assert!(!text.contains("its last deploy"), "{text}");
    }

    #[test]
    fn it_is_found_again_by_its_first_line_whatever_it_says() {
        for goes in [None, Some("2026-11-25T09:30:00Z")] {
            let announcement = announcement(goes);
            assert!(announcement.text().starts_with(&announcement.mark()));
        }
    }
}
