use std::collections::BTreeMap;

use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions},
};
use serde_json::json;

use super::{ClusterError, anew_once, with_labels};
use crate::model::labels;

/// Leases in one page of a listing.
const PAGE: u32 = 500;

/// The Leases of the namespace: one for each environment, its lock and its memory.
#[derive(Clone)]
pub struct Leases {
    api: Api<Lease>,
    namespace: String,
}

/// What became of a write. Conflicts are values: whoever writes reads and decides anew.
#[derive(Debug)]
pub enum Written {
    /// Done; the Lease as the server has it now.
    Done(Box<Lease>),
    /// Somebody else wrote, or made it, first.
    Conflict,
    /// There is none.
    Gone,
}

impl Leases {
    pub(super) fn new(client: Client, namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            namespace: namespace.to_owned(),
        }
    }

    /// The Lease of this name, whosever it is; none if there is none.
    pub async fn get(&self, name: &str) -> Result<Option<Lease>, ClusterError> {
        self.api
            .get_opt(name)
            .await
            .map_err(|error| self.error(format!("read lease {name}"), error))
    }

    /// What `read` makes of all of ours in the namespace that bear these labels, page by page. They come
    /// without what the server keeps for itself.
    pub async fn list<T>(
        &self,
        labels: &BTreeMap<String, String>,
        read: impl Fn(Lease) -> T,
    ) -> Result<Vec<T>, ClusterError> {
        let ours = format!("{}={}", labels::MANAGED_BY, labels::MANAGER);
        let selector = with_labels(&ours, labels);
        anew_once(async || {
            let mut params = ListParams::default().labels(&selector).limit(PAGE);
            let mut leases = Vec::new();
            loop {
                let page = self.api.list(&params).await;
                let page = page.map_err(|error| self.error("list leases".to_owned(), error))?;
                leases.extend(page.items.into_iter().map(|mut lease| {
                    lease.metadata.managed_fields = None;
                    read(lease)
                }));
                match page.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => params = params.continue_token(&token),
                    None => return Ok(leases),
                }
            }
        })
        .await
    }

    /// Makes a Lease; a conflict if one of its name exists.
    pub async fn create(&self, lease: &Lease) -> Result<Written, ClusterError> {
        let name = lease.metadata.name.as_deref().unwrap_or_default();
        match self.api.create(&PostParams::default(), lease).await {
            Ok(lease) => Ok(Written::Done(Box::new(lease))),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Written::Conflict),
            Err(error) => Err(self.error(format!("create lease {name}"), error)),
        }
    }

    /// Writes a Lease that was read; a conflict if it changed since.
    pub async fn replace(&self, lease: &Lease) -> Result<Written, ClusterError> {
        let name = lease.metadata.name.as_deref().unwrap_or_default();
        match self.api.replace(name, &PostParams::default(), lease).await {
            Ok(lease) => Ok(Written::Done(Box::new(lease))),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Written::Conflict),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Written::Gone),
            Err(error) => Err(self.error(format!("update lease {name}"), error)),
        }
    }

    /// Sets one annotation, whoever holds the Lease.
    pub async fn annotate(&self, name: &str, key: &str, value: &str) -> Result<(), ClusterError> {
        let patch = json!({"metadata": {"annotations": {key: value}}});
        let patched = self
            .api
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        match patched {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(self.error(format!("annotate lease {name}"), error)),
        }
    }

    /// Deletes a Lease that was read; a conflict if it changed since.
    pub async fn delete(&self, lease: &Lease) -> Result<Written, ClusterError> {
        let name = lease.metadata.name.as_deref().unwrap_or_default();
        let preconditions = Preconditions {
            uid: lease.metadata.uid.clone(),
            resource_version: lease.metadata.resource_version.clone(),
        };
        let params = DeleteParams {
            preconditions: Some(preconditions),
            ..DeleteParams::default()
        };
        match self.api.delete(name, &params).await {
            Ok(_) => Ok(Written::Done(Box::new(lease.clone()))),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Written::Conflict),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Written::Gone),
            Err(error) => Err(self.error(format!("delete lease {name}"), error)),
        }
    }

    fn error(&self, action: String, error: kube::Error) -> ClusterError {
        ClusterError::new(format!("{action} in namespace {}", self.namespace), error)
    }
}
