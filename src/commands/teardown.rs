//! Takes releases away, and sees them gone: one code for every command that removes something.
//!
//! `helm uninstall` deletes what the newest revision names, and its exit status does not tell
//! whether that went. So the manifests and hooks of all kept revisions are read first, and written
//! into the record, and afterwards each object is asked for until it is gone. With that, Helm itself
//! is needed only where it has hooks to run.

mod clear;
mod forgotten;
mod look;
mod named;
mod obstacles;

use std::{collections::BTreeSet, time::Instant};

use anyhow::bail;
use futures::future::join_all;

pub(super) use self::clear::clear;
use self::{
    clear::clear_of,
    look::{Sight, look_at},
    named::{made, named},
};
use super::{hooks, site::Site};
use crate::{
    decide::{Hand, Owner, Recovery, hand, owner, recovery, steps, uncompared},
    model::{Halt, ObjectKey, RecordedRelease, Revision},
};

/// What became of the objects of removed releases.
#[derive(Debug, Default)]
pub(super) struct Remains {
    /// Seen gone.
    pub gone: Vec<ObjectKey>,
    /// There, as their chart asks.
    pub kept: Vec<ObjectKey>,
    /// There, and not proven ours.
    pub strangers: Vec<ObjectKey>,
    /// There against our will, with what is known of the reason.
    pub left: Vec<(ObjectKey, String)>,
    /// What is to be seen at the environment's address nevertheless, in sentences.
    pub seen: Vec<String>,
}

impl Remains {
    fn add(&mut self, more: Self) {
        self.gone.extend(more.gone);
        self.kept.extend(more.kept);
        self.strangers.extend(more.strangers);
        self.left.extend(more.left);
    }

    /// That `name` is gone, and how much of it.
    pub(super) fn sentence(&self, name: &str) -> String {
        let objects = match self.gone.len() {
            1 => "one object".to_owned(),
            count => format!("{count} objects"),
        };
        let seen: String = self.seen.iter().map(|it| format!("; but {it}")).collect();
        format!("{name} is gone, {objects} of it{seen}")
    }
}

/// What a removed release consisted of.
#[derive(Debug, Default)]
pub(super) struct Uninstalled {
    /// Everything that it named, which the record holds as well.
    pub named: BTreeSet<ObjectKey>,
    /// What of that was seen gone already.
    pub gone: BTreeSet<ObjectKey>,
}

impl Uninstalled {
    /// What these objects are of, none of them seen gone yet.
    fn of(named: impl IntoIterator<Item = ObjectKey>) -> Self {
        Self {
            named: named.into_iter().collect(),
            gone: BTreeSet::new(),
        }
    }
}

/// Removes one release, if there is one.
pub(super) async fn uninstall(site: &Site<'_>, release: &str) -> anyhow::Result<Uninstalled> {
    let revisions = site.storage.revisions(release).await?;
    let named = named(site, &revisions).await?;
    let newest = named.newest.as_ref();
    let branch = newest.and_then(|newest| newest.branch.as_deref());
    match owner(&revisions, branch, site.environment) {
        Owner::Nobody => return unrecorded(site, release).await,
        Owner::Ours => {}
        Owner::Unclaimed => {
            bail!("the release {release} bears no labels of ours: somebody else's, and left alone")
        }
        Owner::Another(reason) => {
            bail!("the release {release} is another environment's, and left alone: {reason}")
        }
    }
    if let Recovery::Unknown(word) = recovery(&revisions) {
        bail!(
            "the release {release} has the status `{word}`, which nobody can interpret: left alone"
        )
    }
    hooks::wait_for(site, &revisions).await?;
    note_remains(site, &named.keys).await?;
    site.ready()?;
    let begun = Instant::now();
    let mut gone = BTreeSet::new();
    match hand(named.newest.as_ref()) {
        Hand::Ours => gone = by_hand(site, release, &revisions, &named.keys).await?,
        Hand::Helms => by_helm(site, release, &named.keys).await?,
    }
    let time = crate::report::elapsed(begun.elapsed());
    site.report
        .done(&format!("{release}: uninstalled ({time})"));
    let named = named.keys;
    Ok(Uninstalled { named, gone })
}

