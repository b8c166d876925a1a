//! What one test has for itself: a namespace, a GitHub, a repository, and the programs.

use std::{
    os::unix::{
        fs::PermissionsExt,
        process::{CommandExt, ExitStatusExt as _},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use testbed::{
    Cluster, Namespace,
    github::{DeploymentState, GitHub, Permission, Permissions, Repository},
    tools::{self, Tool},
    wait_until,
};

/// Both majors: a test that runs Helm says which, or runs with each.
pub const HELMS: [Tool; 2] = [Tool::Helm3, Tool::Helm4];

/// The rights in the cluster that a team is told to give.
pub const RIGHTS: &str = include_str!("../examples/rbac.yaml");

/// The app of the examples, which is what the programs deploy here.
pub fn example_app() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hey")
}

/// A chart of the tests' own.
pub fn chart(name: &str) -> String {
    format!("{}/tests/charts/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Values of the echo chart: a web server that is not ready, until [`Site::let_go`].
pub fn held() -> Value {
    json!({"web": true, "podAnnotations": {"testbed/never-ready": "true"}})
}

/// The chart that gives back what it is told, as the main release.
pub fn echo(values: Value) -> Value {
    json!({"chart": chart("echo"), "values": [values]})
}

/// The same as a companion.
pub fn companion(name: &str, values: Value) -> Value {
    json!({"name": name, "chart": chart("echo"), "values": [values]})
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
        Self::with_rights(hint, RIGHTS)
    }

    /// The same with other rights in the cluster.
    pub fn with_rights(hint: &str, rights: &str) -> Self {
        let namespace = Cluster::shared().namespace(hint);
        let kubeconfig = namespace.service_account("branch-deploys", rights);
        let github = GitHub::start();
        let repository = github.repository("acme/hey");
        let token = github.token(Self::least_rights());
        Self {
            namespace,
            github,
            repository,
            token,
            kubeconfig,
        }
    }

    /// What a token at GitHub needs, and no more.
    pub fn least_rights() -> Permissions {
        Permissions::named("deployer")
            .read(Permission::Metadata)
            .read(Permission::Contents)
            .write(Permission::Deployments)
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

    /// Pushes to a branch and queues the deployment of the commit; its id.
    pub fn push(&self, branch: &str) -> u64 {
        self.repository.push(branch);
        self.queue(branch)
    }

    /// The same of a commit that is pushed first.
    pub fn queue_with_push(&self, branch: &str, more: Value) -> u64 {
        self.repository.push(branch);
        self.queue_with(branch, more)
    }

    /// The states that a deployment went through.
    pub fn states(&self, deployment: u64) -> Vec<DeploymentState> {
        self.repository.deployment(deployment).states()
    }

    /// What is said with the last state of a deployment.
    pub fn last_words(&self, deployment: u64) -> String {
        let last = self.repository.deployment(deployment).statuses.pop();
        let description = last.expect("it has a status").description;
        let words = description.strip_prefix("branch-deploys: ");
        words.expect("each status of ours is signed").to_owned()
    }

    /// Waits until Helm has begun with a release.
    pub fn wait_for_helm(&self, release: &str) {
        wait_until("Helm to begin", || {
            match self.namespace.release_revisions(release) {
                revisions if revisions.is_empty() => Err("no revision"),
                _ => Ok(()),
            }
        });
    }

    /// Waits for the pod of a release that was [`held`], and lets it become ready.
    pub fn let_go(&self, release: &str) {
        let prefix = format!("{release}-");
        let pod = wait_until("the release to have a pod", || {
            let mut pods = self.namespace.objects("Pod").into_iter();
            pods.find(|pod| pod.starts_with(&prefix))
                .ok_or("no pod of it")
        });
        self.namespace
            .annotate("Pod", &pod, "testbed/never-ready", None);
    }

    /// The name of the one pod, once it runs.
    pub fn wait_for_pod(&self) -> String {
        wait_until("a pod runs", || {
            let pods = self.namespace.objects("Pod");
            let name = pods.first().ok_or("there is none")?;
            let pod = self.namespace.find("Pod", name).ok_or("it is gone")?;
            let runs = pod["status"]["phase"] == "Running";
            runs.then(|| name.clone()).ok_or("it does not run")
        })
    }

    /// Who holds the lock of an environment.
    pub fn holder(&self, environment: &str) -> Value {
        self.namespace.get("Lease", environment)["spec"]["holderIdentity"].clone()
    }

    /// Waits until the holder of a lock has renewed it so often: time that has passed, as an event.
    pub fn wait_for_renewals(&self, environment: &str, count: usize) {
        let renewal = || self.namespace.get("Lease", environment)["spec"]["renewTime"].clone();
        for _ in 0..count {
            let before = renewal();
            wait_until("the lock is renewed", || {
                (renewal() != before).then_some(()).ok_or("it is not")
            });
        }
    }

    /// The record of an environment.
    pub fn record(&self, environment: &str) -> Value {
        let lease = self.namespace.get("Lease", environment);
        let text = lease["metadata"]["annotations"]["branch-deploys/record"].as_str();
        serde_json::from_str(text.expect("the record is written")).expect("the record is JSON")
    }

    /// A program that is a shell script.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.kubeconfig.with_extension(name);
        std::fs::write(&path, text).expect("the run's folder can be written");
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, executable).expect("it is our own file");
        path
    }

    /// Whether nobody holds the lock of an environment.
    pub fn is_free(&self, environment: &str) -> bool {
        self.holder(environment).is_null()
    }

    /// The same, or there is none: a deploy that did not begin takes its Lease along.
    pub fn is_free_or_gone(&self, environment: &str) -> bool {
        self.namespace.find("Lease", environment).is_none() || self.is_free(environment)
    }

    /// What the echo chart of a release was told, under `branch` or `given`.
    pub fn echoed(&self, release: &str, what: &str) -> Value {
        let text = self.namespace.get("ConfigMap", release)["data"][what].clone();
        serde_json::from_str(text.as_str().expect("a text")).expect("the chart writes JSON")
    }

    /// `helm-apply` without a deployment: branch and commit have to be told.
    pub fn helm_apply_alone(&self, helm: Tool) -> Program {
        self.program(env!("CARGO_BIN_EXE_helm-apply")).helm(helm)
    }

    /// `helm-apply` for a deployment.
    pub fn helm_apply(&self, helm: Tool, deployment: u64) -> Program {
        self.helm_apply_alone(helm)
            .args(["--deployment", &deployment.to_string()])
    }

    /// `sweep-deleted` for a branch.
    pub fn sweep_deleted(&self, helm: Tool, branch: &str) -> Program {
        self.program(env!("CARGO_BIN_EXE_sweep-deleted"))
            .helm(helm)
            .args(["--branch", branch])
    }

    /// `sweep-stale`, of age and of branches.
    pub fn sweep_stale(&self, helm: Tool) -> Program {
        let path = env!("CARGO_BIN_EXE_sweep-stale");
        self.program(path).helm(helm)
    }

    /// A program with what every one needs, and nothing of the environment that the test runs in.
    pub fn program(&self, path: &str) -> Program {
        let dns = Cluster::shared().dns();
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
            .env("BRANCH_DEPLOYS_RESOLVER", dns.resolver().to_string())
            .env("BRANCH_DEPLOYS_NAME_SERVER_PORT", dns.port().to_string())
            .current_dir(example_app());
        Program(command)
    }

    /// Installs a release of a small app by hand, as somebody did before.
    #[track_caller]
    pub fn install_by_hand(&self, helm: Tool, release: &str) {
        let helm = tools::helm(helm, &self.kubeconfig);
        let made = helm
            .expect("the testbed has both Helms")
            .args(["install", release, &chart("echo")])
            .args(["--namespace", self.namespace.name()])
            .output()
            .expect("Helm runs");
        assert!(made.status.success(), "{made:?}");
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

    /// Without a variable that every program has.
    pub fn without(mut self, name: &str) -> Self {
        self.0.env_remove(name);
        self
    }

    /// Starts it in a process group of its own, as a CI does.
    pub fn start(mut self) -> Running {
        let token = self.token();
        let command = self
            .0
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Running {
            child: Some(command.spawn().expect("the program starts")),
            token,
        }
    }

    pub fn run(self) -> Ran {
        self.start().end()
    }

    fn token(&self) -> Option<String> {
        let (_, token) = self
            .0
            .get_envs()
            .find(|(name, _)| *name == "GITHUB_TOKEN")?;
        Some(token?.to_str()?.to_owned()).filter(|token| !token.is_empty())
    }
}

/// A program at work. It is killed when it is dropped.
pub struct Running {
    child: Option<Child>,
    token: Option<String>,
}

impl Running {
    /// Sends a signal to the program's process group, as a terminal and a CI do.
    pub fn signal(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).expect("the program still runs");
    }

    /// Whether the program's process group has this number.
    pub fn is_group(&self, number: &str) -> bool {
        number.trim() == self.pid().as_raw_nonzero().to_string()
    }

    /// Whether it has not ended yet.
    pub fn runs(&mut self) -> bool {
        let child = self.child.as_mut().expect("it is not waited for yet");
        child.try_wait().expect("it is ours").is_none()
    }

    /// The most memory that it held so far, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(path).expect("the program still runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.expect("Linux tells it") * 1024
    }

    /// Kills the program, and no other process of its group.
    pub fn kill_alone(&mut self) {
        let child = self.child.as_mut().expect("it is not waited for yet");
        child.kill().expect("it is ours");
    }

    /// Waits for its end. Whatever it did: it told no secret, and did not panic.
    #[track_caller]
    pub fn end(mut self) -> Ran {
        let child = self.child.take().expect("it is waited for once");
        let ran = Ran::from(
            child
                .wait_with_output()
                .expect("the program can be waited for"),
        );
        let said = ran.to_string();
        assert!(!said.contains("panicked at"), "{said}");
        assert!(
            self.token.iter().all(|token| !said.contains(token)),
            "it tells the token:\n{said}"
        );
        ran
    }

    /// Waits for its end, whichever that is: the number of the signal that ended it, where one did.
    #[track_caller]
    pub fn end_however(mut self) -> Result<Ran, i32> {
        let child = self.child.take().expect("it is waited for once");
        let output = child.wait_with_output().expect("it can be waited for");
        match output.status.signal() {
            Some(signal) => Err(signal),
            None => Ok(Ran::from(output)),
        }
    }

    /// Waits for its end by a signal: its number, or none where it ended by itself.
    pub fn end_by_signal(mut self) -> Option<i32> {
        let child = self.child.take().expect("it is waited for once");
        let output = child.wait_with_output().expect("it can be waited for");
        output.status.signal()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().expect("it is not waited for yet"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // What it started, and was stopped with it, would stay for ever.
            let _ = kill_process_group(Pid::from_child(child), Signal::CONT);
            let _ = child.kill();
            let _ = child.wait();
        }
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

    /// Ends with one line on standard error that holds this text, before it did anything.
    #[track_caller]
    pub fn refuses(self, status: i32, text: &str) -> Self {
        let lines: Vec<_> = self.stderr.lines().collect();
        let one = matches!(lines[..], [line] if line.starts_with("error: ") && line.contains(text));
        assert!(one, "its one line does not hold `{text}`:\n{self}");
        self.ends_with(status)
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
