//! What the story is played on: a cluster, a GitHub, and the programs, freshly built.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use testbed::{
    Cluster, Namespace,
    buildkite::{Buildkite, Pipeline, Step},
    github::{GitHub, Permission, Permissions, Repository},
    tools::{self, Tool},
};

use super::{
    laptop::Laptop,
    packages::Packages,
    program::{self, Running},
    tell,
};

/// The releases of the example app: what `BRANCH_DEPLOYS_RELEASES` holds.
const RELEASES: &str = "\
- {name: redis, chart: charts/redis}
- {name: mail, chart: charts/mail}
- chart: charts/app
  values: [config/beta.yaml]
  needs: [redis, mail]";

/// What sweeps in the example app's repository.
const WORKFLOW: &str = include_str!("../hey/.github/workflows/sweep-deleted.yml");

/// The fields are in the order in which they have to be dropped.
pub struct Stage {
    pub ci: Pipeline,
    pub deploy: Pipeline,
    pub buildkite: Buildkite,
    pub laptop: Laptop,
    pub namespace: Namespace,
    pub github: GitHub,
    pub repository: Repository,
    pub token: String,
    pub kubeconfig: PathBuf,
    packages: Packages,
    programs: PathBuf,
    helm: PathBuf,
    pub cluster: Cluster,
}

impl Stage {
    /// Builds, and starts all of it.
    pub fn set() -> Result<Self> {
        tell::title("The stage");
        let programs = build()?;
        tell::say("Starting a Kubernetes control plane of local processes …");
        let cluster = Cluster::start()?;
        tell::fact(&format!(
            "etcd, API server, controllers, scheduler and nodes are up ({:.1} s)",
            cluster.startup().as_secs_f64()
        ));
        let namespace = cluster.namespace("betas");
        let rights = include_str!("../rbac.yaml");
        let kubeconfig = namespace.service_account("branch-deploys", rights);
        let github = GitHub::start();
        let repository = github.repository("acme/hey");
        let token = github.token(deployer());
        let helm = tools::get(Tool::Helm4)?;
        let laptop = Laptop::with_app(&app(), &repository)?;
        let buildkite = Buildkite::start(&github);
        let packages = Packages::publish()?;
        let (ci, deploy) = pipelines(&buildkite, &repository, &laptop, &packages);
        let stage = Self {
            ci,
            deploy,
            buildkite,
            laptop,
            namespace,
            github,
            repository,
            token,
            kubeconfig,
            packages,
            programs,
            helm,
            cluster,
        };
        tell::say("The settings, as a pipeline's environment holds them:\n");
        for (name, value) in stage.settings() {
            tell::setting(name, &value);
            stage.buildkite.agent_env(name, &value);
        }
        stage.buildkite.agent_env("GITHUB_TOKEN", &stage.token);
        // No release is out: the plugin is given the programs that were just built.
        let programs = stage.programs.display().to_string();
        stage
            .buildkite
            .agent_env("BRANCH_DEPLOYS_PROGRAMS", &programs);
        Ok(stage)
    }

    /// The template of the addresses.
    fn url(&self) -> String {
        format!(
            "http://{{slug}}.beta.example.com:{}",
            self.cluster.load_balancer().port()
        )
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let path = |path: &Path| path.display().to_string();
        vec![
            ("BRANCH_DEPLOYS_APP", "hey".to_owned()),
            ("BRANCH_DEPLOYS_REPOSITORY", self.repository.full_name()),
            ("BRANCH_DEPLOYS_GITHUB_URL", self.github.url().to_owned()),
            ("BRANCH_DEPLOYS_NAMESPACE", self.namespace.name().to_owned()),
            ("BRANCH_DEPLOYS_KUBECONFIG", path(&self.kubeconfig)),
            ("BRANCH_DEPLOYS_HELM", path(&self.helm)),
            ("BRANCH_DEPLOYS_LOCK_DURATION", "3s".to_owned()),
            ("BRANCH_DEPLOYS_URL", self.url()),
            ("BRANCH_DEPLOYS_RELEASES", RELEASES.to_owned()),
        ]
    }

    /// Gives the deploy builds from now on these releases in place of the app's.
    pub fn hold(&self, releases: &str) {
        self.buildkite
            .agent_env("BRANCH_DEPLOYS_RELEASES", releases);
    }

    /// Gives them the app's again.
    pub fn release(&self) {
        self.hold(RELEASES);
    }

    /// Starts `program` in a folder, under the settings and `more` of them.
    pub fn start(
        &self,
        program: &str,
        arguments: &[&str],
        more: &[(&str, &str)],
        folder: &Path,
    ) -> Result<Running> {
        let mut command = Command::new(self.programs.join(program));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            // Helm keeps its caches there; nobody's own are read or written.
            .env("HOME", self.kubeconfig.with_extension("home"))
            .env("GITHUB_TOKEN", &self.token)
            .envs(self.settings())
            .envs(more.iter().copied())
            .current_dir(folder);
        program::start(command, &format!("{program} {}", arguments.join(" ")))
    }

