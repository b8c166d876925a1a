//! What `--check` shows.

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::plain;
use crate::model::{Line, Verdict};

/// What `--check --output json` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    /// The program that was checked.
    pub program: &'static str,
    /// All that it needs.
    pub checks: Vec<Line>,
}

/// How wide the table is where no terminal says it.
const USUAL_WIDTH: u16 = 100;

/// From how many columns on what was looked for stands beside what was found.
const WIDE: u16 = 80;

impl Checked {
    /// What came of it, for people.
    pub fn sentence(&self) -> String {
        let of = |verdict| {
            let lines = self.checks.iter();
            lines.filter(|line| line.verdict == verdict).count()
        };
        let (program, missing) = (self.program, of(Verdict::Missing));
        let all = self.checks.len();
        let doubts = match (of(Verdict::Doubtful), of(Verdict::Unknown)) {
            (0, 0) => String::new(),
            (doubtful, 0) => format!("; look at {doubtful} more"),
            (0, unknown) => format!("; {unknown} could not be asked"),
            (doubtful, unknown) => {
                format!("; look at {doubtful} more, and {unknown} could not be asked")
            }
        };
        match missing {
            0 => format!("Nothing that {program} needs is missing{doubts}"),
            1 => format!("1 of {all} that {program} needs is missing{doubts}"),
            _ => format!("{missing} of {all} that {program} needs are missing{doubts}"),
        }
    }

    /// The lines as a table of at most this width.
    pub fn table(&self, width: Option<u16>) -> String {
        let width = width.unwrap_or(USUAL_WIDTH);
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
        for line in &self.checks {
            let (what, found) = (plain(&line.what), found(line));
            match width >= WIDE {
                true => table.add_row([mark(line.verdict).to_owned(), what, found]),
                false => table.add_row([mark(line.verdict).to_owned(), format!("{what}\n{found}")]),
            };
        }
        let lines: Vec<_> = table.lines().map(|line| barred(line.trim_end())).collect();
        lines.join("\n")
    }
}

/// A line that goes on with what others wrote stands behind a bar, as every quote does: GitHub's runner
/// takes `::error` for a command behind blanks too.
fn barred(line: &str) -> String {
    let line = line.strip_prefix(' ').unwrap_or(line);
    match line.strip_prefix(' ') {
        Some(rest) => format!("│{rest}"),
        None => line.to_owned(),
    }
}

/// What was found, and below it what to do.
fn found(line: &Line) -> String {
    let found = plain(&line.found);
    match &line.advice {
        Some(advice) => format!("{found}\n→ {}", plain(advice)),
        None => found,
    }
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::There => "[✔]",
        Verdict::Missing => "[✘]",
        Verdict::Doubtful => "[!]",
        Verdict::Unknown => "[?]",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked() -> Checked {
        let hooks = "https://github.com/acme/hey/settings/hooks";
        Checked {
            program: "queue-deploy",
            checks: vec![
                Line::there(
                    "GitHub: repository",
                    "acme/hey is seen, by a token with the scopes repo",
                ),
                Line::missing(
                    "GitHub: deployments: write",
                    "GitHub answered 403 to POST /repos/acme/hey/deployments: Resource not \
                     accessible by personal access token\n##[error]x ::error::y",
                    "give the token deployments: write (a classic one: the scope repo)",
                ),
                Line::doubtful(
                    "GitHub: webhook for deployments",
                    "webhook.buildkite.com is sent `deployment` events, and answered the last one \
                     with 500",
                    format!("look at its deliveries: {hooks}"),
                ),
                Line::unknown(
                    "Buildkite: deploy pipeline acme/hey-deploy",
                    "not asked: BUILDKITE_API_TOKEN is not set, a token with the scope \
                     read_pipelines",
                ),
            ],
        }
    }

    #[test]
    fn sixty_columns_hold_what_and_found_below_each_other() {
        let narrow = checked().table(Some(60));
        assert!(narrow.lines().all(|line| line.chars().count() <= 60));
        insta::assert_snapshot!(narrow);
        assert!(narrow.lines().all(|line| line.starts_with(['[', '│'])));
    }

    #[test]
    fn a_wide_terminal_holds_them_beside_each_other() {
        let wide = checked().table(Some(120));
        assert!(wide.lines().all(|line| line.chars().count() <= 120));
        insta::assert_snapshot!(wide);
    }

    #[test]
    fn the_sentence_counts_what_is_missing_and_what_nobody_told() {
        let mut checked = checked();
        assert_eq!(
            checked.sentence(),
            "1 of 4 that queue-deploy needs is missing; look at 1 more, and 1 could not be asked"
        );
        checked.checks.truncate(1);
        assert_eq!(
            checked.sentence(),
            "Nothing that queue-deploy needs is missing"
        );
    }
}
