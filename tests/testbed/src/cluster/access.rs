//! What everything needs that talks to the cluster.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, Result};
use kube::{
    Client,
    core::{ApiResource, TypeMeta},
    discovery::{ApiCapabilities, Discovery},
};
use tokio::{runtime::Handle, sync::OnceCell};

use super::credentials::Server;

/// An admin's way to the API server.
pub(crate) struct Access {
    pub(crate) client: Client,
    pub(crate) server: Server,
    /// Where etcd listens.
    pub(crate) etcd: SocketAddr,
    /// Where kubeconfigs go.
    pub(crate) folder: PathBuf,
    handle: Handle,
    discovery: OnceCell<Discovery>,
}

impl Access {
    /// To be called within the runtime that is to run everything.
    pub(crate) fn new(client: Client, server: Server, etcd: SocketAddr, folder: PathBuf) -> Self {
        Self {
            client,
            server,
            etcd,
            folder,
            handle: Handle::current(),
            discovery: OnceCell::new(),
        }
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Lets a future run on its own.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(future);
    }

    /// All kinds that the API server knows, asked for once: the testbed installs none later.
    pub(crate) async fn kinds(&self) -> Result<Vec<(ApiResource, ApiCapabilities)>> {
        let discovery = self.discovery().await?;
        let groups = discovery.groups_alphabetical();
        Ok(groups
            .into_iter()
            .flat_map(|group| group.recommended_resources())
            .collect())
    }

    /// The resource of a kind's bare name, like `Deployment`.
    pub(crate) async fn kind(&self, kind: &str) -> Result<(ApiResource, ApiCapabilities)> {
        let kinds = self.kinds().await?;
        let found = kinds
            .into_iter()
            .find(|(resource, _)| resource.kind == kind);
        found.with_context(|| format!("the API server knows no kind {kind}"))
    }

    /// The resource that a manifest is of.
    pub(crate) async fn resource(
        &self,
        types: &TypeMeta,
    ) -> Result<(ApiResource, ApiCapabilities)> {
        self.discovery()
            .await?
            .resolve_typemeta(types)
            .with_context(|| {
                format!(
                    "the API server knows no kind {} in {}",
                    types.kind, types.api_version
                )
            })
    }

    async fn discovery(&self) -> Result<&Discovery> {
        let discover = || Discovery::new(self.client.clone()).run_aggregated();
        self.discovery
            .get_or_try_init(discover)
            .await
            .context("failed to discover the API's kinds")
    }
}
