//! What is there of a release that Helm has forgotten: its Secrets were deleted, or somebody uninstalled
//! it in the middle of a deploy.

use std::collections::BTreeSet;

use super::{super::site::Site, named::claims};
use crate::{
    clients::cluster::{Found, Live},
    model::{Object, ObjectKey},
};

/// What bears the marks of the release, and the volume claims that bear its name: whose an object is
/// is judged when it is looked at. A hook is found only where its chart labels it with the release.
pub(super) async fn objects_of(
    site: &Site<'_>,
    release: &str,
) -> anyhow::Result<BTreeSet<ObjectKey>> {
    let helms = "app.kubernetes.io/managed-by=Helm";
    let helms = site.objects.labelled(helms).await?.into_iter();
    let is_marked = |it: &Live| it.annotation("meta.helm.sh/release-name") == Some(release);
    let mut keys: BTreeSet<_> = helms.filter(is_marked).map(|it| it.key).collect();
    let named = format!("app.kubernetes.io/instance={release}");
    let named = site.objects.labelled(&named).await?.into_iter();
    let is_hook_or_claim = |it: &Live| {
        it.annotation("helm.sh/hook").is_some() || it.key.kind == "PersistentVolumeClaim"
    };
    keys.extend(named.filter(is_hook_or_claim).map(|it| it.key));
    let sets = keys.iter().filter(|it| it.kind == "StatefulSet");
    for set in sets.cloned().collect::<Vec<_>>() {
        let Some(Live { key, body }) = site.objects.get(&set).await? else {
            continue;
        };
        for claim in claims(site, &Object { key, body }).await? {
            // By the set it is proven ours; by the label alone it is not.
            keys.remove(&ObjectKey {
                set: None,
                ..claim.clone()
            });
            keys.insert(claim);
        }
    }
    Ok(keys)
}

/// The kinds of these objects that the cluster does not know any more: with the definition of a kind
/// missing, Helm deletes nothing of the whole release.
pub(super) async fn missing_kinds(
    site: &Site<'_>,
    keys: &BTreeSet<ObjectKey>,
) -> anyhow::Result<BTreeSet<String>> {
    let mut missing = BTreeSet::new();
    for key in keys {
        if matches!(site.objects.find(key).await?, Found::NoSuchKind) {
            missing.insert(format!("{} of {}", key.kind, key.api_version));
        }
    }
    Ok(missing)
}
