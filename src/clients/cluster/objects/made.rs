//! What controllers of Kubernetes made.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::api::{
    apps::v1::{ControllerRevision, ReplicaSet},
    core::v1::Pod,
};
use kube::{Api, Resource, api::ListParams, core::NamespaceResourceScope};
use tokio::sync::Mutex;

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

/// How far apart two listings of one kind begin, at least.
const APART: Duration = Duration::from_millis(200);

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

/// The newest listing of each kind.
#[derive(Default)]
pub(super) struct Listings {
    pods: Mutex<Option<Listing>>,
    replica_sets: Mutex<Option<Listing>>,
    controller_revisions: Mutex<Option<Listing>>,
}

/// What a listing that began then has shown.
struct Listing {
    begun: Instant,
    shown: Result<Arc<[Dependent]>, ClusterError>,
}

impl Objects {
    /// All of this kind in the namespace that lives by something, as of now or later.
    ///
    /// It is of the whole namespace, so that many environments that look at once share one listing, and
    /// what became of one that failed in spite of retries.
    pub async fn made(&self, kind: Made) -> Result<Arc<[Dependent]>, ClusterError> {
        let known = match kind {
            Made::Pods => &self.listings.pods,
            Made::ReplicaSets => &self.listings.replica_sets,
            Made::ControllerRevisions => &self.listings.controller_revisions,
        };
        let asked = Instant::now();
        let mut known = known.lock().await;
        if let Some(listing) = &*known {
            if listing.begun >= asked {
                return listing.shown.clone();
            }
            tokio::time::sleep_until((listing.begun + APART).into()).await;
        }
        let begun = Instant::now();
        let shown = self.list_made(kind).await.map(Arc::from);
        *known = Some(Listing {
            begun,
            shown: shown.clone(),
        });
        shown
    }

    async fn list_made(&self, kind: Made) -> Result<Vec<Dependent>, ClusterError> {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use http::{Request, Response};
    use kube::{Client, client::Body};
    use metadata::{Page, Position};

    use super::{super::super::protobuf::packed, *};

    /// The objects of an API server that lists none, or refuses to, and counts how often it was asked.
    fn counting(status: u16) -> (Objects, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&asked);
        let answer = move |_: Request<Body>| {
            counts.fetch_add(1, Ordering::SeqCst);
            let page = Page {
                position: Some(Position::default()),
                items: Vec::new(),
            };
            let mut answer = Response::new(Body::from(packed(&page).to_vec()));
            *answer.status_mut() = status.try_into().unwrap();
            std::future::ready(Ok::<_, std::convert::Infallible>(answer))
        };
        let client = Client::new(tower::service_fn(answer), "betas");
        (Objects::new(client, "betas"), asked)
    }

    #[tokio::test]
    async fn those_who_look_at_once_share_a_listing_and_none_is_shown_an_older_one() {
        for (status, is_shown) in [(200, true), (500, false)] {
            let (objects, asked) = counting(status);
            let look = || async { objects.clone().made(Made::Pods).await.is_ok() };
            // The first lists for itself: the others asked when that was under way.
            let all = join_all((0..20).map(|_| look())).await;
            assert!(all.iter().all(|shown| *shown == is_shown), "{status}");
            assert_eq!(asked.load(Ordering::SeqCst), 2, "{status}");
            look().await;
            assert_eq!(asked.load(Ordering::SeqCst), 3, "{status}");
        }
    }
}
