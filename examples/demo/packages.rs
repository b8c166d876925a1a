//! The plugin and the Action as a team uses them: a repository of what is in this tree, by its tag.

use std::{path::Path, path::PathBuf, process::Command};

use anyhow::Result;
use tempfile::TempDir;
use testbed::tools::{self, Tool};

use super::laptop::{copy, run};

/// What belongs to the packages.
const PARTS: [&str; 3] = ["hooks", "lib", "release"];
const DESCRIPTIONS: [&str; 2] = ["plugin.yml", "action.yml"];

const NAME: &str = "branch-deploys-buildkite-plugin";
const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));

pub struct Packages(TempDir);

impl Packages {
    /// Commits and tags them in a repository of their own.
    pub fn publish() -> Result<Self> {
        let packages = Self(tempfile::tempdir()?);
        let (tree, ours) = (packages.tree(), Path::new(env!("CARGO_MANIFEST_DIR")));
        for part in PARTS {
            copy(&ours.join(part), &tree.join(part))?;
        }
        for description in DESCRIPTIONS {
            std::fs::copy(ours.join(description), tree.join(description))?;
        }
        run(&tree, ["init", "--quiet"], None)?;
        run(&tree, ["config", "user.name", "Jane"], None)?;
        run(&tree, ["config", "user.email", "jane@example.com"], None)?;
        run(&tree, ["add", "--all"], None)?;
        run(&tree, ["commit", "--quiet", "--message", "Release"], None)?;
        run(&tree, ["tag", VERSION], None)?;
        Ok(packages)
    }

    /// What a step's `plugins` names it by.
    pub fn plugin(&self) -> String {
        format!("file://{}#{VERSION}", self.tree().display())
    }

    /// act, about to run a workflow on `delete`, in which the Action is the tree's own.
    pub fn on_delete(&self, workflow: &str, event: &serde_json::Value) -> Result<Command> {
        let file = self.0.path().join("workflow.yml");
        std::fs::write(&file, workflow)?;
        let told = self.0.path().join("event.json");
        std::fs::write(&told, event.to_string())?;
        let tree = self.tree().display().to_string();
        let mut act = Command::new(tools::get(Tool::Act)?);
        act.arg("delete")
            .args([
                "--no-cache-server",
                "--platform",
                "self-hosted=-self-hosted",
            ])
            .args(["--secret", "GITHUB_TOKEN", "--local-repository"])
            .arg(format!("acme/{NAME}@{VERSION}={tree}"))
            .arg("--workflows")
            .arg(file)
            .arg("--eventpath")
            .arg(told);
        Ok(act)
    }

    fn tree(&self) -> PathBuf {
        self.0.path().join(NAME)
    }
}
