//! Where Helm keeps what it knows of releases.

mod body;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, PostParams, Preconditions},
};
use prost::Message;

use self::body::decode;
use super::{
    ClusterError, anew_once,
    protobuf::{
        self,
        metadata::{self, Item, Position},
    },
    with_labels,
};
use crate::model::{Revision, Status, StoredRelease, labels};

/// Revisions in one page of a listing.
const PAGE: u32 = 1000;

/// Helm's storage: one Secret for each revision of each release.
///
/// Listed by metadata alone: the bodies of a thousand releases are hundreds of megabytes.
#[derive(Clone)]
pub struct Storage {
    client: Client,
    api: Api<Secret>,
    namespace: String,
}

impl Storage {
    pub(super) fn new(client: Client, namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client.clone(), namespace),
            client,
            namespace: namespace.to_owned(),
        }
    }

    /// The kept revisions of one release, oldest first; none if there is no such release.
    pub async fn revisions(&self, release: &str) -> Result<Vec<Revision>, ClusterError> {
        self.list(&format!("owner=helm,name={release}")).await
    }

    /// The kept revisions of each of these releases, oldest first within each.
    pub async fn revisions_of(&self, releases: &[&str]) -> Result<Vec<Revision>, ClusterError> {
        if releases.is_empty() {
            return Ok(Vec::new());
        }
        self.list(&of_releases(releases)).await
    }

    /// The kept revisions of every release with these labels, oldest first within each.
    pub async fn labelled(
        &self,
        labels: &BTreeMap<String, String>,
    ) -> Result<Vec<Revision>, ClusterError> {
        self.list(&with_labels("owner=helm", labels)).await
    }

    /// The newest revision of every release of ours with these labels.
    ///
    /// All revisions are looked through, never those alone that are not `superseded`: a release can
    /// have no other, after an install that met a running upgrade.
    pub async fn newest(
        &self,
        labels: &BTreeMap<String, String>,
    ) -> Result<Vec<Revision>, ClusterError> {
        self.newest_of_all(&with_labels(&format!("owner=helm,{}", labels::APP), labels))
            .await
    }

    /// The newest revision of each of these releases, whatever its labels: one that was rolled back
    /// bears those of the revision that it returned to.
    pub async fn newest_of(&self, releases: &[String]) -> Result<Vec<Revision>, ClusterError> {
        self.newest_of_all(&of_releases(releases)).await
    }

    async fn newest_of_all(&self, selector: &str) -> Result<Vec<Revision>, ClusterError> {
        let see = |newest: &mut BTreeMap<String, Revision>, revision: Revision| {
            let known = newest.get(&revision.release);
            if known.is_none_or(|known| known.version < revision.version) {
                newest.insert(revision.release.clone(), revision);
            }
        };
        let newest = self.each(selector, see).await?;
        Ok(newest.into_values().collect())
    }

    /// The kept revisions of every release in the namespace, whosever, oldest first within each.
    pub async fn all(&self) -> Result<Vec<Revision>, ClusterError> {
        self.list("owner=helm").await
    }

    async fn list(&self, selector: &str) -> Result<Vec<Revision>, ClusterError> {
        let mut revisions = self.each(selector, Vec::push).await?;
        revisions.sort_by_key(|revision| (revision.release.clone(), revision.version));
        Ok(revisions)
    }

    /// Hands over every revision, page by page: ten thousand at once would be tens of megabytes.
    async fn each<T: Default>(
        &self,
        selector: &str,
        see: impl Fn(&mut T, Revision),
    ) -> Result<T, ClusterError> {
        let action = || format!("list Helm's secrets in namespace {}", self.namespace);
        anew_once(async || {
            let mut params = ListParams::default().labels(selector).limit(PAGE);
            let mut seen = T::default();
            loop {
                let page = metadata::list(&self.client, self.api.resource_url(), &params).await;
                let page = page.map_err(|error| ClusterError::new(action(), error))?;
                for item in page.items {
                    see(&mut seen, revision(item)?);
                }
                match page.position {
                    // Where a page does not tell whether others follow, nobody knows what is missing.
                    None => return Err(ClusterError::garbled(action(), "an answer cut short")),
                    Some(Position { next }) if next.is_empty() => return Ok(seen),
                    Some(Position { next }) => params = params.continue_token(&next),
                }
            }
        })
        .await
    }

    /// Adds labels to a revision's Secret. Helm hands them on to the revisions that follow.
    pub async fn label(
        &self,
        revision: &Revision,
        labels: &BTreeMap<String, String>,
    ) -> Result<(), ClusterError> {
        let name = &revision.secret;
        let labelled = async {
            let mut secret = self.api.get(name).await?;
            secret.labels_mut().extend(labels.clone());
            self.api
                .replace(name, &PostParams::default(), &secret)
                .await
        };
        let action = || format!("label Helm's secret {name}");
        let labelled: Result<Secret, kube::Error> = labelled.await;
        labelled
            .map(drop)
            .map_err(|error| ClusterError::new(action(), error))
    }

    /// Deletes a revision's Secret, as it was listed. Done as well if it is gone.
    ///
    /// # Errors
    /// Also for a Secret that was made anew since under the same name.
    pub async fn forget(&self, revision: &Revision) -> Result<(), ClusterError> {
        let name = &revision.secret;
        let preconditions = Preconditions {
            uid: revision.uid.clone(),
            resource_version: None,
        };
        let params = DeleteParams {
            preconditions: Some(preconditions),
            ..DeleteParams::default()
        };
        match self.api.delete(name, &params).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => {
                let action = format!("delete Helm's secret {name}");
                Err(ClusterError::new(action, error))
            }
        }
    }

    /// What the revision's Secret holds; none if it is gone.
    pub async fn body(&self, revision: &Revision) -> Result<Option<StoredRelease>, ClusterError> {
        let name = &revision.secret;
        let action = || format!("read Helm's secret {name}");
        let path = format!("{}/{name}", self.api.resource_url());
        let secret: Whole = match protobuf::get(&self.client, &path).await {
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(None),
            secret => secret.map_err(|error| ClusterError::new(action(), error))?,
        };
        let data = secret.data.get("release");
        let data = data.ok_or_else(|| ClusterError::garbled(action(), "it holds no release"))?;
        decode(data)
            .map(Some)
            .map_err(|reason| ClusterError::garbled(action(), reason))
    }
}

