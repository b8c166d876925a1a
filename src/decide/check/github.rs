//! What a program needs at GitHub.

use super::{Hook, webhook::webhook};
use crate::model::{Fact, Line};

/// What was found at GitHub. What is none is not needed.
#[derive(Debug, Clone)]
pub struct GitHubFacts {
    /// The repository's name as it was asked for.
    pub asked_for: String,
    /// Its name as GitHub tells it.
    pub repository: Fact<String>,
    /// Who asks.
    pub by: By,
    /// Whether refs can be read.
    pub contents: Fact<()>,
    /// Whether deployments can be made.
    pub deployments: Option<Fact<()>>,
    /// Whether pull requests can be commented on is needed.
    pub comments: bool,
    /// The repository's webhooks, and their page.
    pub hooks: Option<(Fact<Vec<Hook>>, String)>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A classic token, with these scopes.
    Scopes(String),
    /// A token of which GitHub tells no scopes: a fine-grained one, or a workflow's.
    FineGrained,
    /// An App, whose token was given with all that was asked for.
    App,
}

/// The lines about GitHub.
pub fn github(facts: &GitHubFacts) -> Vec<Line> {
    let mut lines = vec![repository(facts)];
    lines.push(right("contents: read", &facts.contents));
    let deployments = facts.deployments.as_ref();
    lines.extend(deployments.map(|fact| right("deployments: write", fact)));
    if facts.comments {
        lines.push(comments(facts));
    }
    lines.extend(
        facts
            .hooks
            .as_ref()
            .map(|(hooks, page)| webhook(hooks, page)),
    );
    lines
}

fn repository(facts: &GitHubFacts) -> Line {
    let (what, asked_for) = ("GitHub: repository", &facts.asked_for);
    match &facts.repository {
        Fact::Told(name) if name.eq_ignore_ascii_case(asked_for) => {
            let by = match &facts.by {
                By::Scopes(scopes) if scopes.is_empty() => "a token without scopes".to_owned(),
                By::Scopes(scopes) => format!("a token with the scopes {scopes}"),
                By::FineGrained => "a token of which GitHub tells no scopes".to_owned(),
                By::App => "an App with all that was asked for".to_owned(),
            };
            Line::there(what, format!("{name} is seen, by {by}"))
        }
        Fact::Told(name) => Line::doubtful(
            what,
            format!("{asked_for} is called {name} now"),
            format!("give the new name: --repository {name}"),
        ),
        Fact::Refused(words) | Fact::Silent(words) => Line::missing(
            what,
            words,
            format!("give a token, or an App, that may see {asked_for}"),
        ),
    }
}

fn right(name: &str, fact: &Fact<()>) -> Line {
    let what = format!("GitHub: {name}");
    match fact {
        Fact::Told(()) => Line::there(what, "granted"),
        Fact::Refused(words) => Line::missing(
            what,
            words,
            format!("give the token {name} (a classic one: the scope repo)"),
        ),
        Fact::Silent(why) => Line::unknown(what, why),
    }
}

/// Only a comment itself would show whether a fine-grained token may write it.
fn comments(facts: &GitHubFacts) -> Line {
    let what = "GitHub: pull_requests: write";
    let repository = &facts.repository;
    match (&facts.by, repository) {
        (_, Fact::Refused(_) | Fact::Silent(_)) => Line::unknown(what, NOT_SEEN),
        (By::App, Fact::Told(_)) => Line::there(what, "granted"),
        (By::Scopes(scopes), Fact::Told(_)) if has_repo(scopes) => Line::there(what, "granted"),
        (By::Scopes(_), Fact::Told(_)) => Line::missing(
            what,
            "the token has not the scope for it",
            "give the token the scope repo",
        ),
        (By::FineGrained, Fact::Told(_)) => Line::unknown(
            what,
            "GitHub does not tell it of such a token before a comment is written",
        ),
    }
}

/// Why nothing more is asked.
pub const NOT_SEEN: &str = "not asked: the repository is not seen";

