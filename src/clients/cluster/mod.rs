//! The Kubernetes API: records, Helm's storage, and the objects of releases.

mod error;
mod ingresses;
mod leases;
mod objects;
mod storage;

use std::{path::PathBuf, time::Duration};

use kube::{
    Client, Config,
    client::{ClientBuilder, retry::RetryPolicy},
    config::{KubeConfigOptions, Kubeconfig},
};
use tower::{buffer::BufferLayer, retry::RetryLayer};

pub use self::{
    error::ClusterError,
    ingresses::{Address, Ingresses},
    leases::{Leases, Written},
    objects::{Live, Objects},
    storage::Storage,
};

/// How long the API server may stay silent within one request.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests that the API server puts off (429, 503, 504) are sent again this often, within seconds.
const RETRIES: u32 = 4;

/// How the cluster is reached: also what Helm is told, so that both talk to the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The kubeconfig, where it is one file; none for several in KUBECONFIG, and in a pod.
    pub kubeconfig: Option<PathBuf>,
    /// The context's name; none in a pod.
    pub context: Option<String>,
    /// The namespace.
    pub namespace: String,
}

/// One namespace of one cluster.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    target: Target,
}

impl Cluster {
    /// Reads where the cluster is. Nothing is asked of it yet.
    ///
    /// # Errors
    /// A kubeconfig that is not there, cannot be read, or has no such context.
    pub async fn connect(
        kubeconfig: Option<PathBuf>,
        context: Option<String>,
        namespace: String,
    ) -> Result<Self, ClusterError> {
        let setup = |error: String| ClusterError::setup(error);
        let (config, target) = match read_kubeconfig(kubeconfig)? {
            Some((path, file)) => {
                let context = context.or_else(|| file.current_context.clone());
                let options = KubeConfigOptions {
                    context: context.clone(),
                    ..KubeConfigOptions::default()
                };
                let config = Config::from_custom_kubeconfig(file, &options).await;
                let config = config.map_err(|error| setup(error.to_string()))?;
                (
                    config,
                    Target {
                        kubeconfig: path,
                        context,
                        namespace,
                    },
                )
            }
            None => {
                let config = Config::incluster().map_err(|_| {
                    setup("no kubeconfig, and this is no pod: give --kubeconfig".to_owned())
                })?;
                (
                    config,
                    Target {
                        kubeconfig: None,
                        context: None,
                        namespace,
                    },
                )
            }
        };
        let client = client(config).map_err(|error| setup(error.to_string()))?;
        Ok(Self { client, target })
    }

    /// How the cluster is reached.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The records.
    pub fn leases(&self) -> Leases {
        Leases::new(self.client.clone(), &self.target.namespace)
    }

    /// Helm's storage.
    pub fn storage(&self) -> Storage {
        Storage::new(self.client.clone(), &self.target.namespace)
    }

    /// The objects of releases.
    pub fn objects(&self) -> Objects {
        Objects::new(self.client.clone(), &self.target.namespace)
    }

    /// The load balancer's rules.
    pub fn ingresses(&self) -> Ingresses {
        Ingresses::new(self.client.clone(), &self.target.namespace)
    }
}

/// The kubeconfig, and its path where it is one file; none where there is none.
fn read_kubeconfig(
    given: Option<PathBuf>,
) -> Result<Option<(Option<PathBuf>, Kubeconfig)>, ClusterError> {
    let setup = |error: kube::config::KubeconfigError| ClusterError::setup(error.to_string());
    let named = std::env::var_os("KUBECONFIG").filter(|paths| !paths.is_empty());
    let listed: Vec<PathBuf> = named
        .as_ref()
        .map(|paths| {
            std::env::split_paths(paths)
                .filter(|path| path.exists())
                .collect()
        })
        .unwrap_or_default();
    // Falling back would deploy to another cluster than the one that was named.
    if let (None, Some(paths), []) = (&given, &named, listed.as_slice()) {
        let paths = paths.to_string_lossy();
        return Err(ClusterError::setup(format!(
            "KUBECONFIG is {paths}, which is not there"
        )));
    }
    let at_home = std::env::home_dir().map(|home| home.join(".kube/config"));
    match (given, listed.as_slice()) {
        (Some(path), _) => {
            let file = Kubeconfig::read_from(&path).map_err(setup)?;
            Ok(Some((Some(path), file)))
        }
        (None, [path]) => Ok(Some((
            Some(path.clone()),
            Kubeconfig::read_from(path).map_err(setup)?,
        ))),
        (None, []) => match at_home.filter(|path| path.exists()) {
            Some(path) => {
                let file = Kubeconfig::read_from(&path).map_err(setup)?;
                Ok(Some((Some(path), file)))
            }
            None => Ok(None),
        },
        (None, _) => Ok(Some((None, Kubeconfig::read().map_err(setup)?))),
    }
}

fn client(mut config: Config) -> kube::Result<Client> {
    config.read_timeout = Some(READ_TIMEOUT);
    config.write_timeout = Some(READ_TIMEOUT);
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.default_retry = false;
    let (least, most) = (Duration::from_millis(100), Duration::from_secs(2));
    let policy = RetryPolicy::new(least, most, RETRIES, true)
        .expect("the bounds of the retries are constants in order");
    // The buffer makes the connection one that can be cloned, which sending again needs.
    let builder = ClientBuilder::try_from(config)?.with_layer(&BufferLayer::new(64));
    Ok(builder.with_layer(&RetryLayer::new(policy)).build())
}
