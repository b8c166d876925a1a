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
    lines.push(right("contents: read", &facts.contents, &facts.by));
    let deployments = facts.deployments.as_ref();
    lines.extend(deployments.map(|fact| right("deployments: write", fact, &facts.by)));
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

/// The line about who would ask, where nobody can: the GitHub App that the settings name, or a token.
pub fn nobody(is_app: bool, why: &str) -> Line {
    match is_app {
        true => Line::missing(
            "GitHub: App",
            why,
            "give its number by --github-app-id, and the private key that GitHub made for it in \
             GITHUB_APP_PRIVATE_KEY or by --github-app-key-file",
        ),
        false => Line::missing(
            "GitHub: token",
            why,
            "set GITHUB_TOKEN or GH_TOKEN, log in by gh auth login, or give a GitHub App by \
             --github-app-id",
        ),
    }
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
        Fact::Refused(words) => Line::missing(
            what,
            words,
            format!("give a token, or an App, that may see {asked_for}"),
        ),
        Fact::Silent(words) => Line::missing(
            what,
            words,
            "see whether this machine may reach GitHub there (--github-url, a proxy)",
        ),
    }
}

fn right(name: &str, fact: &Fact<()>, by: &By) -> Line {
    let what = format!("GitHub: {name}");
    match fact {
        Fact::Told(()) => Line::there(what, "granted"),
        Fact::Refused(words) => Line::missing(
            what,
            words,
            match by {
                By::Scopes(_) => {
                    format!("give the token the scope repo, of which {name} is a part")
                }
                By::FineGrained => {
                    format!("give the token {name} (a classic one: the scope repo)")
                }
                By::App => format!("give the App, and its installation, {name}"),
            },
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
mod tests;
