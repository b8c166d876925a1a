mod around;
mod changes;
mod labelled;
mod log;
mod made;
mod scene;

use std::{collections::HashMap, sync::Arc};

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, DynamicObject, ListParams, Preconditions, PropagationPolicy},
    core::{ApiResource, GroupVersionKind},
    discovery::{self, Scope},
    error::DiscoveryError,
};
use tokio::sync::Mutex;

use self::made::Listings;
pub use self::{log::Heard, made::Made};
use super::ClusterError;
use crate::model::ObjectKey;

/// The objects of releases, of any kind. Its clones share what they know of the cluster.
#[derive(Clone)]
pub struct Objects {
    client: Client,
    namespace: String,
    kinds: Arc<Mutex<Kinds>>,
    listings: Arc<Listings>,
}

/// How the API server serves the kinds that were asked for. One that it does not know is asked for
/// anew: a chart may bring it.
type Kinds = HashMap<(String, String), (ApiResource, Scope)>;

/// What became of an object.
#[derive(Debug, Clone)]
pub enum Found {
    /// It is there.
    There(Live),
    /// It is not.
    Gone,
    /// No version of its group has its kind: with the kind, all objects of it went.
    NoSuchKind,
}

/// What came of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Gone,
    /// It goes once nothing holds it any more.
    Going,
    /// It is as it was: it changed since it was read, and has to be judged anew.
    Changed,
}

/// An object as the cluster has it.
#[derive(Debug, Clone)]
pub struct Live {
    /// What names it.
    pub key: ObjectKey,
    /// All of it.
    pub body: serde_json::Value,
}

impl Live {
    /// The value of an annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.body["metadata"]["annotations"][name].as_str()
    }

    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.body["metadata"]["labels"][name].as_str()
    }

    /// Whether its deletion was asked for already.
    pub fn is_terminating(&self) -> bool {
        !self.body["metadata"]["deletionTimestamp"].is_null()
    }

    /// What must be done by others before it goes.
    pub fn finalizers(&self) -> Vec<String> {
        let finalizers = self.body["metadata"]["finalizers"].as_array();
        let texts = finalizers
            .into_iter()
            .flatten()
            .filter_map(|text| text.as_str());
        texts.map(str::to_owned).collect()
    }

    fn preconditions(&self) -> Preconditions {
        let text = |name: &str| self.body["metadata"][name].as_str().map(str::to_owned);
        Preconditions {
            uid: text("uid"),
            resource_version: text("resourceVersion"),
        }
    }
}

