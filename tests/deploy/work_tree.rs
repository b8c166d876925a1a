//! A laptop's clone of `acme/hey`, made by the real Git.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{queue_deploy::Forge, site::Program};

pub struct WorkTree {
    pub forge: Forge,
    path: PathBuf,
}

impl WorkTree {
    /// A work tree with two commits on a branch that nobody pushed.
    pub fn new(branch: &str) -> Self {
        let forge = Forge::new();
        let path = forge.path("hey");
        std::fs::create_dir(&path).expect("a folder");
        let tree = Self { forge, path };
        tree.git(&["init", "--quiet", "--initial-branch", branch]);
        tree.git(&["config", "user.name", "Jane"]);
        tree.git(&["config", "user.email", "jane@example.com"]);
        tree.git(&["remote", "add", "origin", "git@github.com:acme/hey.git"]);
        tree.commit();
        tree.commit();
        tree
    }

    /// The same, and GitHub has the branch.
    pub fn pushed(branch: &str) -> Self {
        let tree = Self::new(branch);
        for commit in ["HEAD~1", "HEAD"] {
            let sha = tree.git(&["rev-parse", commit]);
            tree.forge.repository.force_push(branch, &sha);
        }
        tree.git(&["config", &format!("branch.{branch}.remote"), "origin"]);
        tree
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn commit(&self) {
        self.change();
        self.git(&["add", "file"]);
        self.git(&["commit", "--quiet", "--message", "Work"]);
    }

    /// Changes a file.
    pub fn change(&self) {
        let file = self.path.join("file");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(file, text + "more\n").expect("a file of our own");
    }

    /// What the real Git says.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .env("HOME", &self.path)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(&self.path)
            .output()
            .expect("git is there");
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A program of this name that is a shell script; the folder that it is in.
    pub fn tool(&self, name: &str, script: &str) -> &Path {
        let path = self.path.join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file of our own");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, executable).expect("a file of our own");
        &self.path
    }

    /// `deploy` in the work tree.
    pub fn deploy<const N: usize>(&self, arguments: [&str; N]) -> Program {
        self.program(env!("CARGO_BIN_EXE_deploy"), arguments)
    }

    /// A program in the work tree.
    pub fn program<const N: usize>(&self, path: &str, arguments: [&str; N]) -> Program {
        let Program(mut command) = self.forge.program(path);
        command
            .env_remove("BRANCH_DEPLOYS_APP")
            .current_dir(&self.path);
        Program(command).args(arguments)
    }

    /// Waits until the deployment was read as it is now.
    pub fn wait_until_read(&self, id: u64) {
        self.forge.wait_until_read(id);
    }
}
