use std::{collections::BTreeMap, io::Read};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use flate2::read::GzDecoder;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, PostParams, Preconditions},
};
use prost::Message;
use serde::{Deserialize, Deserializer};

use super::{
    ClusterError, anew_once,
    protobuf::{
        self,
        metadata::{self, Item, Position},
    },
    with_labels,
};
use crate::model::{Hook, Revision, Status, StoredRelease, labels};

/// The most bytes of a release's body that are unpacked: a Secret holds 1 MiB packed.
const LARGEST: u64 = 64 << 20;

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

/// A release's body: base64 of gzip of JSON, or of JSON alone, as old Helms wrote it.
fn decode(data: &[u8]) -> Result<StoredRelease, String> {
    let packed = STANDARD.decode(data).map_err(|error| error.to_string())?;
    let mut json = Vec::new();
    if packed.starts_with(&[0x1f, 0x8b, 0x08]) {
        let mut unpacked = GzDecoder::new(packed.as_slice()).take(LARGEST + 1);
        unpacked
            .read_to_end(&mut json)
            .map_err(|error| error.to_string())?;
        if json.len() as u64 > LARGEST {
            return Err(format!("it unpacks to more than {} MiB", LARGEST >> 20));
        }
    } else {
        json = packed;
    }
    let body: Body = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
    Ok(body.into())
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

#[derive(Deserialize)]
struct Body {
    name: String,
    version: u32,
    info: Info,
    #[serde(default)]
    manifest: String,
    #[serde(default)]
    hooks: Option<Vec<StoredHook>>,
    #[serde(default)]
    config: Option<Config>,
}

#[derive(Deserialize)]
struct Info {
    status: String,
    #[serde(default)]
    description: String,
    #[serde(default, deserialize_with = "time")]
    last_deployed: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time")]
    deleted: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct StoredHook {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    manifest: String,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    last_run: Option<LastRun>,
}

#[derive(Deserialize)]
struct LastRun {
    #[serde(default)]
    phase: String,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    global: Option<serde_json::Value>,
}

/// Helm 3 writes a zero time as `""`, Helm 4 leaves it out.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    match text.filter(|text| !text.is_empty()) {
        Some(text) => DateTime::parse_from_rfc3339(&text)
            .map(|time| Some(time.to_utc()))
            .map_err(serde::de::Error::custom),
        None => Ok(None),
    }
}

impl From<Body> for StoredRelease {
    fn from(body: Body) -> Self {
        let global = body
            .config
            .and_then(|config| config.global)
            .unwrap_or_default();
        let hook = |hook: StoredHook| Hook {
            kind: hook.kind,
            name: hook.name,
            manifest: hook.manifest,
            events: hook.events,
            running: hook.last_run.is_some_and(|run| run.phase == "Running"),
        };
        Self {
            name: body.name,
            version: body.version,
            status: Status::from(body.info.status.as_str()),
            description: body.info.description,
            last_deployed: body.info.last_deployed,
            removed: body.info.deleted.is_some(),
            manifest: body.manifest,
            hooks: body
                .hooks
                .unwrap_or_default()
                .into_iter()
                .map(hook)
                .collect(),
            branch: global["branchDeploy"]["branch"].as_str().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use testbed::faults::twisted;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn body(last_deployed: &str) -> String {
        format!(
            r#"{{"name": "hey-new", "version": 3, "manifest": "---\n",
            "info": {{"status": "deployed", "last_deployed": {last_deployed}}},
            "config": {{"global": {{"branchDeploy": {{"branch": "new"}}}}}},
            "hooks": [{{"kind": "Job", "name": "m", "last_run": {{"phase": "Running"}}}}]}}"#
        )
    }

    fn decoded(body: &str) -> StoredRelease {
        decode(STANDARD.encode(gzip(body.as_bytes())).as_bytes()).unwrap()
    }

    #[test]
    fn a_body_is_read_packed_and_plain() {
        let release = decoded(&body(r#""2026-11-24T06:00:00.5+02:00""#));
        assert_eq!(release.status, Status::Deployed);
        assert_eq!(
            release.last_deployed.unwrap().to_rfc3339(),
            "2026-11-24T04:00:00.500+00:00"
        );
        assert_eq!(release.branch.as_deref(), Some("new"));
        assert!(release.hooks[0].running);
        assert!(decode(STANDARD.encode(body("null")).as_bytes()).is_ok());
    }

    #[test]
    fn a_time_that_was_left_out_is_none() {
        for time in ["null", r#""""#] {
            assert_eq!(decoded(&body(time)).last_deployed, None, "{time}");
        }
    }

    #[test]
    fn a_bomb_is_bounded() {
        let bomb = STANDARD.encode(gzip(&vec![b' '; LARGEST as usize + 1]));
        assert!(decode(bomb.as_bytes()).unwrap_err().contains("64 MiB"));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&data);
            let _ = decode(STANDARD.encode(&data).as_bytes());
            let _ = decode(STANDARD.encode(gzip(&data)).as_bytes());
        }

        #[test]
        fn no_json_of_nearly_the_right_shape_makes_it_panic(seed in any::<u64>()) {
            let body = body(r#""2026-11-24T06:00:00.5+02:00""#);
            let body = twisted(serde_json::from_str(&body).unwrap(), seed).to_string();
            let _ = decode(STANDARD.encode(gzip(body.as_bytes())).as_bytes());
        }
    }
}