/// Asks for the deletion of all that the release names, in Helm's order, and then deletes its
/// revisions, the newest last. Where the cluster refuses one object, they stay: the release is there.
/// What is seen gone at once comes back.
async fn by_hand(
    site: &Site<'_>,
    release: &str,
    revisions: &[Revision],
    keys: &BTreeSet<ObjectKey>,
) -> anyhow::Result<BTreeSet<ObjectKey>> {
    let (mut gone, mut refused) = (BTreeSet::new(), Vec::new());
    for step in steps(keys) {
        for (key, sight) in look_at(site, step, &[release]).await? {
            match sight {
                Ok(Sight::Gone) => gone.extend([key]),
                Ok(Sight::Kept | Sight::Stranger | Sight::There(_)) => {}
                Err(error) => refused.push((key.to_string(), error)),
            }
        }
    }
    super::together(refused)?;
    for revision in revisions {
        site.ready()?;
        site.storage.forget(revision).await?;
    }
    match site.storage.revisions(release).await?.last() {
        None => Ok(gone),
        Some(newest) => bail!(
            "somebody else deployed the release {release} meanwhile: revision {} is {}",
            newest.version,
            newest.status
        ),
    }
}

/// Has Helm uninstall the release; at the second try without hooks, since one that fails would hold
/// it for ever.
async fn by_helm(
    site: &Site<'_>,
    release: &str,
    named: &BTreeSet<ObjectKey>,
) -> anyhow::Result<()> {
    for hooks in [true, false] {
        site.ready()?;
        let lifeline = site.lifeline();
        let outcome = site.helm.uninstall(release, hooks, &lifeline).await?;
        site.stop.check()?;
        if site.storage.revisions(release).await?.is_empty() {
            return Ok(());
        }
        let complaint = outcome.complaint();
        if !hooks {
            let mut message = format!("Helm does not let the release {release} go: {complaint}");
            // Helm tells no more than that it failed.
            for kind in forgotten::missing_kinds(site, named).await? {
                message.push_str(&format!("; the cluster knows no kind {kind} any more"));
            }
            return Err(site.failure(&outcome, message));
        }
        site.report
            .warn(&format!("{release}: {complaint}; once more, without hooks"));
    }
    Ok(())
}

/// What is there of a release that Helm knows nothing of: nothing where it never came up.
async fn unrecorded(site: &Site<'_>, release: &str) -> anyhow::Result<Uninstalled> {
    let found = forgotten::objects_of(site, release).await?;
    if !found.is_empty() {
        let names: Vec<_> = found.iter().map(ToString::to_string).collect();
        let names = names.join(", ");
        site.report.warn(&format!(
            "{release}: Helm knows nothing of it, and there are {names}"
        ));
    }
    note_remains(site, &found).await?;
    Ok(Uninstalled::of(found))
}

/// Writes into the record what is to be seen gone, so that a run that is killed loses none of it.
pub(super) async fn note_remains(
    site: &Site<'_>,
    keys: &BTreeSet<ObjectKey>,
) -> anyhow::Result<()> {
    site.note(|record| {
        let known: BTreeSet<_> = record.remains.drain(..).chain(keys.clone()).collect();
        record.remains = known.into_iter().collect();
    })
    .await
}

/// Removes every release of the environment, each before those that it needs, the others at the same
/// time, and sees all of it gone. One that fails stops no other, and holds up nothing of those that
/// went.
pub(super) async fn environment(site: &Site<'_>) -> anyhow::Result<Remains> {
    let mut releases = found_releases(site).await?;
    let (mut remains, mut failures) = (Remains::default(), Vec::new());
    while !releases.is_empty() {
        let free = free(&mut releases);
        let works = free.iter().map(|release| async {
            let removed = uninstall(site, release).await;
            removed.map_err(|error| (release.clone(), error))
        });
        let (mut removed, mut uninstalled) = (Vec::new(), Uninstalled::default());
        for (release, outcome) in free.iter().zip(join_all(works).await) {
            match outcome {
                Ok(more) => {
                    removed.push(release.as_str());
                    uninstalled.named.extend(more.named);
                    uninstalled.gone.extend(more.gone);
                }
                Err((release, error)) => {
                    site.ready()?;
                    site.report.failed(&format!("{release}: {error:#}"));
                    failures.push((release, error));
                }
            }
        }
        // By their own marks alone: others are still there.
        match see_gone(site, uninstalled, &removed).await {
            Ok(more) => remains.add(more),
            Err(error) => {
                site.ready()?;
                failures.push((removed.join(", "), error));
            }
        }
    }
    super::together(failures)?;
    remains.add(clear_record(site).await?);
    Ok(remains)
}

