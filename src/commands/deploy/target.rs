//! What is deployed, from the work tree and GitHub.

use anyhow::bail;

use super::super::{
    Start, forge,
    gate::{self, Code, Watch},
    here::Here,
    link::link,
    work_tree::{app_of, in_work_tree, repository},
};
use crate::{
    clients::{
        git::{self, Ancestry, Checkout},
        github::GitHub,
    },
    model::{App, Branch, Commit, Halt, Order},
    report::Report,
    settings::{Deploy, Pages, UsageError},
};

/// What is deployed, and where it is asked for.
pub(super) struct Target {
    pub github: GitHub,
    pub pages: Pages,
    pub order: Order,
    /// Whether the commit was chosen, though it may not be the branch's head.
    pub on_purpose: bool,
    /// Whether the work tree holds more than its commit.
    pub is_changed: bool,
    pub url: Option<String>,
    /// What has to be built before; none where nothing is.
    pub gate: Option<Watch>,
    app: App,
    tier: String,
}

impl Target {
    /// Reads the work tree, where the settings leave something open, and what GitHub has of it.
    ///
    /// # Errors
    /// In usage, where something is open and no work tree tells it, and for commits that were not
    /// pushed.
    pub(super) async fn find(start: &Start<Deploy>, report: &Report) -> anyhow::Result<Self> {
        let settings = &start.settings;
        let here = Here::of(start, report)?;
        let ci = &here.ci;
        let checkout = git::checkout().await;
        let repository = repository(settings, ci, &checkout).await?;
        let app = app_of(settings, &repository)?;
        let pages = settings.github.pages(ci, &repository);
        let rights = forge::DEPLOYING;
        let github = forge::connect(&settings.github, rights, repository, &here).await?;
        let branch = branch(settings, &checkout)?;
        let commit = commit(settings, &checkout, &branch, &github).await?;
        let tier = settings.tier().to_owned();
        let code = (&branch, &commit);
        let url = link(settings.url.as_ref(), (&app, &tier), code, &start.sources)?;
        let gate = gate_of(settings, &branch, &commit, &here)?;
        Ok(Self {
            github,
            pages,
            on_purpose: settings.order.commit.is_some(),
            is_changed: settings.order.commit.is_none()
                && checkout.is_ok_and(|it| it.is_changed && it.commit == commit),
            url,
            gate,
            order: Order {
                branch,
                commit,
                migrate: settings.order.migrate,
                keep_for: settings.order.keep_for.clone(),
            },
            app,
            tier,
        })
    }

    /// App and tier.
    pub(super) fn place(&self) -> (&App, &str) {
        (&self.app, &self.tier)
    }
}

/// What has to be built before the deploy, if the settings name something.
fn gate_of(
    settings: &Deploy,
    branch: &Branch,
    commit: &Commit,
    here: &Here<'_>,
) -> anyhow::Result<Option<Watch>> {
    let options = &settings.gate;
    if options.is_empty() {
        return Ok(None);
    }
    let code = Code {
        commit: commit.clone(),
        branch: Ok(branch.clone()),
    };
    gate::of(options, &code, settings.timeout, here).map(Some)
}

/// The branch: given, or the one that is checked out.
fn branch(settings: &Deploy, checkout: &anyhow::Result<Checkout>) -> Result<Branch, UsageError> {
    if let Some(branch) = &settings.order.branch {
        return Ok(branch.clone());
    }
    let branch = in_work_tree(checkout, "--branch")?.branch.clone();
    branch.ok_or_else(|| UsageError("HEAD is detached: give the branch by --branch".into()))
}

/// The commit: given; of the branch that is checked out HEAD, which has to be pushed; of another
/// what GitHub has of it.
async fn commit(
    settings: &Deploy,
    checkout: &anyhow::Result<Checkout>,
    branch: &Branch,
    github: &GitHub,
) -> anyhow::Result<Commit> {
    if let Some(commit) = &settings.order.commit {
        return Ok(commit.clone());
    }
    let pushed = github
        .branch_ref(branch)
        .await?
        .map(|found| found.object.sha);
    let checkout = checkout.as_ref().ok();
    let here = checkout.filter(|it| it.branch.as_ref() == Some(branch));
    match (here, pushed) {
        (None, Some(pushed)) => Ok(pushed),
        (_, None) => bail!(Halt::usage(format!(
            "GitHub shows no branch {branch}: push it (git push -u origin HEAD), or does the \
             token lack access?"
        ))),
        (Some(here), Some(pushed)) if here.commit == pushed => Ok(pushed),
        (Some(here), Some(pushed)) => {
            let ancestry = git::ancestry(&here.commit, &pushed).await;
            bail!(Halt::usage(unpushed(branch, &pushed, ancestry)))
        }
    }
}

/// What to do about a HEAD that is not what GitHub has of its branch.
fn unpushed(branch: &Branch, pushed: &Commit, ancestry: Ancestry) -> String {
    let pushed = pushed.short();
    match ancestry {
        Ancestry::Ahead(1) => "HEAD is not pushed: git push".to_owned(),
        Ancestry::Ahead(count) => format!("{count} commits are not pushed: git push"),
        Ancestry::Behind(count) => format!(
            "{branch} is {count} ahead of HEAD at GitHub, at {pushed}: git pull, or --commit SHA to \
             go back on purpose"
        ),
        Ancestry::Apart => format!(
            "HEAD is not what GitHub has of {branch}, which is {pushed}: git pull or git push, or \
             --commit SHA"
        ),
    }
}
