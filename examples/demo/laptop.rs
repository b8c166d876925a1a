//! A developer's clone of the app, by the real Git, and the server that it is pushed to.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testbed::github::Repository;

/// A clone of the example app. What is pushed from it is at the stand-in for GitHub too, which knows
/// refs and no files; builds check out from the bare repository behind both.
pub struct Laptop {
    folder: tempfile::TempDir,
    github: Repository,
}

impl Laptop {
    /// Makes the app's first commit, on the default branch, and pushes it.
    pub fn with_app(app: &Path, github: &Repository) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let laptop = Self {
            folder,
            github: github.clone(),
        };
        copy(app, &laptop.work_tree())?;
        let bare = laptop.bare();
        run(
            laptop.folder.path(),
            ["init", "--quiet", "--bare"],
            Some(bare.as_os_str()),
        )?;
        laptop.git(["init", "--quiet", "--initial-branch", "main"])?;
        laptop.git(["config", "user.name", "Jane"])?;
        laptop.git(["config", "user.email", "jane@example.com"])?;
        laptop.git(["remote", "add", "origin", &bare.display().to_string()])?;
        laptop.git(["add", "--all"])?;
        laptop.commit("Hey")?;
        laptop.push("main")?;
        Ok(laptop)
    }

    /// The folder that a developer stands in.
    pub fn work_tree(&self) -> PathBuf {
        self.folder.path().join("hey")
    }

    /// What builds clone.
    pub fn bare(&self) -> PathBuf {
        self.folder.path().join("hey.git")
    }

    /// Stands on a branch, made from where it stood.
    pub fn switch_to_new(&self, branch: &str) -> Result<()> {
        self.git(["switch", "--quiet", "--create", branch])
            .map(drop)
    }

    /// Commits something, and pushes it: the commit.
    pub fn work(&self, branch: &str, message: &str) -> Result<String> {
        self.commit(message)?;
        self.push(branch)
    }

    fn commit(&self, message: &str) -> Result<()> {
        self.git(["commit", "--quiet", "--allow-empty", "--message", message])
            .map(drop)
    }

    fn push(&self, branch: &str) -> Result<String> {
        self.git(["push", "--quiet", "--set-upstream", "origin", branch])?;
        let commit = self.git(["rev-parse", "HEAD"])?;
        self.github.force_push(branch, &commit);
        Ok(commit)
    }

    /// Deletes a branch where it was pushed to; the event that a workflow is told.
    pub fn delete(&self, branch: &str) -> Result<Value> {
        self.git(["push", "--quiet", "--delete", "origin", branch])?;
        Ok(self.github.delete_branch(branch))
    }

    fn git<const N: usize>(&self, arguments: [&str; N]) -> Result<String> {
        run(&self.work_tree(), arguments, None)
    }
}

/// Runs Git in a folder: what it says.
pub fn run<const N: usize>(
    folder: &Path,
    arguments: [&str; N],
    last: Option<&OsStr>,
) -> Result<String> {
    let output = Command::new("git")
        .args(arguments)
        .args(last)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .current_dir(folder)
        .output()
        .context("git does not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "git {}: {said}",
        arguments.join(" ")
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (from, to) = (entry?.path(), to);
        let name = from.file_name().context("an entry has a name")?;
        if from.is_dir() {
            copy(&from, &to.join(name))?;
        } else {
            std::fs::copy(&from, to.join(name))?;
        }
    }
    Ok(())
}
