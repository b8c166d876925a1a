//! Asks GitHub for what a program needs there.

use reqwest::Url;

use super::{Here, fact};
use crate::{
    clients::github::{GitHub, GitHubError, Webhook},
    commands::forge::{self, Rights},
    decide::check::{self, By, GitHubFacts, Hook, NOT_SEEN},
    model::{Fact, Line, Repository},
    settings::{GitHubOptions, Pages},
};

/// What a program needs at GitHub.
pub(super) struct Needs {
    /// What it would ask an App's installation for.
    pub rights: Rights,
    /// Whether somebody has to be sent the deployments.
    pub hooks: bool,
}

impl Needs {
    /// What goes without anybody who is sent the deployments.
    pub(super) fn of(rights: Rights) -> Self {
        Self {
            rights,
            hooks: false,
        }
    }

    /// To have deployments made, and taken up.
    pub(super) fn to_queue() -> Self {
        Self {
            rights: forge::DEPLOYING,
            hooks: true,
        }
    }

    fn writes(&self, what: &str) -> bool {
        self.rights.contains(&(what, "write"))
    }
}

/// The lines about GitHub.
pub(super) async fn lines(
    options: &GitHubOptions,
    needs: &Needs,
    repository: &Repository,
    here: &Here<'_>,
) -> Vec<Line> {
    let nobody = |why: &str| vec![check::nobody(options.is_of_app(), why)];
    let door = forge::door(options, needs.rights, repository.clone(), here).await;
    let github = match door {
        Ok(Some(github)) => github,
        Ok(None) => return nobody("neither GITHUB_TOKEN nor GH_TOKEN is set"),
        Err(error) => return nobody(&format!("{error:#}")),
    };
    let pages = options.pages(&here.ci, repository);
    let facts = facts(&github, needs, repository, &pages).await;
    check::github(&facts)
}

async fn facts(
    github: &GitHub,
    needs: &Needs,
    repository: &Repository,
    pages: &Pages,
) -> GitHubFacts {
    let asked_for = repository.to_string();
    let comments = needs.writes("pull_requests");
    let shown = match github.shown().await {
        Ok(shown) => shown,
        Err(error) => {
            let unasked = || Fact::Silent(NOT_SEEN.to_owned());
            return GitHubFacts {
                asked_for,
                repository: told(Err(error)),
                by: By::FineGrained,
                contents: unasked(),
                deployments: needs.writes("deployments").then(unasked),
                comments,
                hooks: needs
                    .hooks
                    .then(|| (Fact::Silent(NOT_SEEN.to_owned()), pages.hooks())),
            };
        }
    };
    let (contents, deployments, hooks) = tokio::join!(
        github.branch_ref(&shown.repository.default_branch),
        maybe(needs.writes("deployments"), github.may_deploy()),
        maybe(needs.hooks, github.webhooks()),
    );
    let by = match shown.scopes {
        _ if github.is_of_app() => By::App,
        Some(scopes) => By::Scopes(scopes),
        None => By::FineGrained,
    };
    GitHubFacts {
        asked_for,
        repository: Fact::Told(shown.repository.full_name),
        by,
        contents: told(contents).map(drop),
        deployments: deployments.map(told),
        comments,
        hooks: hooks.map(|hooks| (told(hooks).map(read), pages.hooks())),
    }
}

/// The answer, where the question has to be asked.
async fn maybe<T>(wanted: bool, question: impl Future<Output = T>) -> Option<T> {
    match wanted {
        true => Some(question.await),
        false => None,
    }
}

fn told<T>(asked: Result<T, GitHubError>) -> Fact<T> {
    fact(asked, GitHubError::may_pass)
}

/// The hooks without their addresses, which hold secrets.
fn read(hooks: Vec<Webhook>) -> Vec<Hook> {
    let of = |hook: Webhook| {
        let url = Url::parse(&hook.config.url).ok();
        let host = url.as_ref().and_then(Url::host_str);
        Hook {
            host: host.unwrap_or("an unknown host").to_owned(),
            is_buildkites: url.is_some_and(|url| url.path().starts_with("/deliver/")),
            active: hook.active,
            events: hook.events,
            last: hook.last_response.code,
        }
    };
    hooks.into_iter().map(of).collect()
}