/// Takes those that no other needs out of `releases`; all of them where each needs another.
fn free(releases: &mut Vec<RecordedRelease>) -> Vec<String> {
    let needed: BTreeSet<String> = releases.iter().flat_map(|it| it.needs.clone()).collect();
    let is_free = |it: &RecordedRelease| !needed.contains(&it.name);
    let (mut free, mut rest): (Vec<_>, Vec<_>) = releases.drain(..).partition(is_free);
    if free.is_empty() {
        free.append(&mut rest);
    }
    *releases = rest;
    free.into_iter().map(|it| it.name).collect()
}

/// Sees gone what these removed releases named, and strikes it out of the record.
async fn see_gone(
    site: &Site<'_>,
    uninstalled: Uninstalled,
    releases: &[&str],
) -> anyhow::Result<Remains> {
    let remains = clear_of(site, uninstalled, releases).await?;
    nothing_left(&remains)?;
    let seen = |key: &ObjectKey| {
        let mut all = [&remains.gone, &remains.kept, &remains.strangers].into_iter();
        all.any(|keys| keys.contains(key))
    };
    site.note(|record| record.remains.retain(|key| !seen(key)))
        .await?;
    Ok(remains)
}

/// Fails where something is still there.
fn nothing_left(remains: &Remains) -> anyhow::Result<()> {
    let left = remains.left.iter();
    let left: Vec<_> = left
        .map(|(key, reason)| format!("{key} ({reason})"))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    let left = left.join(", ");
    bail!(Halt::timed_out(format!(
        "still there: {left}; the next run goes on"
    )))
}

/// Sees everything gone that the record still names, and then strikes it out.
pub(super) async fn clear_record(site: &Site<'_>) -> anyhow::Result<Remains> {
    let keys = site.record.lock().await.remains.clone();
    let remains = clear(site, Uninstalled::of(keys)).await?;
    nothing_left(&remains)?;
    site.note(|record| record.remains.clear()).await?;
    Ok(remains)
}

/// The releases that the record lists, or that bear our labels. A release that the record forgot is noted in it, for the proofs that follow.
async fn found_releases(site: &Site<'_>) -> anyhow::Result<Vec<RecordedRelease>> {
    let labelled = site
        .storage
        .labelled(&site.environment.release_labels())
        .await?;
    let found = labelled
        .into_iter()
        .map(|revision| RecordedRelease::alone(revision.release));
    site.note(|record| {
        for release in found {
            if !record
                .releases
                .iter()
                .any(|known| known.name == release.name)
            {
                record.releases.push(release);
            }
        }
    })
    .await?;
    Ok(site.record.lock().await.releases.clone())
}

/// Removes what only revisions made with which the one that is up was never compared: an earlier broken
/// one, or one whose rollback broke off.
pub(super) async fn strays(site: &Site<'_>, revisions: &[Revision]) -> anyhow::Result<Remains> {
    let (up, uncompared) = uncompared(revisions);
    let mut strays = BTreeSet::new();
    for revision in uncompared {
        strays.extend(
            made(site, revision)
                .await?
                .into_iter()
                .map(|object| object.key),
        );
    }
    if let Some(up) = up.filter(|_| !strays.is_empty()) {
        for object in made(site, up).await? {
            strays.remove(&object.key);
        }
    }
    // Of this release alone: what a companion has taken over since is none of its strays.
    let releases: Vec<&str> = revisions
        .iter()
        .map(|revision| revision.release.as_str())
        .collect();
    clear_of(site, Uninstalled::of(strays), &releases).await
}