    /// Runs the app's workflow on `delete`, for this event.
    pub fn start_workflow(&self, event: &serde_json::Value) -> Result<Running> {
        let namespace = format!("namespace: {}", self.namespace.name());
        let workflow = WORKFLOW.replace("namespace: betas", &namespace);
        let mut act = self.packages.on_delete(&workflow, event)?;
        act.env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.kubeconfig.with_extension("home"))
            .env("GITHUB_TOKEN", &self.token)
            .current_dir(self.laptop.work_tree());
        let programs = self.programs.display().to_string();
        let settings = self
            .settings()
            .into_iter()
            .chain([("NO_COLOR", "1".to_owned())]);
        for (name, value) in settings.chain([("BRANCH_DEPLOYS_PROGRAMS", programs)]) {
            act.args(["--env", &format!("{name}={value}")]);
        }
        // What the program says stands behind a bar; the rest is act's own.
        program::start_telling(act, "act delete", |line| {
            let (_, said) = line.split_once("  | ")?;
            Some(said.to_owned())
        })
    }

    /// Kills a program in its job, as a machine that goes away does: by itself, not with what it
    /// started, its guardian of Helm among them, which is the same program with arguments.
    pub fn kill(&self, program: &str) -> Result<()> {
        for process in std::fs::read_dir("/proc")?.flatten() {
            let read = |file| std::fs::read(process.path().join(file)).unwrap_or_default();
            let line = read("cmdline");
            let alone = line.iter().filter(|byte| **byte == 0).count() == 1;
            let name = line.split(|byte| *byte == 0).next().unwrap_or_default();
            let environment = String::from_utf8_lossy(&read("environ")).into_owned();
            let ours = environment.contains(&self.kubeconfig.display().to_string());
            if alone && ours && name.ends_with(program.as_bytes()) {
                let number = process.file_name().to_string_lossy().parse()?;
                let pid = Pid::from_raw(number).context("it is a process")?;
                return Ok(kill_process(pid, Signal::KILL)?);
            }
        }
        bail!("no {program} runs")
    }

    /// Processes whose command line names this demo's cluster: Helm, and its guardian.
    pub fn helm_processes(&self) -> Result<usize> {
        let cluster = self.kubeconfig.display().to_string();
        let mut count = 0;
        for process in std::fs::read_dir("/proc")?.flatten() {
            // A process may end while it is looked at.
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            count += usize::from(String::from_utf8_lossy(&line).contains(&cluster));
        }
        Ok(count)
    }
}

/// What a team's Buildkite has of it: one pipeline for pushes, and one for deployments.
fn pipelines(
    buildkite: &Buildkite,
    repository: &Repository,
    laptop: &Laptop,
    packages: &Packages,
) -> (Pipeline, Pipeline) {
    let plugin = packages.plugin();
    let bare = laptop.bare().display().to_string();
    let ci = buildkite
        .pipeline("hey")
        .on_pushes(repository)
        .only_if(|push| push["ref"] != "refs/heads/main")
        .clones(&bare)
        .step(Step::new("base-image").command("echo Building the image; sleep 1"))
        .step(
            Step::new("beta-deploy")
                .command("build-gate --step base-image\nqueue-deploy")
                .plugins(json!([{&plugin: {"install": ["build-gate", "queue-deploy"]}}])),
        );
    let deploy = buildkite
        .pipeline("hey-deploy")
        .on_deployments(repository)
        .clones(&bare)
        .step(
            Step::new("deploy")
                .command("")
                .plugins(json!([{&plugin: {"run": "helm-apply"}}]))
                .checkout(),
        );
    (ci, deploy)
}

/// The permissions that the programs need of GitHub, and no more.
fn deployer() -> Permissions {
    Permissions::named("deployer")
        .read(Permission::Metadata)
        .read(Permission::Contents)
        .write(Permission::Deployments)
}

fn app() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hey")
}

/// Builds the programs, which `cargo run --example` does not; the folder that they are in.
fn build() -> Result<PathBuf> {
    let demo = env::current_exe()?;
    let folder = demo
        .ancestors()
        .nth(2)
        .context("the demo is in no folder of Cargo's")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    tell::say("Building the programs …");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Build scripts watch these, which Cargo told the demo: half of all would be built once more.
    for (name, _) in env::vars_os() {
        let told = name.to_string_lossy();
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    let status = cargo
        // With the demo, so that the dependencies are those that it was just built with.
        .args([
            "build",
            "--quiet",
            "--bins",
            "--example",
            "demo",
            "--profile",
            profile,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .context("failed to run cargo")?;
    ensure!(status.success(), "the programs do not build");
    Ok(folder.to_owned())
}
