//! What the revisions of a release name.

use std::collections::BTreeSet;

use anyhow::Context as _;

use super::super::site::Site;
use crate::{
    clients::cluster::Live,
    model::{Object, ObjectKey, Revision, StoredRelease, objects},
};

/// What a release consists of, by its kept revisions.
#[derive(Default)]
pub(super) struct Named {
    /// Everything that any of them names.
    pub keys: BTreeSet<ObjectKey>,
    /// What is stored of the newest; none if that is gone by now.
    pub newest: Option<StoredRelease>,
}

/// Everything that any kept revision names: objects, hooks, and the volume claims of StatefulSets.
pub(super) async fn named(site: &Site<'_>, revisions: &[Revision]) -> anyhow::Result<Named> {
    let mut named = Named::default();
    for revision in revisions {
        named.newest = site.storage.body(revision).await?;
        let Some(body) = &named.newest else {
            continue;
        };
        let made = read(revision, &body.manifest)?;
        let sets = made.iter().filter(|it| it.key.kind == "StatefulSet");
        for set in sets {
            named.keys.extend(claims(site, set).await?);
        }
        named.keys.extend(made.into_iter().map(|it| it.key));
        for hook in &body.hooks {
            let made = read(revision, &hook.manifest)?;
            named.keys.extend(made.into_iter().map(|it| it.key));
        }
    }
    Ok(named)
}

/// What a revision's own manifest names, hooks not among it.
pub(super) async fn made(site: &Site<'_>, revision: &Revision) -> anyhow::Result<Vec<Object>> {
    match site.storage.body(revision).await? {
        Some(body) => read(revision, &body.manifest),
        None => Ok(Vec::new()),
    }
}

fn read(revision: &Revision, manifest: &str) -> anyhow::Result<Vec<Object>> {
    objects(manifest)
        .map_err(anyhow::Error::msg)
        .with_context(|| {
            format!(
                "failed to read the manifest of {} {}",
                revision.release, revision.version
            )
        })
}

/// The volume claims that Kubernetes made for a StatefulSet: named `<template>-<set>-<number>`,
/// labelled with what the set selects its pods by.
pub(super) async fn claims(site: &Site<'_>, set: &Object) -> anyhow::Result<Vec<ObjectKey>> {
    let templates = set.body["spec"]["volumeClaimTemplates"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let selected = set.body["spec"]["selector"]["matchLabels"].as_object();
    let Some(selected) = selected.filter(|_| !templates.is_empty()) else {
        return Ok(Vec::new());
    };
    let labels: Vec<String> = selected
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    let is_of_set = |claim: &Live| {
        templates
            .iter()
            .filter_map(|template| template["metadata"]["name"].as_str())
            .any(|name| {
                let number = claim
                    .key
                    .name
                    .strip_prefix(&format!("{name}-{}-", set.key.name));
                number.is_some_and(|number| number.parse::<u32>().is_ok())
            })
    };
    let found = site.objects.claims(&labels.join(",")).await?;
    Ok(found
        .into_iter()
        .filter(is_of_set)
        .map(|claim| ObjectKey {
            set: Some(set.key.name.clone()),
            ..claim.key
        })
        .collect())
}
