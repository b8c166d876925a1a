//! Objects by their labels, of whatever kind.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::{
    Api, ResourceExt,
    api::{DynamicObject, ListParams},
    core::ApiResource,
    discovery::{ApiCapabilities, Discovery, Scope, verbs},
};

use super::{Live, Objects, live};
use crate::{clients::cluster::ClusterError, model::ObjectKey};

/// How many kinds are listed at a time.
const AT_ONCE: usize = 8;

impl Objects {
    /// The metadata of the namespace's objects with these labels, of every kind that the account may
    /// list and that can be deleted. A kind that it may not list is passed over: it hardly made one.
    pub async fn labelled(&self, labels: &str) -> Result<Vec<Live>, ClusterError> {
        let discovery = Discovery::new(self.client.clone()).run_aggregated().await;
        let discovery = discovery.map_err(|error| ClusterError::new("look up all kinds", error))?;
        let groups = discovery.groups();
        let kinds = groups.flat_map(|group| group.recommended_resources());
        let kinds: Vec<_> = kinds.filter(|(_, can)| is_deletable(can)).collect();
        let lists = stream::iter(kinds).map(|(kind, _)| self.of_kind(kind, labels));
        let lists: Vec<_> = lists.buffered(AT_ONCE).try_collect().await?;
        Ok(lists.concat())
    }

    async fn of_kind(&self, kind: ApiResource, labels: &str) -> Result<Vec<Live>, ClusterError> {
        let client = self.client.clone();
        let api: Api<DynamicObject> = Api::namespaced_with(client, &self.namespace, &kind);
        let params = ListParams::default().labels(labels);
        let listed = match api.list_metadata(&params).await {
            Ok(listed) => listed,
            Err(kube::Error::Api(status)) if matches!(status.code, 403..=405) => return Ok(vec![]),
            Err(error) => return Err(self.not_listed(&kind.plural, error)),
        };
        let found = listed.iter().map(|object| {
            let key = ObjectKey::new(&kind.api_version, &kind.kind, object.name_any());
            live(key, object)
        });
        found.collect()
    }
}

fn is_deletable(can: &ApiCapabilities) -> bool {
    let namespaced = can.scope == Scope::Namespaced;
    namespaced && can.supports_operation(verbs::LIST) && can.supports_operation(verbs::DELETE)
}
