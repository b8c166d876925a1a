//! A registry, a folder and a commit, for programs that wait for an image.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use serde_json::{Value, json};
use testbed::{
    faults::{Effect, Matcher},
    registry::{Login, Registry},
};

use crate::site::{Program, Ran};

/// Where the builds of `acme/hey` are asked for.
const BUILDS: &str = "/v2/organizations/acme/pipelines/hey/builds";

pub struct Site {
    pub registry: Registry,
    pub commit: String,
    folder: tempfile::TempDir,
}

impl Site {
    pub fn new(login: Login) -> Self {
        Self {
            registry: Registry::start(login),
            commit: "4f2a91c".repeat(6)[..40].to_owned(),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// `build-gate` for the commit, with nothing of the environment that the test runs in.
    pub fn build_gate(&self) -> Program {
        let path = format!("{}:/usr/bin:/bin", self.folder.path().display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_build-gate"));
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .args(["--branch", "new", "--commit", &self.commit])
            .current_dir(self.folder.path());
        Program(command)
    }

    /// The same, for the image of the commit, and logged in.
    pub fn for_image(&self) -> Program {
        self.log_in();
        let image = format!("{}/hey:{{commit}}", self.registry.host());
        self.build_gate().args(["--image", &image])
    }

    /// The same, for what the pipeline `acme/hey` says. Its API is the registry's server, which
    /// answers what [`Site::says`] tells it to.
    pub fn for_pipeline(&self) -> Program {
        let url = format!("http://{}", self.registry.host());
        self.build_gate()
            .args(["--pipeline", "acme/hey", "--buildkite-url", &url])
            .env("BUILDKITE_API_TOKEN", "a-token-of-buildkites")
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

    /// The `nth` answer of Buildkite's, and any later one where it is the last.
    pub fn says(&self, nth: Option<usize>, answer: Effect) {
        let matcher = Matcher::get(BUILDS);
        let matcher = nth.map_or(matcher.clone(), |nth| matcher.nth(nth));
        self.registry.faults().when(matcher).then(answer);
    }

    /// Builds of the commit, as Buildkite lists them.
    pub fn builds(&self, builds: &[(u64, &str, Value)]) -> Effect {
        let listed = builds.iter().map(|(number, state, jobs)| {
            json!({
                "number": number, "state": state, "jobs": jobs, "blocked": false,
                "web_url": format!("https://buildkite.com/acme/hey/builds/{number}"),
                "commit": self.commit, "branch": "new",
            })
        });
        let listed: Vec<Value> = listed.collect();
        Effect::status(200).body(&Value::from(listed).to_string())
    }
}

/// A job of the step that makes the image.
pub fn base_image(state: &str) -> Value {
    json!([{"type": "script", "step_key": "base-image", "state": state}, {"type": "waiter"}])
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
