//! The processes of a cluster, and what they are started with.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::credentials::Credentials;
use crate::{
    network::Network,
    processes::{Keeper, Process},
    tools::{self, Tool},
};

/// What the node's stand-in does with nodes, pods and volumes.
const STAGES: &str = include_str!("stages.yaml");

/// The programs of a cluster.
pub(super) struct Programs {
    control_plane: PathBuf,
    kwok: PathBuf,
}

impl Programs {
    pub(super) fn get() -> Result<Self> {
        Ok(Self {
            control_plane: tools::get(Tool::ControlPlane)?,
            kwok: tools::get(Tool::Kwok)?,
        })
    }

    fn part(&self, name: &str) -> Command {
        let mut command = Command::new(&self.control_plane);
        // Memory is there, and a fifth of the API server's time went into collecting it.
        command.arg(name).env("GOGC", "400");
        command
    }

    fn kwok(&self) -> Command {
        let mut command = self.part("exec");
        command.arg(&self.kwok);
        command
    }
}

/// The running processes.
pub(super) struct ControlPlane {
    /// Where the API server listens.
    pub(super) address: SocketAddr,
    /// Where etcd does.
    pub(super) etcd: SocketAddr,
    // Before the keeper, whose end is theirs.
    processes: Vec<Process>,
    keeper: Keeper,
}

impl ControlPlane {
    /// Starts etcd and the API server, which waits for etcd by itself.
    pub(super) fn start(
        programs: &Programs,
        network: &Network,
        folder: &Path,
        credentials: &Credentials,
    ) -> Result<Self> {
        let [client, peer, secure] = network.free_ports()?;
        let at = |port| SocketAddr::new(network.host(), port);
        let mut plane = Self {
            address: at(secure),
            etcd: at(client),
            processes: Vec::new(),
            keeper: Keeper::new()?,
        };
        let etcd = etcd(programs.part("etcd"), folder, at(client), at(peer));
        plane.run("etcd", etcd, folder)?;
        let api = api_server(
            programs.part("kube-apiserver"),
            folder,
            credentials,
            at(client),
            at(secure),
        );
        plane.run("kube-apiserver", api, folder)?;
        Ok(plane)
    }

    /// Starts what needs the API server: controllers, scheduler and KWOK.
    pub(super) fn start_clients(
        &mut self,
        programs: &Programs,
        network: &Network,
        folder: &Path,
        kubeconfig: &Path,
        credentials: &Credentials,
    ) -> Result<()> {
        let controllers = controllers(
            programs.part("kube-controller-manager"),
            folder,
            kubeconfig,
            credentials,
        );
        self.run("kube-controller-manager", controllers, folder)?;
        let scheduler = scheduler(programs.part("kube-scheduler"), kubeconfig);
        self.run("kube-scheduler", scheduler, folder)?;
        let stages = folder.join("stages.yaml");
        fs::write(&stages, STAGES)?;
        self.run(
            "kwok",
            kwok(programs.kwok(), network, kubeconfig, &stages),
            folder,
        )
    }

    /// Fails when one of the processes has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        self.processes.iter_mut().try_for_each(Process::check)
    }

    fn run(&mut self, name: &str, command: Command, folder: &Path) -> Result<()> {
        self.processes
            .push(self.keeper.start(name, command, folder)?);
        Ok(())
    }
}

fn etcd(mut command: Command, folder: &Path, client: SocketAddr, peer: SocketAddr) -> Command {
    let client = format!("http://{client}");
    command.arg("--data-dir").arg(folder.join("etcd"));
    command.args([
        "--listen-client-urls",
        &client,
        "--advertise-client-urls",
        &client,
    ]);
    command.args(["--listen-peer-urls", &format!("http://{peer}")]);
    // The data is of no use to anybody after the run.
    command.args(["--unsafe-no-fsync", "--log-level", "warn"]);
    command
}

fn api_server(
    mut command: Command,
    folder: &Path,
    credentials: &Credentials,
    etcd: SocketAddr,
    secure: SocketAddr,
) -> Command {
    command.args(["--etcd-servers", &format!("http://{etcd}")]);
    command.args(["--bind-address", &secure.ip().to_string()]);
    command.args(["--secure-port", &secure.port().to_string()]);
    command.arg("--cert-dir").arg(folder);
    command.arg("--token-auth-file").arg(&credentials.tokens);
    command
        .arg("--service-account-key-file")
        .arg(&credentials.verifying_key);
    command
        .arg("--service-account-signing-key-file")
        .arg(&credentials.signing_key);
    command.args(["--service-account-issuer", "https://kubernetes.default.svc"]);
    command.args(["--authorization-mode", "RBAC", "--allow-privileged=true"]);
    command.args(["--service-cluster-ip-range", "172.30.0.0/16"]);
    // The node's server is where only this machine reaches it.
    command.args(["--kubelet-preferred-address-types", "ExternalIP"]);
    // Pods of the testbed run nothing that would use a token.
    command.args(["--disable-admission-plugins", "ServiceAccount"]);
    // A loopback address is refused as an endpoint of the Service `kubernetes`, which nobody asks.
    command.args(["--endpoint-reconciler-type", "none"]);
    command
}

fn controllers(
    mut command: Command,
    folder: &Path,
    kubeconfig: &Path,
    credentials: &Credentials,
) -> Command {
    command.arg("--kubeconfig").arg(kubeconfig);
    command
        .arg("--root-ca-file")
        .arg(folder.join("apiserver.crt"));
    command
        .arg("--service-account-private-key-file")
        .arg(&credentials.signing_key);
    command.args([
        "--use-service-account-credentials=false",
        "--leader-elect=false",
    ]);
    command.args([
        "--secure-port",
        "0",
        "--kube-api-qps",
        "500",
        "--kube-api-burst",
        "1000",
    ]);
    command
}

fn scheduler(mut command: Command, kubeconfig: &Path) -> Command {
    command.arg("--kubeconfig").arg(kubeconfig);
    command.args(["--leader-elect=false", "--secure-port", "0"]);
    command.args(["--kube-api-qps", "500", "--kube-api-burst", "1000"]);
    command
}

fn kwok(mut command: Command, network: &Network, kubeconfig: &Path, stages: &Path) -> Command {
    command.arg("--kubeconfig").arg(kubeconfig);
    command.arg("--config").arg(stages);
    command.args(["--manage-all-nodes", "--cidr", &network.pods()]);
    command.args(["--node-ip", &network.node().to_string()]);
    command
}
