//! A GitHub and a token, for programs that need no cluster.

use std::{path::PathBuf, process::Command};

use testbed::github::{Deployment, GitHub, Permission, Permissions, Repository, Request};

use crate::site::Program;

pub struct Forge {
    pub github: GitHub,
    pub repository: Repository,
    pub token: String,
    folder: tempfile::TempDir,
}

impl Forge {
    /// A GitHub with `acme/hey`, and a token that may ask for deployments and no more.
    pub fn new() -> Self {
        let github = GitHub::start();
        let repository = github.repository("acme/hey");
        let token = github.token(
            Permissions::named("ci")
                .read(Permission::Metadata)
                .read(Permission::Contents)
                .write(Permission::Deployments),
        );
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            github,
            repository,
            token,
            folder,
        }
    }

    /// A path in a folder of the test's own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits until a deployment was read as it is now.
    pub fn wait_until_read(&self, id: u64) {
        self.github.clear_requests();
        let path = format!("/repos/acme/hey/deployments/{id}/statuses");
        let read = |request: &Request| request.path == path && request.method == "GET";
        self.github.wait_for_request(read);
        // That one may have been asked before; the next was not.
        self.github.clear_requests();
        self.github.wait_for_request(read);
    }

    /// `queue-deploy` outside any CI: branch and commit have to be told.
    pub fn queue_deploy(&self) -> Program {
        self.program(env!("CARGO_BIN_EXE_queue-deploy"))
    }

    /// A program with what every one needs, and nothing of the environment that the test runs in.
    pub fn program(&self, path: &str) -> Program {
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("GITHUB_TOKEN", &self.token)
            .env("BRANCH_DEPLOYS_GITHUB_URL", self.github.url())
            .env("BRANCH_DEPLOYS_APP", "hey")
            .current_dir(self.folder.path());
        Program(command)
    }

    /// `queue-deploy` in a Buildkite build of this commit, but for the agent's own variables.
    pub fn in_a_build(&self, branch: &str, commit: &str) -> Program {
        self.queue_deploy()
            .env("BUILDKITE_REPO", "git@github.com:acme/hey.git")
            .env("BUILDKITE_BRANCH", branch)
            .env("BUILDKITE_COMMIT", commit)
            .env("BUILDKITE_BUILD_CREATOR", "Jane")
    }

    /// The one deployment that there is.
    #[track_caller]
    pub fn only(&self) -> Deployment {
        let mut deployments = self.repository.deployments();
        assert_eq!(deployments.len(), 1, "{deployments:?}");
        deployments.remove(0)
    }
}