/// Selects what Helm stored of these releases.
fn of_releases<T: AsRef<str>>(releases: &[T]) -> String {
    let names: Vec<_> = releases.iter().map(AsRef::as_ref).collect();
    format!("owner=helm,name in ({})", names.join(","))
}

/// A revision by its Secret's metadata. One without Helm's labels is an error, never passed over:
/// what cannot be read cannot be judged.
fn revision(secret: Item) -> Result<Revision, ClusterError> {
    let secret = secret.metadata;
    let label = |key: &str| secret.labels.get(key).cloned();
    let version = label("version").and_then(|version| version.parse().ok());
    match (label("name"), version, label("status")) {
        (Some(release), Some(version), Some(status)) => Ok(Revision {
            release,
            version,
            status: Status::from(status.as_str()),
            created: secret.created(),
            uid: Some(secret.uid).filter(|uid| !uid.is_empty()),
            secret: secret.name,
            labels: secret.labels.into(),
        }),
        _ => Err(ClusterError::garbled(
            format!("read the labels of Helm's secret {}", secret.name),
            "name, version or status is missing",
        )),
    }
}

/// A whole Secret.
#[derive(Message)]
struct Whole {
    #[prost(btree_map = "string, bytes", tag = "2")]
    data: BTreeMap<String, Vec<u8>>,
}

impl protobuf::Kind for Whole {
    const KIND: &'static str = "Secret";
}
