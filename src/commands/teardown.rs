//! Takes releases away, and sees them gone: one code for every command that removes something.
//!
//! `helm uninstall` deletes what the newest revision names, and its exit status does not tell
//! whether that went. So the manifests and hooks of all kept revisions are read first, and written
//! into the record, and afterwards each object is asked for until it is gone. With that, Helm itself
//! is needed only where it has hooks to run.

mod clear;
mod environment;
mod forgotten;
mod inventory;
mod look;
mod named;
mod obstacles;
mod release;

use std::collections::BTreeSet;

use anyhow::bail;

pub(super) use self::{clear::clear, environment::environment, inventory::Inventory};
use self::{clear::clear_of, named::made, release::SeenRelease};
use super::site::Site;
use crate::{
    decide::uncompared,
    model::{Halt, ObjectKey, Revision},
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

    /// Whether nothing more is to be done about the object.
    fn settled(&self, key: &ObjectKey) -> bool {
        let mut all = [&self.gone, &self.kept, &self.strangers].into_iter();
        all.any(|keys| keys.contains(key))
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
    /// What of the rest was asked to go a moment ago, where it is ours.
    pub asked: BTreeSet<ObjectKey>,
}

impl Uninstalled {
    /// What these objects are of, none of them seen gone or asked to go yet.
    fn of(named: impl IntoIterator<Item = ObjectKey>) -> Self {
        Self {
            named: named.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same with what another release consisted of.
    fn add(&mut self, more: Self) {
        self.named.extend(more.named);
        self.gone.extend(more.gone);
        self.asked.extend(more.asked);
    }
}

/// Removes one release, if there is one.
pub(super) async fn uninstall(site: &Site<'_>, release: &str) -> anyhow::Result<Uninstalled> {
    let revisions = site.storage.revisions(release).await?;
    let seen = SeenRelease::read(site, release, revisions).await;
    let found = seen.found(site).await?;
    note_remains(site, &found.keys).await?;
    found.uninstall(site).await
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
pub(super) async fn clear_record(site: &Site<'_>) -> anyhow::Result<()> {
    clear_rest(site, &Remains::default()).await?;
    site.note(|record| record.remains.clear()).await
}

/// Sees everything gone that the record names, but for what is known already.
async fn clear_rest(site: &Site<'_>, known: &Remains) -> anyhow::Result<Remains> {
    let keys = site.record.lock().await.remains.clone().into_iter();
    let keys = keys.filter(|key| !known.settled(key));
    let remains = clear(site, Uninstalled::of(keys)).await?;
    nothing_left(&remains)?;
    Ok(remains)
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
