//! A registry, a Buildkite, a folder and a commit, for programs that wait for an image.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use testbed::{
    buildkite::{Build, Buildkite, Pipeline},
    github::GitHub,
    registry::{Login, Registry},
};

use crate::site::{Program, Ran};

pub struct Site {
    pub registry: Registry,
    pub buildkite: Buildkite,
    /// Of `acme/hey`.
    pub pipeline: Pipeline,
    /// For Buildkite's API, with the one scope that is needed.
    pub token: String,
    pub commit: String,
    folder: tempfile::TempDir,
}

impl Site {
    pub fn new(login: Login) -> Self {
        let buildkite = Buildkite::start(&GitHub::start());
        Self {
            registry: Registry::start(login),
            pipeline: buildkite.pipeline("hey"),
            token: buildkite.token(&["read_builds"]),
            buildkite,
            commit: "4f2a91c".repeat(6)[..40].to_owned(),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// `build-gate` for the commit, with nothing of the environment that the test runs in.
    pub fn build_gate(&self) -> Program {
        self.alone()
            .args(["--branch", "new", "--commit", &self.commit])
    }

    /// The same, told neither commit nor branch.
    pub fn alone(&self) -> Program {
        let path = format!("{}:/usr/bin:/bin", self.folder.path().display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_build-gate"));
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path());
        Program(command)
    }

    /// The same, for the image of the commit, and logged in.
    pub fn for_image(&self) -> Program {
        self.log_in();
        let image = format!("{}/hey:{{commit}}", self.registry.host());
        self.build_gate().args(["--image", &image])
    }

    /// The same, for what the pipeline `acme/hey` says.
    pub fn for_pipeline(&self) -> Program {
        self.for_pipeline_at("acme/hey")
    }

    /// The same for another pipeline.
    pub fn for_pipeline_at(&self, pipeline: &str) -> Program {
        self.build_gate()
            .args(["--pipeline", pipeline])
            .args(["--buildkite-url", self.buildkite.url()])
            .env("BUILDKITE_API_TOKEN", &self.token)
    }

    /// A build of the commit of which nothing runs, in this state.
    pub fn pretend_build(&self, state: &str) -> Build {
        let build = self.pipeline.pretend_build("new", &self.commit);
        build.set_state(state);
        build
    }

    /// What Docker's configuration is after `docker login`.
    pub fn log_in(&self) {
        self.docker_config(&self.registry.docker_config());
    }

    pub fn docker_config(&self, text: &str) {
        let folder = self.folder.path().join(".docker");
        fs::create_dir_all(&folder).expect("the folder can be written");
        fs::write(folder.join("config.json"), text).expect("the folder can be written");
    }

    /// A program on PATH that is a shell script.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("the folder can be written");
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, executable).expect("it is our own file");
        path
    }
}

impl Ran {
    /// It told nothing of this.
    #[track_caller]
    pub fn hides(self, secret: &str) -> Self {
        let said = format!("{}{}", self.stdout, self.stderr);
        assert!(!said.contains(secret), "it tells a secret");
        self
    }
}
