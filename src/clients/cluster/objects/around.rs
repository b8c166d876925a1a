//! What stands around an object that does not go.

use k8s_openapi::api::{
    core::v1::{self, Pod},
    networking::v1::Ingress,
};
use kube::{Api, ResourceExt, api::ListParams};

use super::{Objects, scene::event};
use crate::{clients::cluster::ClusterError, model::Event};

impl Objects {
    /// What the cluster warns of, about objects of a kind in the namespace.
    pub async fn warnings(&self, kind: &str) -> Result<Vec<Event>, ClusterError> {
        let api: Api<v1::Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let fields = format!("type=Warning,involvedObject.kind={kind}");
        let listed = api.list(&ListParams::default().fields(&fields)).await;
        let listed = listed.map_err(|error| self.not_listed("events", error))?;
        Ok(listed.items.into_iter().map(event).collect())
    }

    /// The names of the namespace's Ingresses that bear a finalizer.
    pub async fn ingresses_with(&self, finalizer: &str) -> Result<Vec<String>, ClusterError> {
        let api: Api<Ingress> = Api::namespaced(self.client.clone(), &self.namespace);
        let listed = api.list(&ListParams::default()).await;
        let listed = listed.map_err(|error| self.not_listed("ingresses", error))?;
        let bears = |ingress: &&Ingress| ingress.finalizers().iter().any(|it| it == finalizer);
        let bearing = listed.iter().filter(bears);
        Ok(bearing.map(ResourceExt::name_any).collect())
    }

    /// The names of the pods that use a volume claim of the namespace.
    pub async fn users_of(&self, claim: &str) -> Result<Vec<String>, ClusterError> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let listed = api.list(&ListParams::default()).await;
        let listed = listed.map_err(|error| self.not_listed("pods", error))?;
        let uses = |pod: &&Pod| {
            let volumes = pod.spec.iter().flat_map(|it| it.volumes.iter().flatten());
            let mut claims = volumes.filter_map(|it| it.persistent_volume_claim.as_ref());
            claims.any(|it| it.claim_name == claim)
        };
        let users = listed.iter().filter(uses);
        Ok(users.map(ResourceExt::name_any).collect())
    }

    pub(super) fn not_listed(&self, what: &str, error: kube::Error) -> ClusterError {
        let action = format!("list {what} in namespace {}", self.namespace);
        ClusterError::new(action, error)
    }
}
