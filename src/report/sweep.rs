//! What a sweep shows: its plan, and what came of it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{markdown, plain, table::span};

/// What `sweep-stale --output json` prints.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Swept {
    /// `swept`, `nothing`, `planned`, `refused` or `failed`.
    pub state: &'static str,
    /// What came of it, in a sentence.
    pub message: String,
    /// Why something was not done, or could not be known, that is no single environment's.
    pub problems: Vec<String>,
    /// Every environment that was looked at, by name.
    pub environments: Vec<Judged>,
    /// Whether a brake holds what goes since its branch is gone.
    #[serde(skip)]
    pub braked: bool,
    /// Deployments that nobody had taken up for a day.
    pub lost_deployments: Vec<u64>,
    /// Deployments that are shown as reachable though a newer one is up.
    pub replaced_deployments: Vec<u64>,
    /// Those of both that were made inactive.
    pub closed_deployments: Vec<u64>,
}

/// One environment, as a sweep judged it.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Judged {
    /// Its name, `<app>-<slug>`.
    pub environment: String,
    /// The branch, where it is known.
    pub branch: Option<String>,
    /// When it was last deployed, where that was looked up.
    pub last_deployed: Option<DateTime<Utc>>,
    /// What is done with it.
    pub verdict: Word,
    /// Why: `branch-gone`, `age`, `unfinished`, `empty`, `default-branch`, `protected`, `keep`,
    /// `kept-until`, `busy`, `young`, `branch-there`, `no-age`, `next-time`, `max-deletions`,
    /// `another-repository` or `unknown`.
    pub why: &'static str,
    /// Why, in words.
    pub reason: String,
    /// When it goes by age.
    pub goes: Option<DateTime<Utc>>,
    /// Whether that is soon enough to be announced.
    pub soon: bool,
    /// What came of it: `removed`, `stays` or `failed`; none where nothing was tried.
    pub outcome: Option<&'static str>,
    /// Objects that were seen gone.
    pub removed: Vec<String>,
    /// Objects that their chart asks to keep.
    pub kept: Vec<String>,
    /// Objects that are still there.
    pub left: Vec<String>,
}

/// What a sweep does with an environment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It goes.
    Goes,
    /// It stays.
    Stays,
    /// It stays, since something could not be known.
    #[default]
    Unknown,
}

impl Swept {
    /// Whether nothing was done, be it that what was to go had to stay.
    pub fn is_idle(&self) -> bool {
        let mut outcomes = self.environments.iter().filter_map(|it| it.outcome);
        self.closed_deployments.is_empty() && outcomes.all(|outcome| outcome == "stays")
    }

    /// Whether the brake holds it.
    pub fn holds(&self, judged: &Judged) -> bool {
        self.braked && judged.verdict == Word::Goes && judged.why == "branch-gone"
    }

    /// The names of the environments that were removed, as a JSON list.
    pub fn removed(&self) -> String {
        let removed = self.environments.iter();
        let removed = removed.filter(|it| it.outcome == Some("removed"));
        let names: Vec<_> = removed.map(|it| it.environment.as_str()).collect();
        serde_json::Value::from(names).to_string()
    }

    /// The plan, line by line: what goes soon comes first, since somebody can still keep it.
    pub fn plan(&self, now: DateTime<Utc>) -> Vec<String> {
        let mut lines = Vec::new();
        let mut part = |title: &str, which: &dyn Fn(&Judged) -> bool| {
            let judged = self.environments.iter().filter(|it| which(it));
            let judged: Vec<String> = judged.map(|it| line(it, now)).collect();
            if !judged.is_empty() {
                lines.push(title.to_owned());
                lines.extend(judged);
            }
        };
        let word = |word| move |it: &Judged| it.verdict == word && !it.soon;
        part(
            "Soon, unless they are deployed before, or kept by \
             `environments keep BRANCH --for 14d`:",
            &|it| it.soon,
        );
        part("Now:", &|it| word(Word::Goes)(it) && !self.holds(it));
        part("Held back, since so many branches are gone:", &|it| {
            self.holds(it)
        });
        part("Not known, so left alone:", &word(Word::Unknown));
        part("Kept:", &|it| word(Word::Stays)(it) && !it.is_usual());
        let usual = self.environments.iter().filter(|it| it.is_usual()).count();
        if usual > 0 {
            lines.push(match (usual, self.environments.len() - usual) {
                (_, 0) => format!("None of {usual} is due."),
                (1, _) => "1 more is not due.".to_owned(),
                (_, _) => format!("{usual} more are not due."),
            });
        }
        for (deployments, why) in [
            (
                &self.lost_deployments,
                "nobody took up, or ended, within a day",
            ),
            (&self.replaced_deployments, "a newer one took the place of"),
        ] {
            if !deployments.is_empty() {
                let all: Vec<_> = deployments.iter().map(u64::to_string).collect();
                let all = all.join(", ");
                lines.push(format!("Deployments to be closed, which {why}: {all}"));
            }
        }
        lines
    }

