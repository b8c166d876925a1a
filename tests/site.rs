//! What one test has for itself: a namespace, a GitHub, a repository, and the programs.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};
use testbed::{
    Cluster, Namespace,
    github::{GitHub, Permission, Permissions, Repository},
    tools::{self, Tool},
};

/// Both majors: a test that runs Helm says which, or runs with each.
pub const HELMS: [Tool; 2] = [Tool::Helm3, Tool::Helm4];

/// The app of the examples, which is what the programs deploy here.
pub fn example_app() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hey")
}

pub struct Site {
    pub namespace: Namespace,
    pub github: GitHub,
    pub repository: Repository,
    pub token: String,
    pub kubeconfig: PathBuf,
}

impl Site {
    /// A namespace in which the programs have the rights of examples/rbac.yaml, and a GitHub with
    /// `acme/hey` and a token with least rights.
    pub fn new(hint: &str) -> Self {
        let namespace = Cluster::shared().namespace(hint);
        let rights = include_str!("../examples/rbac.yaml");
        let kubeconfig = namespace.service_account("branch-deploys", rights);
        let github = GitHub::start();
        let repository = github.repository("acme/hey");
        let token = github.token(
            Permissions::named("deployer")
                .read(Permission::Metadata)
                .read(Permission::Contents)
                .write(Permission::Deployments),
        );
        Self {
            namespace,
            github,
            repository,
            token,
            kubeconfig,
        }
    }

    /// Queues a deployment of the branch's head, as queue-deploy does; its id.
    pub fn queue(&self, branch: &str) -> u64 {
        self.queue_with(branch, json!({}))
    }

    /// The same, with more in the payload.
    pub fn queue_with(&self, branch: &str, more: Value) -> u64 {
        let commit = self.repository.head(branch).expect("the branch was pushed");
        let mut payload = json!({
            "app": "hey", "branch": branch, "commit": commit, "nonce": format!("n-{commit}"),
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            payload[key] = value.clone();
        }
        self.repository
            .deploy(branch, "beta", "branch-deploys:hey", payload)
    }

    /// `helm-apply` for a deployment.
    pub fn helm_apply(&self, helm: Tool, deployment: u64) -> Program {
        self.program(env!("CARGO_BIN_EXE_helm-apply"))
            .helm(helm)
            .args(["--deployment", &deployment.to_string()])
    }

    /// `sweep-deleted` for a branch.
    pub fn sweep_deleted(&self, helm: Tool, branch: &str) -> Program {
        self.program(env!("CARGO_BIN_EXE_sweep-deleted"))
            .helm(helm)
            .args(["--branch", branch])
    }

    /// A program with what every one needs, and nothing of the environment that the test runs in.
    pub fn program(&self, path: &str) -> Program {
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.kubeconfig.with_extension("home"))
            .env("GITHUB_TOKEN", &self.token)
            .env("BRANCH_DEPLOYS_GITHUB_URL", self.github.url())
            .env("BRANCH_DEPLOYS_REPOSITORY", "acme/hey")
            .env("BRANCH_DEPLOYS_APP", "hey")
            .env("BRANCH_DEPLOYS_NAMESPACE", self.namespace.name())
            .env("BRANCH_DEPLOYS_KUBECONFIG", &self.kubeconfig)
            .env("BRANCH_DEPLOYS_LOCK_DURATION", "3s")
            .env("BRANCH_DEPLOYS_HELM_TIMEOUT", "60s")
            .current_dir(example_app());
        Program(command)
    }
}

/// A program that is about to be run.
pub struct Program(pub Command);

impl Program {
    pub fn helm(self, helm: Tool) -> Self {
        let path = tools::get(helm).expect("the testbed has both Helms");
        self.env("BRANCH_DEPLOYS_HELM", path)
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.0.args(arguments);
        self
    }

    pub fn release(self, release: &Value) -> Self {
        let release = release.to_string();
        self.args(["--release", &release])
    }

    pub fn run(mut self) -> Ran {
        Ran::from(self.0.output().expect("the program starts"))
    }
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the programs write UTF-8");
        Self {
            status: output.status.code().expect("it ended by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Ran {
    #[track_caller]
    pub fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(said, "it does not say `{text}`:\n{self}");
        self
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}\n{}{}", self.status, self.stdout, self.stderr)
    }
}
