//! All that is in a namespace.

use anyhow::{Context, Result};
use futures::future;
use kube::{
    Api,
    api::{DynamicObject, ListParams},
    core::ApiResource,
    discovery::{Scope, verbs},
};

use super::Namespace;

/// On what the testbed itself put there for a test to work at all.
pub(super) const OWN_LABEL: &str = "testbed/own";

impl Namespace {
    /// Everything in the namespace, of every kind that can be listed, as `Kind/name`, sorted.
    ///
    /// Left out is what a namespace has anyway (the default ServiceAccount, `kube-root-ca.crt`),
    /// events, EndpointSlices without an endpoint, and what
    /// [`service_account`](Self::service_account) made.
    #[track_caller]
    pub fn inventory(&self) -> Vec<String> {
        let mut all = self.done("list everything", async {
            let kinds = self.access.kinds().await?;
            let lists = kinds
                .into_iter()
                .filter(|(_, can)| {
                    can.scope == Scope::Namespaced && can.supports_operation(verbs::LIST)
                })
                .map(|(resource, _)| self.list(resource));
            Ok(future::try_join_all(lists).await?.concat())
        });
        all.sort();
        all
    }

    async fn list(&self, resource: ApiResource) -> Result<Vec<String>> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.access.client.clone(), &self.name, &resource);
        let list = api
            .list(&ListParams::default())
            .await
            .with_context(|| format!("failed to list {}", resource.plural))?;
        let counted = list
            .items
            .into_iter()
            .filter(|object| counts(&resource.kind, object));
        Ok(counted
            .filter_map(|object| Some(format!("{}/{}", resource.kind, object.metadata.name?)))
            .collect())
    }
}

fn counts(kind: &str, object: &DynamicObject) -> bool {
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let own = object
        .metadata
        .labels
        .as_ref()
        .is_some_and(|labels| labels.contains_key(OWN_LABEL));
    let endpoints = object.data["endpoints"].as_array();
    let ordinary = match kind {
        "Event" => true,
        "ServiceAccount" => name == "default",
        "ConfigMap" => name == "kube-root-ca.crt",
        "EndpointSlice" => endpoints.is_none_or(Vec::is_empty),
        _ => false,
    };
    !own && !ordinary
}
