//! What lives by Deployments.

use k8s_openapi::api::{apps::v1::ReplicaSet, core::v1::Pod};
use kube::{Api, Resource, api::ListParams};

use super::{
    super::protobuf::metadata::{self, Item},
    Objects,
};
use crate::{
    clients::cluster::ClusterError,
    model::{Dependent, ObjectKey},
};

/// The label that a Deployment gives to its ReplicaSets and to their pods.
const HASH: &str = "pod-template-hash";

impl Objects {
    /// The ReplicaSets of all Deployments of the namespace, and their pods.
    pub async fn of_deployments(&self) -> Result<Vec<Dependent>, ClusterError> {
        let (sets, pods) = tokio::try_join!(
            self.hashed::<ReplicaSet>("replicasets"),
            self.hashed::<Pod>("pods")
        )?;
        Ok([sets, pods].concat())
    }

    async fn hashed<K>(&self, what: &str) -> Result<Vec<Dependent>, ClusterError>
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = ListParams::default().labels(HASH);
        let page = metadata::list(&self.client, api.resource_url(), &params).await;
        let page = page.map_err(|error| self.not_listed(what, error))?;
        let of_kind = |item| dependents(item, &K::api_version(&()), &K::kind(&()));
        Ok(page.items.into_iter().flat_map(of_kind).collect())
    }
}

/// The object once for each of its owners, of which there is one as a rule.
fn dependents(item: Item, api_version: &str, kind: &str) -> Vec<Dependent> {
    let Item { metadata } = item;
    let hash = metadata.labels.get(HASH).cloned().unwrap_or_default();
    let key = ObjectKey {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        name: metadata.name,
        namespace: None,
        set: None,
    };
    let of_owner = |owner: metadata::Owner| Dependent {
        key: key.clone(),
        owner_kind: owner.kind,
        owner: owner.name,
        hash: hash.clone(),
    };
    metadata.owners.into_iter().map(of_owner).collect()
}
