//! The Git work tree that somebody stands in, by the `git` on PATH.

use std::{io::ErrorKind, time::Duration};

use anyhow::{Context as _, bail};
use tokio::process::Command;

use super::child;
use crate::model::{Branch, Commit};

/// How long one call may take: it may look at every file of a large work tree.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a work tree has checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The commit of HEAD.
    pub commit: Commit,
    /// The branch; none where HEAD is detached.
    pub branch: Option<Branch>,
    /// Whether files that Git follows differ from the commit.
    pub is_changed: bool,
}

/// How one commit stands to another, as far as the work tree's repository knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ancestry {
    /// Ours is so many commits ahead.
    Ahead(u64),
    /// Ours is so many commits behind.
    Behind(u64),
    /// Both have what the other lacks, or one is not known here.
    Apart,
}

/// What is checked out where we stand.
///
/// Fails outside a work tree, and in one without a commit.
pub async fn checkout() -> anyhow::Result<Checkout> {
    let head = git(&["rev-parse", "--verify", "HEAD"]).await?;
    let commit = head.parse().map_err(anyhow::Error::msg)?;
    // Fails where HEAD is detached, and says nothing. In full, since the short name is another one
    // where a tag is called the same.
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]).await.ok();
    let branch = branch
        .as_deref()
        .and_then(|it| it.strip_prefix("refs/heads/"));
    let branch = branch.map(|name| name.parse().map_err(anyhow::Error::msg));
    let changes = git(&["status", "--porcelain", "--untracked-files=no"]).await?;
    Ok(Checkout {
        commit,
        branch: branch.transpose()?,
        is_changed: !changes.is_empty(),
    })
}

/// The clone address of the remote that `branch` is pushed to; without one, of `origin`, or of the
/// only one that there is.
pub async fn remote_of(branch: Option<&Branch>) -> anyhow::Result<String> {
    let mut upstream = None;
    if let Some(branch) = branch {
        let key = format!("branch.{branch}.remote");
        upstream = git(&["config", "--get", &key]).await.ok();
    }
    let remotes = git(&["remote"]).await?;
    let remotes: Vec<&str> = remotes.lines().collect();
    let name = upstream.filter(|name| remotes.contains(&name.as_str()));
    let name = match (&name, &remotes[..]) {
        (Some(name), _) => name.as_str(),
        (None, remotes) if remotes.contains(&"origin") => "origin",
        (None, [only]) => only,
        (None, []) => bail!("this work tree has no remote: give --repository"),
        (None, several) => bail!(
            "this work tree has several remotes ({}): give --repository",
            several.join(", ")
        ),
    };
    git(&["remote", "get-url", "--", name]).await
}

/// How `ours` stands to `theirs`.
pub async fn ancestry(ours: &Commit, theirs: &Commit) -> Ancestry {
    let range = format!("{ours}...{theirs}");
    let counts = git(&["rev-list", "--left-right", "--count", &range]).await;
    let counts = counts.ok().and_then(|text| {
        let (ours, theirs) = text.split_once('\t')?;
        Some((ours.parse().ok()?, theirs.parse().ok()?))
    });
    match counts {
        Some((ahead, 0)) => Ancestry::Ahead(ahead),
        Some((0, behind)) => Ancestry::Behind(behind),
        Some(_) | None => Ancestry::Apart,
    }
}

/// The name that this work tree's commits bear.
pub async fn user() -> Option<String> {
    let name = git(&["config", "--get", "user.name"]).await.ok()?;
    (!name.is_empty()).then_some(name)
}

async fn git(arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new("git");
    let ended = match child::run(command.args(arguments), b"", TIMEOUT).await {
        Err(error) if error.kind() == ErrorKind::TimedOut => bail!("git {}: {error}", arguments[0]),
        ended => ended.context("git does not start: is it installed?")?,
    };
    if !ended.status.success() {
        let said = ended.stderr.text();
        let line = said.lines().next().unwrap_or_default();
        bail!("git {}: {line}", arguments[0]);
    }
    let answer = ended.stdout.whole();
    let answer = answer.with_context(|| format!("git {}", arguments[0]))?;
    let text = String::from_utf8(answer).context("git answered in no UTF-8")?;
    Ok(text.trim_end_matches('\n').to_owned())
}
