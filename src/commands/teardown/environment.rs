//! All releases of an environment, taken away together.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::{
    super::{site::Site, together},
    Remains, Uninstalled,
    clear::clear_of,
    clear_rest,
    inventory::Inventory,
    nothing_left,
    release::FoundRelease,
};
use crate::model::{Phase, Record, RecordedRelease};

/// A release that the record or a label tells of, and what it consists of, if that can be told.
type Found = (RecordedRelease, anyhow::Result<FoundRelease>);

/// Removes every release of the environment, each before those that it needs, the others at the same
/// time, and sees all of it gone. One that fails stops no other, and holds up nothing of those that
/// went.
///
/// The record knows all of it before the first object goes, and is left like that for whoever deletes or
/// clears it.
pub(in super::super) async fn environment(
    site: &Site<'_>,
    inventory: Inventory,
) -> anyhow::Result<Remains> {
    let mut found = found(site, inventory).await;
    site.note(|record| note(record, &found)).await?;
    let (mut remains, mut failures) = (Remains::default(), Vec::new());
    while !found.is_empty() {
        let works = free(&mut found).into_iter().map(async |(release, found)| {
            let removed = match found {
                Ok(found) => found.uninstall(site).await,
                Err(error) => Err(error),
            };
            (release.name, removed)
        });
        let (mut removed, mut uninstalled) = (Vec::new(), Uninstalled::default());
        for (release, outcome) in join_all(works).await {
            match outcome {
                Ok(more) => {
                    removed.push(release);
                    uninstalled.add(more);
                }
                Err(error) => {
                    site.ready()?;
                    site.report.failed(&format!("{release}: {error:#}"));
                    failures.push((release, error));
                }
            }
        }
        match see_gone(site, uninstalled, &removed).await {
            Ok(more) => remains.add(more),
            Err(error) => {
                site.ready()?;
                failures.push((removed.join(", "), error));
            }
        }
    }
    if !failures.is_empty() {
        site.note(|record| record.remains.retain(|key| !remains.settled(key)))
            .await?;
    }
    together(failures)?;
    let rest = clear_rest(site, &remains).await?;
    remains.add(rest);
    Ok(remains)
}

/// The releases as this environment's own, as far as they are.
async fn found(site: &Site<'_>, inventory: Inventory) -> Vec<Found> {
    let releases = inventory.releases.into_iter();
    let found = releases.map(async |(release, seen)| (release, seen.found(site).await));
    join_all(found).await
}

/// Writes down that the environment goes, and what is to be seen gone.
fn note(record: &mut Record, found: &[Found]) {
    record.phase = Phase::Removing;
    record.releases = found.iter().map(|(release, _)| release.clone()).collect();
    let read = found.iter().filter_map(|(_, found)| found.as_ref().ok());
    let keys = read.flat_map(|found| found.keys.iter().cloned());
    let keys: BTreeSet<_> = record.remains.drain(..).chain(keys).collect();
    record.remains = keys.into_iter().collect();
}

/// Takes those that no other needs out of `found`; all of them where each needs another.
fn free(found: &mut Vec<Found>) -> Vec<Found> {
    let needs = found.iter().flat_map(|(it, _)| it.needs.clone());
    let needed: BTreeSet<String> = needs.collect();
    let is_free = |(it, _): &Found| !needed.contains(&it.name);
    let (mut free, mut rest): (Vec<_>, Vec<_>) = found.drain(..).partition(is_free);
    if free.is_empty() {
        free.append(&mut rest);
    }
    *found = rest;
    free
}

/// Sees gone what these removed releases named, by their own marks alone: others are still there.
async fn see_gone(
    site: &Site<'_>,
    uninstalled: Uninstalled,
    releases: &[String],
) -> anyhow::Result<Remains> {
    let releases: Vec<_> = releases.iter().map(String::as_str).collect();
    let remains = clear_of(site, uninstalled, &releases).await?;
    nothing_left(&remains)?;
    Ok(remains)
}