fn has_repo(scopes: &str) -> bool {
    let mut scopes = scopes.split(',').map(str::trim);
    scopes.any(|scope| matches!(scope, "repo" | "public_repo"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;

    fn facts() -> GitHubFacts {
        GitHubFacts {
            asked_for: "acme/hey".into(),
            repository: Fact::Told("Acme/hey".into()),
            by: By::FineGrained,
            contents: Fact::Told(()),
            deployments: Some(Fact::Told(())),
            comments: false,
            hooks: Some((Fact::Told(vec![hook()]), "PAGE".into())),
        }
    }

    fn hook() -> Hook {
        Hook {
            host: "webhook.buildkite.com".into(),
            is_buildkites: true,
            active: true,
            events: vec!["push".into(), "deployment".into()],
            last: Some(200),
        }
    }

    #[track_caller]
    fn last(facts: &GitHubFacts, verdict: Verdict, says: &str) {
        let line = github(facts).pop().unwrap();
        assert_eq!(line.verdict, verdict, "{line:?}");
        assert!(format!("{line:?}").contains(says), "{line:?}");
    }

    #[test]
    fn all_that_is_there_is_there() {
        let all = github(&facts());
        assert!(all.iter().all(|line| line.verdict == Verdict::There));
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn the_hook_is_judged_by_what_it_is_sent_and_answers() {
        let with = |hooks: Vec<Hook>| GitHubFacts {
            hooks: Some((Fact::Told(hooks), "PAGE".into())),
            ..facts()
        };
        let events = |events: &[&str]| events.iter().map(|it| (*it).to_owned()).collect();
        let off = Hook {
            active: false,
            ..hook()
        };
        last(&with(vec![off]), Verdict::Missing, "switch it on: PAGE");
        let pushes = Hook {
            events: events(&["push"]),
            ..hook()
        };
        last(
            &with(vec![pushes.clone()]),
            Verdict::Missing,
            "add Deployments",
        );
        let all = Hook {
            events: events(&["*"]),
            ..hook()
        };
        last(
            &with(vec![pushes.clone(), all]),
            Verdict::There,
            "buildkite",
        );
        let of_others = Hook {
            is_buildkites: false,
            ..pushes
        };
        last(
            &with(vec![of_others]),
            Verdict::Doubtful,
            "unless Buildkite's",
        );
        last(&with(vec![]), Verdict::Doubtful, "PAGE");
        let failing = Hook {
            last: Some(500),
            ..hook()
        };
        last(&with(vec![failing]), Verdict::Doubtful, "with 500");
        let hidden = Some((Fact::Refused("404".into()), "PAGE".into()));
        let hidden = GitHubFacts {
            hooks: hidden,
            ..facts()
        };
        last(&hidden, Verdict::Unknown, "PAGE");
    }

    #[test]
    fn a_classic_token_is_told_with_its_scopes_or_that_it_has_none() {
        let of = |scopes: &str| {
            let by = By::Scopes(scopes.into());
            format!("{:?}", github(&GitHubFacts { by, ..facts() })[0])
        };
        assert!(of("repo, gist").contains("a token with the scopes repo, gist"));
        assert!(of("").contains("a token without scopes"));
    }

    #[test]
    fn comments_are_known_of_an_app_and_of_a_classic_token_alone() {
        let of = |by| GitHubFacts {
            by,
            comments: true,
            hooks: None,
            ..facts()
        };
        last(&of(By::App), Verdict::There, "");
        last(&of(By::FineGrained), Verdict::Unknown, "");
        last(&of(By::Scopes("gist, repo".into())), Verdict::There, "");
        last(
            &of(By::Scopes("repo_deployment".into())),
            Verdict::Missing,
            "",
        );
    }

    #[test]
    fn a_repository_that_nobody_shows_is_missing_and_one_that_was_renamed_is_told() {
        let of = |repository| {
            github(&GitHubFacts {
                repository,
                ..facts()
            })
            .remove(0)
        };
        for fact in [Fact::Refused("404".into()), Fact::Silent("down".into())] {
            assert_eq!(of(fact).verdict, Verdict::Missing);
        }
        let renamed = of(Fact::Told("acme/hello".into()));
        assert_eq!(renamed.verdict, Verdict::Doubtful);
        assert!(renamed.advice.unwrap().contains("acme/hello"));
    }
}
