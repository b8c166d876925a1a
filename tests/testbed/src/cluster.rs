//! A real cluster of local processes, without root and without containers.

mod access;
mod bootstrap;
mod control_plane;
mod credentials;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::runtime::Runtime;

pub(crate) use self::access::Access;
use self::{control_plane::ControlPlane, credentials::Credentials};
use crate::{
    dns::Dns, kubelet, load_balancer::LoadBalancer, namespace::Namespace, network::Network, pods,
    run_folder::RunFolder,
};

/// A start can lose its ports to somebody else; more often than this is no coincidence.
const ATTEMPTS: usize = 3;

/// etcd, API server with RBAC, controllers, scheduler, and KWOK in place of kubelets.
///
/// It ends with the process that started it, however that ends. The fields are in the order in
/// which they have to be dropped.
pub struct Cluster {
    access: Arc<Access>,
    load_balancer: LoadBalancer,
    dns: Dns,
    control_plane: ControlPlane,
    folder: RunFolder,
    kubeconfig: PathBuf,
    _network: Network,
    startup: Duration,
    _runtime: Runtime,
}

impl Cluster {
    /// The one cluster of this process, started when it is first asked for.
    ///
    /// # Panics
    /// When it does not start: no test could go on. It is tried once, not for each test.
    #[track_caller]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Cluster>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(cluster) => cluster,
            Err(error) => panic!("failed to start the testbed: {error:#}"),
        }
    }

    /// Starts a cluster beside the shared one, and waits until API, controllers, scheduler and
    /// node do their work.
    ///
    /// # Errors
    /// A tool cannot be had, or a part of the control plane ends or is not ready in time.
    pub fn start() -> Result<Self> {
        // It is there already when another cluster, or the test itself, came first.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        for _ in 1..ATTEMPTS {
            match Self::try_start() {
                Err(error) if lost_a_port(&error) => {}
                outcome => return outcome,
            }
        }
        Self::try_start()
    }

    fn try_start() -> Result<Self> {
        let programs = control_plane::Programs::get()?;
        let started = Instant::now();
        let network = Network::claim()?;
        let folder = RunFolder::create().context("failed to make a folder for the run")?;
        let credentials = Credentials::create(folder.path())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .thread_name("testbed")
            .build()?;
        let mut control_plane =
            ControlPlane::start(&programs, &network, folder.path(), &credentials)?;
        let (logs, kubelet) = runtime.block_on(kubelet::listen(network.host()))?;
        let (access, kubeconfig) = runtime.block_on(bootstrap::run(
            &mut control_plane,
            &programs,
            &network,
            folder.path(),
            &credentials,
            kubelet,
        ))?;
        let client = access.client.clone();
        runtime.block_on(kubelet::serve(logs, client.clone(), folder.path()))?;
        let load_balancer = runtime.block_on(async { LoadBalancer::start(&client) });
        let dns = runtime.block_on(Dns::start(&network, &client))?;
        runtime.spawn(pods::answer(client));
        Ok(Self {
            access: Arc::new(access),
            load_balancer,
            dns,
            control_plane,
            folder,
            kubeconfig,
            _network: network,
            startup: started.elapsed(),
            _runtime: runtime,
        })
    }

    /// Runs a future to its end, from a test's thread.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.access.block_on(future)
    }

    /// A client that may do everything.
    pub fn client(&self) -> kube::Client {
        self.access.client.clone()
    }

    /// Where the API server listens, by TLS.
    pub fn api(&self) -> SocketAddr {
        self.control_plane.address
    }

    /// The API server's certificate and the one of its authority, as PEM: they are for its own names.
    pub fn certificates(&self) -> PathBuf {
        self.folder.path().join("apiserver.crt")
    }

    /// A kubeconfig that may do everything.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What makes Ingresses answer.
    pub fn load_balancer(&self) -> &LoadBalancer {
        &self.load_balancer
    }

    /// Who knows the names of environments.
    pub fn dns(&self) -> &Dns {
        &self.dns
    }

    /// Where the logs of the cluster's processes are, for as long as it lives.
    pub fn logs(&self) -> &Path {
        self.folder.path()
    }

    /// How long it took from the first process to a pod that was ready.
    pub fn startup(&self) -> Duration {
        self.startup
    }

    /// A new namespace, its name made from the hint.
    ///
    /// # Panics
    /// When the API server refuses it.
    pub fn namespace(&self, hint: &str) -> Namespace {
        Namespace::create(&self.access, hint)
            .unwrap_or_else(|error| panic!("failed to make a namespace for {hint}: {error:#}"))
    }
}

/// Whether a process has found its port taken, which was free just before.
fn lost_a_port(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("address already in use")
}
