//! The Kubernetes API: records, Helm's storage, and the objects of releases.

mod bounds;
mod capabilities;
mod error;
mod ingresses;
mod kubeconfig;
mod leases;
mod objects;
mod plugin;
mod protobuf;
mod retries;
mod rights;
mod storage;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use kube::{
    Client, Config,
    client::{AuthError, Body, ClientBuilder},
    config::KubeConfigOptions,
};
use tower::{buffer::BufferLayer, retry::RetryLayer, util::MapResponseLayer};

use self::{bounds::bounded, retries::Retries};
use super::patience::Patience;

pub use self::{
    capabilities::Capabilities,
    error::ClusterError,
    ingresses::Ingresses,
    leases::{Leases, Written},
    objects::{Deleted, Found, Heard, Live, Made, Objects},
    plugin::run_if_started as plugin_if_started,
    rights::Rights,
    storage::Storage,
};

/// How long the API server may stay silent within one request.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

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
    objects: Objects,
    target: Target,
}

impl Cluster {
    /// Reads where the cluster is. Nothing is asked of it yet; later it is asked again by `patience`.
    ///
    /// # Errors
    /// A kubeconfig that is not there, cannot be read, or has no such context.
    pub async fn connect(
        kubeconfig: Option<PathBuf>,
        context: Option<String>,
        namespace: String,
        patience: Patience,
    ) -> Result<Self, ClusterError> {
        let Some(file) = kubeconfig::read(kubeconfig)? else {
            // Passed over, it would deploy to another cluster than the one that was named.
            if let Some(context) = context {
                let reason = format!("there is no kubeconfig to find the context `{context}` in");
                return Err(ClusterError::setup(Some("kube-context"), reason));
            }
            let config = Config::incluster().map_err(|_| {
                let reason = "no kubeconfig, and this is no pod: give --kubeconfig";
                ClusterError::setup(None, reason)
            })?;
            let target = Target {
                kubeconfig: None,
                context: None,
                namespace,
            };
            return Self::new(config, target, None, patience).await;
        };
        let chosen = file.context(context)?;
        let options = KubeConfigOptions {
            context: chosen.clone(),
            ..KubeConfigOptions::default()
        };
        let mut content = file.content;
        plugin::limit(&mut content);
        let config = Config::from_custom_kubeconfig(content, &options).await;
        let config = config
            .map_err(|error| ClusterError::setup(file.option, kubeconfig::in_words(&error)))?;
        let target = Target {
            kubeconfig: file.path,
            context: chosen,
            namespace,
        };
        Self::new(config, target, file.option, patience).await
    }

    /// On another thread: a credential plugin is waited for in there, and meanwhile signals are heard.
    async fn new(
        config: Config,
        target: Target,
        option: Option<&'static str>,
        patience: Patience,
    ) -> Result<Self, ClusterError> {
        let client = tokio::task::spawn_blocking(move || client(config, patience)).await;
        let client = client.map_err(|error| ClusterError::setup(None, error.to_string()))?;
        let client = client.map_err(|error| ClusterError::setup(option, in_words(&error)))?;
        let objects = Objects::new(client.clone(), &target.namespace);
        Ok(Self {
            client,
            objects,
            target,
        })
    }

    /// How the cluster is reached.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What time it is by the API server's clock, to the second.
    pub async fn clock(&self) -> Result<DateTime<Utc>, ClusterError> {
        let action = "ask the API server for the time";
        let request = http::Request::get("/version").body(Body::empty());
        let request = request.map_err(|error| ClusterError::garbled(action, error.to_string()))?;
        let answer = self.client.send(request).await;
        let answer = answer.map_err(|error| ClusterError::new(action, error))?;
        let date = answer.headers().get(http::header::DATE);
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
        date.map(|date| date.to_utc())
            .ok_or_else(|| ClusterError::garbled(action, "its answer has no Date"))
    }

    /// The records.
    pub fn leases(&self) -> Leases {
        Leases::new(self.client.clone(), &self.target.namespace)
    }

    /// Helm's storage.
    pub fn storage(&self) -> Storage {
        Storage::new(self.client.clone(), &self.target.namespace)
    }

    /// What the account may do.
    pub fn rights(&self) -> Rights {
        Rights::new(self.client.clone(), &self.target.namespace)
    }

    /// The objects of releases.
    pub fn objects(&self) -> Objects {
        self.objects.clone()
    }

    /// The load balancer's rules.
    pub fn ingresses(&self) -> Ingresses {
        Ingresses::new(self.client.clone(), &self.target.namespace)
    }
}

/// `selector`, and these labels beside it.
fn with_labels(selector: &str, labels: &BTreeMap<String, String>) -> String {
    let pairs = labels.iter().map(|(key, value)| format!(",{key}={value}"));
    format!("{selector}{}", pairs.collect::<String>())
}

/// What is wrong with how the cluster is reached. A plugin's output is not told: it may be a token.
fn in_words(error: &kube::Error) -> String {
    match error {
        kube::Error::Auth(AuthError::AuthExecRun { out, .. }) => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said = said.lines().last().unwrap_or("see above");
            format!("its credential plugin failed ({}): {said}", out.status)
        }
        kube::Error::InferKubeconfig(error) => kubeconfig::in_words(error),
        other => other.to_string(),
    }
}

/// The pages of a listing end (410) where it took longer than the server keeps its state of then: it is
/// begun anew, once.
async fn anew_once<T>(list: impl AsyncFn() -> Result<T, ClusterError>) -> Result<T, ClusterError> {
    match list().await {
        Err(error) if error.is_expired() => list().await,
        listed => listed,
    }
}

fn client(mut config: Config, patience: Patience) -> kube::Result<Client> {
    config.read_timeout = Some(READ_TIMEOUT);
    config.write_timeout = Some(READ_TIMEOUT);
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.default_retry = false;
    // The buffer makes the connection one that can be cloned, which sending again needs.
    let builder = ClientBuilder::try_from(config)?.with_layer(&BufferLayer::new(64));
    let builder = builder.with_layer(&RetryLayer::new(Retries::new(patience)));
    Ok(builder.with_layer(&MapResponseLayer::new(bounded)).build())
}