impl Objects {
    pub(super) fn new(client: Client, namespace: &str) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
            kinds: Arc::default(),
            listings: Arc::default(),
        }
    }

    /// The object; none if there is none, or no such kind.
    pub async fn get(&self, key: &ObjectKey) -> Result<Option<Live>, ClusterError> {
        match self.find(key).await? {
            Found::There(live) => Ok(Some(live)),
            Found::Gone | Found::NoSuchKind => Ok(None),
        }
    }

    /// The object, by another version of its kind where the one that its manifest names is not
    /// served any more.
    pub async fn find(&self, key: &ObjectKey) -> Result<Found, ClusterError> {
        let Some(api) = self.api(key).await? else {
            return Ok(Found::NoSuchKind);
        };
        let found = api.get_opt(&key.name).await;
        match found.map_err(|error| ClusterError::new(format!("read {key}"), error))? {
            Some(object) => Ok(Found::There(live(key.clone(), &object)?)),
            None => Ok(Found::Gone),
        }
    }

    /// Asks for the deletion of an object as it was read; if it may have `dependents`, of those first.
    pub async fn delete(&self, object: &Live, dependents: bool) -> Result<Deleted, ClusterError> {
        let key = &object.key;
        let Some(api) = self.api(key).await? else {
            return Ok(Deleted::Gone);
        };
        let params = DeleteParams {
            preconditions: Some(object.preconditions()),
            propagation_policy: Some(match dependents {
                true => PropagationPolicy::Foreground,
                false => PropagationPolicy::Background,
            }),
            ..DeleteParams::default()
        };
        match api.delete(&key.name, &params).await {
            // Done, where the server says so, or shows what it deleted, as of a Service. What has to wait
            // comes back with the time at which it was asked to go.
            Ok(answer) => Ok(answer.either(
                |object| match object.metadata.deletion_timestamp {
                    None => Deleted::Gone,
                    Some(_) => Deleted::Going,
                },
                |_| Deleted::Gone,
            )),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Deleted::Gone),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Deleted::Changed),
            Err(error) => Err(ClusterError::new(format!("delete {key}"), error)),
        }
    }

    /// Whether a Job has a pod that runs, or a pod runs. An object of any other kind never does.
    pub async fn runs(&self, key: &ObjectKey) -> Result<bool, ClusterError> {
        match key.kind.as_str() {
            "Pod" => Ok(self
                .get(key)
                .await?
                .is_some_and(|pod| is_running(&pod.body))),
            "Job" => {
                let job = self.get(key).await?;
                let active = job.is_some_and(|job| job.body["status"]["active"].as_u64() > Some(0));
                Ok(active && self.job_pods(key).await?.iter().any(is_running))
            }
            _ => Ok(false),
        }
    }

    async fn job_pods(&self, job: &ObjectKey) -> Result<Vec<serde_json::Value>, ClusterError> {
        self.pods(&format!("batch.kubernetes.io/job-name={}", job.name))
            .await
    }

    /// The pods of the namespace with these labels.
    pub async fn pods(&self, labels: &str) -> Result<Vec<serde_json::Value>, ClusterError> {
        let action = || format!("list pods with {labels} in namespace {}", self.namespace);
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let listed = api.list(&ListParams::default().labels(labels)).await;
        let listed = listed.map_err(|error| ClusterError::new(action(), error))?;
        let body = |pod: &Pod| {
            serde_json::to_value(pod)
                .map_err(|error| ClusterError::garbled(action(), error.to_string()))
        };
        listed.items.iter().map(body).collect()
    }

    /// The volume claims of the namespace with these labels.
    pub async fn claims(&self, labels: &str) -> Result<Vec<Live>, ClusterError> {
        let action = || format!("list volume claims in namespace {}", self.namespace);
        let api: Api<PersistentVolumeClaim> = Api::namespaced(self.client.clone(), &self.namespace);
        let listed = api.list(&ListParams::default().labels(labels)).await;
        let listed = listed.map_err(|error| ClusterError::new(action(), error))?;
        let claim = |claim: &PersistentVolumeClaim| live(claim_key(claim.name_any()), claim);
        listed.items.iter().map(claim).collect()
    }

    async fn api(&self, key: &ObjectKey) -> Result<Option<Api<DynamicObject>>, ClusterError> {
        let Some((resource, scope)) = self.kind(key).await? else {
            return Ok(None);
        };
        let namespace = key.namespace.as_deref().unwrap_or(&self.namespace);
        Ok(Some(match scope {
            Scope::Namespaced => Api::namespaced_with(self.client.clone(), namespace, &resource),
            Scope::Cluster => Api::all_with(self.client.clone(), &resource),
        }))
    }

    /// Group and plural of an object's kind, and whether its objects are in namespaces; none where the
    /// cluster does not serve it.
    pub async fn served(
        &self,
        key: &ObjectKey,
    ) -> Result<Option<(String, String, bool)>, ClusterError> {
        let kind = self.kind(key).await?;
        Ok(kind.map(|(resource, scope)| {
            let namespaced = matches!(scope, Scope::Namespaced);
            (resource.group, resource.plural, namespaced)
        }))
    }

    /// Whether the cluster serves an object's kind in its very version, as Helm asks for it.
    pub async fn serves(&self, key: &ObjectKey) -> Result<bool, ClusterError> {
        let kind = self.kind(key).await?;
        Ok(kind.is_some_and(|(resource, _)| resource.api_version == key.api_version))
    }

    async fn kind(&self, key: &ObjectKey) -> Result<Option<(ApiResource, Scope)>, ClusterError> {
        let mut kinds = self.kinds.lock().await;
        let known = (key.api_version.clone(), key.kind.clone());
        if let Some(kind) = kinds.get(&known) {
            return Ok(Some(kind.clone()));
        }
        let found = served(&self.client, key).await.map_err(|error| {
            let action = format!("look up the kind {} {}", key.api_version, key.kind);
            ClusterError::new(action, error)
        })?;
        if let Some(kind) = &found {
            kinds.insert(known, kind.clone());
        }
        Ok(found)
    }
}

/// The kind of `key` in its version, or else in another one of its group; none if no version of the
/// group has it. An error where the API server does not tell.
async fn served(client: &Client, key: &ObjectKey) -> kube::Result<Option<(ApiResource, Scope)>> {
    let (group, version) = key
        .api_version
        .split_once('/')
        .unwrap_or(("", &key.api_version));
    let kind = GroupVersionKind::gvk(group, version, &key.kind);
    match discovery::pinned_kind(client, &kind).await {
        Ok((resource, capabilities)) => return Ok(Some((resource, capabilities.scope))),
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(kube::Error::Discovery(_)) => {}
        Err(error) => return Err(error),
    }
    let group = match discovery::group(client, group).await {
        Ok(group) => group,
        Err(kube::Error::Discovery(DiscoveryError::MissingApiGroup(_))) => return Ok(None),
        // A version that was listed and then is not there: what is not known is not gone.
        Err(error) => return Err(error),
    };
    let mut resources = group.resources_by_stability().into_iter();
    let found = resources.find(|(resource, _)| resource.kind == key.kind);
    Ok(found.map(|(resource, capabilities)| (resource, capabilities.scope)))
}

fn is_running(pod: &serde_json::Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Running" | "Unknown"))
}

fn claim_key(name: String) -> ObjectKey {
    ObjectKey::new("v1", "PersistentVolumeClaim", name)
}

fn live(key: ObjectKey, object: &impl serde::Serialize) -> Result<Live, ClusterError> {
    let body = serde_json::to_value(object)
        .map_err(|error| ClusterError::garbled(format!("read {key}"), error.to_string()))?;
    Ok(Live { key, body })
}