    /// The whole of it for the page of a job or a build.
    pub fn markdown(&self, now: DateTime<Utc>) -> String {
        let mut text = markdown::escape(&self.message) + "\n";
        for problem in &self.problems {
            text.push_str(&format!("\n- {}\n", markdown::escape(problem)));
        }
        let shown = self.environments.iter().filter(|it| !it.is_usual());
        let mut rows = shown.map(|it| self.row(it, now)).peekable();
        if rows.peek().is_some() {
            text.push_str(
                "\n| Branch | Environment | Last deploy | | Why |\n| - | - | - | - | - |\n",
            );
            text.extend(rows);
        }
        text
    }

    fn row(&self, judged: &Judged, now: DateTime<Utc>) -> String {
        let unknown = || "—".to_owned();
        let branch = judged.branch.as_deref().map(markdown::cell);
        let what = match self.holds(judged) {
            true => "held back",
            false => judged.what(),
        };
        format!(
            "| {} | {} | {} | {what} | {} |\n",
            branch.unwrap_or_else(unknown),
            markdown::cell(&judged.environment),
            judged.age(now).unwrap_or_else(unknown),
            markdown::escape(&judged.reason),
        )
    }
}

impl Judged {
    /// Whether there is nothing to tell of it.
    fn is_usual(&self) -> bool {
        matches!(self.why, "young" | "branch-there" | "no-age") && !self.soon
    }

    fn what(&self) -> &'static str {
        match (self.outcome, self.verdict) {
            (Some("removed"), _) => "removed",
            (Some("failed"), _) => "failed",
            (Some(_), _) => "stays",
            (None, Word::Goes) => "goes",
            (None, Word::Stays) if self.soon => "goes soon",
            (None, Word::Stays) => "stays",
            (None, Word::Unknown) => "not known",
        }
    }

    fn age(&self, now: DateTime<Utc>) -> Option<String> {
        let age = (now - self.last_deployed?).to_std().unwrap_or_default();
        Some(format!("{} ago", span(age)))
    }
}

fn line(judged: &Judged, now: DateTime<Utc>) -> String {
    let name = plain(&judged.environment);
    let who = match &judged.branch {
        Some(branch) => format!("{} ({name})", plain(branch)),
        None => name,
    };
    let age = judged.age(now).map(|age| format!(", deployed {age}"));
    let reason = plain(&judged.reason);
    format!("  {who}{}: {reason}", age.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn judged(slug: &str, verdict: Word, why: &'static str, reason: &str) -> Judged {
        Judged {
            environment: format!("hey-{slug}"),
            branch: Some(slug.to_owned()),
            verdict,
            why,
            reason: reason.to_owned(),
            ..Judged::default()
        }
    }

    fn swept() -> Swept {
        let hours = |hours| Some(now() - chrono::TimeDelta::hours(hours));
        Swept {
            message: "Environments: 1 removed, 1 not gone yet, 1 not known, 4 stay".into(),
            problems: vec!["this machine's clock is ahead".into()],
            environments: vec![
                Judged {
                    last_deployed: hours(110),
                    soon: true,
                    ..judged("soon", Word::Stays, "young", "goes in 10 h")
                },
                Judged {
                    last_deployed: hours(150),
                    outcome: Some("failed"),
                    ..judged(
                        "old",
                        Word::Goes,
                        "age",
                        "still there: Ingress x (waits for y)",
                    )
                },
                Judged {
                    outcome: Some("removed"),
                    ..judged(
                        "gone`|\n@all",
                        Word::Goes,
                        "branch-gone",
                        "its branch is gone",
                    )
                },
                judged("kept", Word::Stays, "keep", "--keep demo/** covers it"),
                Judged {
                    branch: None,
                    ..judged(
                        "odd",
                        Word::Unknown,
                        "unknown",
                        "it is of version 2 <b>##[x]",
                    )
                },
                judged("young", Word::Stays, "young", "goes in 4 d"),
                judged("younger", Word::Stays, "young", "goes in 5 d"),
            ],
            ..Swept::default()
        }
    }

    #[test]
    fn the_plan_begins_with_what_can_still_be_kept() {
        insta::assert_snapshot!(swept().plan(now()).join("\n"));
    }

    #[test]
    fn the_summary_is_markdown_that_no_branch_can_steer() {
        insta::assert_snapshot!(swept().markdown(now()));
    }

    #[test]
    fn what_a_brake_holds_is_not_told_to_go() {
        let held = Swept {
            braked: true,
            environments: vec![judged(
                "new",
                Word::Goes,
                "branch-gone",
                "its branch is gone",
            )],
            ..Swept::default()
        };
        assert!(held.plan(now())[0].starts_with("Held back"));
        assert!(held.markdown(now()).contains("| held back |"));
    }

    #[test]
    fn where_nothing_is_due_the_plan_is_one_line() {
        let mut idle = swept();
        idle.environments.retain(Judged::is_usual);
        assert_eq!(idle.plan(now()), ["None of 2 is due."]);
    }
}
