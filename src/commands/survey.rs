//! What is up in a namespace: by the records, and by the labels of Helm's releases, so that neither
//! a lost record nor a release that never came hides an environment.

use std::{cmp::Reverse, collections::BTreeMap};

use anyhow::bail;
use chrono::{DateTime, Utc};
use k8s_openapi::api::coordination::v1::Lease;

use super::lock;
use crate::{
    clients::cluster::{Cluster, ClusterError, Storage},
    model::{OurLabels, Record, Revision, Status, labels},
};

/// One environment, as far as the listings of the cluster tell of it.
pub(super) struct Found {
    /// Its name, `<app>-<slug>`.
    pub name: String,
    /// The app.
    pub app: String,
    /// The numeric id of the repository that its labels tell; empty where they tell none.
    pub repository: String,
    /// Its Lease without the text of its record; none where that was lost.
    pub lease: Option<Box<Lease>>,
    /// What its Lease remembers; none where nobody has written it yet. An error too where something of
    /// the environment does not tell by its labels that it is.
    pub record: Result<Option<Box<Record>>, String>,
    /// The newest revision of each of its releases.
    pub newest: Vec<Revision>,
}

impl Found {
    /// The newest revision of its main release, or of another where that is not there.
    pub(super) fn main(&self) -> Option<&Revision> {
        let main = self.newest.iter().find(|it| it.release == self.name);
        main.or(self.newest.last())
    }
}

/// All environments of ours in the namespace that bear these labels, by name.
pub(super) async fn survey(
    cluster: &Cluster,
    labels: &BTreeMap<String, String>,
) -> Result<Vec<Found>, ClusterError> {
    let (leases, storage) = (cluster.leases(), cluster.storage());
    let leases = leases.list(labels, remembered);
    let (leases, revisions) = tokio::try_join!(leases, storage.newest(labels))?;
    let mut found: BTreeMap<Place, Found> = BTreeMap::new();
    let mut astray = Vec::new();
    for (lease, record) in leases {
        let labels = OurLabels::from(lease.metadata.labels.clone().unwrap_or_default());
        let Some(place) = Place::of(&labels) else {
            let name = lease.metadata.name.unwrap_or_default();
            astray.push(Astray::lease(name, &labels));
            continue;
        };
        let found = found.entry(place).or_insert_with_key(Place::empty);
        (found.record, found.lease) = (record, Some(lease));
    }
    for revision in revisions {
        let Some(place) = Place::of(&revision.labels) else {
            astray.push(Astray::revision(&revision));
            continue;
        };
        let found = found.entry(place).or_insert_with_key(Place::empty);
        found.newest.push(revision);
    }
    for Astray { place, reason } in astray {
        let found = found.entry(place).or_insert_with_key(Place::empty);
        found.record = Err(reason);
    }
    Ok(found.into_values().collect())
}

/// A Lease and what it remembers, which is most of it as text.
fn remembered(lease: Lease) -> (Box<Lease>, Result<Option<Box<Record>>, String>) {
    let record = lock::record_in(&lease).map_err(|error| format!("{error:#}"));
    (
        Box::new(lock::without_record(lease)),
        record.map(|record| record.map(Box::new)),
    )
}

/// When any of these releases was last deployed, as Helm wrote it; none where nothing tells. One whose state nobody knows is not judged.
pub(super) async fn newest_deploy(
    storage: &Storage,
    newest: &[Revision],
) -> anyhow::Result<Option<DateTime<Utc>>> {
    for revision in newest {
        if let Status::Unknown(word) = &revision.status {
            bail!("the release {} has the status {word}", revision.release);
        }
    }
    let mut last = None;
    for revision in youngest_first(newest) {
        // Helm notes the time and then makes the Secret: one that is older tells of nothing later.
        if revision.created.is_some() && revision.created <= last {
            break;
        }
        let body = storage.body(revision).await?;
        last = last.max(body.and_then(|body| body.last_deployed));
    }
    Ok(last)
}

/// By when their Secrets were made, first those that do not tell.
fn youngest_first(revisions: &[Revision]) -> Vec<&Revision> {
    let mut ordered: Vec<&Revision> = revisions.iter().collect();
    ordered.sort_by_key(|it| (it.created.is_some(), Reverse(it.created)));
    ordered
}

/// What tells environments apart in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    name: String,
    app: String,
    repository: String,
}

impl Place {
    fn of(found: &OurLabels) -> Option<Self> {
        let slug = found.get(labels::SLUG)?;
        Some(Self::named(found, |app| format!("{app}-{slug}")))
    }

    fn named(found: &OurLabels, name: impl Fn(&str) -> String) -> Self {
        let text = |label| found.get(label).unwrap_or_default().to_owned();
        let app = text(labels::APP);
        Self {
            name: name(&app),
            app,
            repository: text(labels::REPOSITORY),
        }
    }

    fn empty(&self) -> Found {
        Found {
            name: self.name.clone(),
            app: self.app.clone(),
            repository: self.repository.clone(),
            lease: None,
            record: Ok(None),
            newest: Vec::new(),
        }
    }
}

/// Something of ours that does not tell of which branch it is. By its name it seems to be of an
/// environment, which is not judged then.
struct Astray {
    place: Place,
    reason: String,
}

impl Astray {
    fn lease(name: String, found: &OurLabels) -> Self {
        Self {
            reason: format!("its Lease has no label {}", labels::SLUG),
            place: Place::named(found, |_| name.clone()),
        }
    }

    fn revision(revision: &Revision) -> Self {
        let Revision {
            release, version, ..
        } = revision;
        let environment = release.split_once("--").map_or(release.as_str(), |it| it.0);
        Self {
            reason: format!(
                "revision {version} of its release {release} has no label {}",
                labels::SLUG
            ),
            place: Place::named(&revision.labels, |_| environment.to_owned()),
        }
    }
}
