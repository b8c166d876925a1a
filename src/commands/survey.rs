//! What is up in a namespace: by the records, and by the labels of Helm's releases, so that neither
//! a lost record nor a release that never came hides an environment.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use k8s_openapi::api::coordination::v1::Lease;

use super::lock;
use crate::{
    clients::cluster::{Cluster, ClusterError, Storage},
    model::{Record, Revision, StoredRelease, labels},
};

/// How many bodies of releases are read at a time.
const AT_ONCE: usize = 8;

/// One environment, as far as the cluster tells of it.
pub(super) struct Found {
    /// Its name, `<app>-<slug>`.
    pub name: String,
    /// The app.
    pub app: String,
    /// Its Lease; none where that was lost.
    pub lease: Option<Lease>,
    /// What its Lease remembers; none where nobody has written it yet.
    pub record: Result<Option<Record>, String>,
    /// The newest revision of its main release, or of another where that is not there.
    pub newest: Result<Option<StoredRelease>, String>,
}

/// All environments of ours in the namespace, by name.
pub(super) async fn survey(cluster: &Cluster) -> Result<Vec<Found>, ClusterError> {
    let (leases, storage) = (cluster.leases(), cluster.storage());
    let (leases, revisions) = tokio::try_join!(leases.list(), storage.ours())?;
    let mut parts: BTreeMap<Place, (Option<Lease>, Vec<Revision>)> = BTreeMap::new();
    for lease in leases {
        let labels = lease.metadata.labels.clone().unwrap_or_default();
        if let Some(place) = Place::of(&labels) {
            parts.entry(place).or_default().0 = Some(lease);
        }
    }
    for revision in revisions {
        if let Some(place) = Place::of(&revision.labels) {
            parts.entry(place).or_default().1.push(revision);
        }
    }
    let found = stream::iter(parts)
        .map(|(place, (lease, revisions))| found(&storage, place, lease, revisions))
        .buffered(AT_ONCE);
    Ok(found.collect().await)
}

/// What tells environments apart in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    app: String,
    slug: String,
}

impl Place {
    fn of(found: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            app: found.get(labels::APP)?.clone(),
            slug: found.get(labels::SLUG)?.clone(),
        })
    }

    fn name(&self) -> String {
        format!("{}-{}", self.app, self.slug)
    }
}

async fn found(
    storage: &Storage,
    place: Place,
    lease: Option<Lease>,
    revisions: Vec<Revision>,
) -> Found {
    let record = lease.as_ref().map(lock::record_in).transpose();
    let name = place.name();
    let of_main = |revision: &&Revision| revision.release == name;
    let main = revisions.iter().filter(of_main);
    let newest = main.max_by_key(|it| it.version).or(revisions.last());
    let newest = match newest {
        Some(newest) => storage.body(newest).await.map_err(|it| it.to_string()),
        None => Ok(None),
    };
    Found {
        app: place.app,
        record: record
            .map(Option::flatten)
            .map_err(|error| format!("{error:#}")),
        lease,
        newest,
        name,
    }
}
