//! What controllers of Kubernetes made.

use k8s_openapi::api::{
    apps::v1::{ControllerRevision, ReplicaSet},
    core::v1::Pod,
};
use kube::{Api, Resource, api::ListParams, core::NamespaceResourceScope};

use super::{
    super::protobuf::metadata::{self, Item},
    Objects,
};
use crate::{
    clients::cluster::ClusterError,
    model::{Dependent, ObjectKey},
};

/// The label by which a Deployment names its ReplicaSets, and that their pods bear too.
const HASH: &str = "pod-template-hash";

/// Kinds of which nobody writes manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Pods.
    Pods,
    /// Of Deployments.
    ReplicaSets,
    /// Of StatefulSets and DaemonSets: what their pods were made by.
    ControllerRevisions,
}

impl Objects {
    /// All of this kind in the namespace that lives by something.
    pub async fn made(&self, kind: Made) -> Result<Vec<Dependent>, ClusterError> {
        match kind {
            Made::Pods => self.of_kind_made::<Pod>("pods").await,
            Made::ReplicaSets => self.of_kind_made::<ReplicaSet>("replicasets").await,
            Made::ControllerRevisions => {
                self.of_kind_made::<ControllerRevision>("controllerrevisions")
                    .await
            }
        }
    }

    async fn of_kind_made<K>(&self, plural: &str) -> Result<Vec<Dependent>, ClusterError>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        let page = metadata::list(&self.client, api.resource_url(), &ListParams::default()).await;
        let page = page.map_err(|error| self.not_listed(plural, error))?;
        // No limit was asked for: what does not tell that it is all proves nothing gone.
        if page
            .position
            .is_none_or(|position| !position.next.is_empty())
        {
            let action = format!("list {plural} in namespace {}", self.namespace);
            return Err(ClusterError::garbled(action, "an answer cut short"));
        }
        let of_kind = |item| dependents(item, &K::api_version(&()), &K::kind(&()));
        Ok(page.items.into_iter().flat_map(of_kind).collect())
    }
}

/// The object once for each of its owners, of which there is one as a rule.
fn dependents(item: Item, api_version: &str, kind: &str) -> Vec<Dependent> {
    let Item { metadata } = item;
    let hash = metadata.labels.get(HASH).cloned().unwrap_or_default();
    let key = ObjectKey::new(api_version, kind, metadata.name);
    let of_owner = |owner: metadata::Owner| Dependent {
        key: key.clone(),
        owner_kind: owner.kind,
        owner: owner.name,
        hash: hash.clone(),
    };
    metadata.owners.into_iter().map(of_owner).collect()
}
