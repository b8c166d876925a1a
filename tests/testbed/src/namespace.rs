//! What a test has for itself: a namespace, and the ways to look into it.

mod front;
mod inventory;
mod manifests;
mod service_account;
mod store;

use std::sync::Arc;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{Namespace as NamespaceObject, Secret};
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, ListParams, PostParams},
    core::ApiResource,
    discovery::{ApiCapabilities, Scope},
};
use serde_json::{Value, json};

pub use front::Front;

use crate::cluster::Access;

/// A namespace that nobody else uses. It is deleted when this is dropped, without waiting.
///
/// Every method is for tests: it panics when the cluster refuses what it asks.
pub struct Namespace {
    name: String,
    access: Arc<Access>,
}

impl Namespace {
    pub(crate) fn create(access: &Arc<Access>, hint: &str) -> Result<Self> {
        let object = json!({"metadata": {"generateName": format!("{hint}-")}});
        let object: NamespaceObject = serde_json::from_value(object)?;
        let namespaces = Api::all(access.client.clone());
        let created = access.block_on(namespaces.create(&PostParams::default(), &object))?;
        let name = created
            .metadata
            .name
            .context("the API server gave it no name")?;
        Ok(Self {
            name,
            access: Arc::clone(access),
        })
    }

    /// Its name, unique in the cluster.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An object, as the API server has it now.
    #[track_caller]
    pub fn get(&self, kind: &str, name: &str) -> Value {
        self.find(kind, name)
            .unwrap_or_else(|| panic!("there is no {kind} {name}"))
    }

    /// An object, if it is there.
    #[track_caller]
    pub fn find(&self, kind: &str, name: &str) -> Option<Value> {
        self.done(&format!("read {kind} {name}"), async {
            let object = self.api(kind).await?.get_opt(name).await?;
            Ok(object.map(serde_json::to_value).transpose()?)
        })
    }

    /// The names of all objects of a kind, sorted.
    #[track_caller]
    pub fn objects(&self, kind: &str) -> Vec<String> {
        let mut names = self.done(&format!("list {kind}"), async {
            let list = self
                .api(kind)
                .await?
                .list_metadata(&ListParams::default())
                .await?;
            Ok(list
                .items
                .into_iter()
                .filter_map(|item| item.metadata.name)
                .collect::<Vec<_>>())
        });
        names.sort();
        names
    }

    /// Asks for an object's deletion.
    #[track_caller]
    pub fn delete(&self, kind: &str, name: &str) {
        self.done(&format!("delete {kind} {name}"), async {
            self.api(kind)
                .await?
                .delete(name, &DeleteParams::background())
                .await?;
            Ok(())
        });
    }

    /// Asks for the deletion of the namespace itself.
    #[track_caller]
    pub fn delete_all(&self) {
        let namespaces: Api<NamespaceObject> = Api::all(self.access.client.clone());
        self.done("delete the namespace", async {
            namespaces
                .delete(&self.name, &DeleteParams::default())
                .await?;
            Ok(())
        });
    }

    /// Changes an object by a JSON merge patch: `null` takes a key away.
    #[track_caller]
    pub fn patch(&self, kind: &str, name: &str, patch: &Value) {
        self.done(&format!("patch {kind} {name}"), async {
            let patch = kube::api::Patch::Merge(patch);
            self.api(kind)
                .await?
                .patch(name, &Default::default(), &patch)
                .await?;
            Ok(())
        });
    }

    /// Sets or takes away an annotation, such as those that steer pods.
    #[track_caller]
    pub fn annotate(&self, kind: &str, name: &str, key: &str, value: Option<&str>) {
        self.patch(
            kind,
            name,
            &json!({"metadata": {"annotations": {key: value}}}),
        );
    }

    /// The revisions that Helm keeps of a release with their statuses, oldest first.
    #[track_caller]
    pub fn release_revisions(&self, release: &str) -> Vec<(u32, String)> {
        let secrets: Api<Secret> = self.typed();
        let selector = format!("owner=helm,name={release}");
        let secrets = self.done(&format!("list the revisions of {release}"), async {
            Ok(secrets
                .list_metadata(&ListParams::default().labels(&selector))
                .await?
                .items)
        });
        let mut revisions: Vec<_> = secrets
            .into_iter()
            .filter_map(|secret| {
                let mut labels = secret.metadata.labels?;
                Some((
                    labels.remove("version")?.parse().ok()?,
                    labels.remove("status")?,
                ))
            })
            .collect();
        revisions.sort();
        revisions
    }

    fn typed<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.access.client.clone(), &self.name)
    }

    async fn api(&self, kind: &str) -> Result<Api<DynamicObject>> {
        Ok(self.api_of(self.access.kind(kind).await?))
    }

    fn api_of(&self, (resource, can): (ApiResource, ApiCapabilities)) -> Api<DynamicObject> {
        let client = self.access.client.clone();
        match can.scope {
            Scope::Namespaced => Api::namespaced_with(client, &self.name, &resource),
            Scope::Cluster => Api::all_with(client, &resource),
        }
    }

    #[track_caller]
    fn done<T>(&self, what: &str, work: impl Future<Output = Result<T>>) -> T {
        match self.access.block_on(work) {
            Ok(value) => value,
            Err(error) => panic!("failed to {what} in {}: {error:#}", self.name),
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let namespaces: Api<NamespaceObject> = Api::all(self.access.client.clone());
        let name = self.name.clone();
        self.access.spawn(async move {
            // The cluster may be on its way out, and takes the namespace with it.
            namespaces
                .delete(&name, &DeleteParams::default())
                .await
                .ok();
        });
    }
}
