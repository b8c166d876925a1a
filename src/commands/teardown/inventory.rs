//! What there is of an environment.

use chrono::{DateTime, Utc};
use futures::future::join_all;

use super::{super::site::Site, release::SeenRelease};
use crate::model::RecordedRelease;

/// The releases of an environment, read once under its lock: by this is judged whether they go, and by
/// this they go.
pub(in super::super) struct Inventory {
    /// Those that the record lists, or that bear our labels: a record may have forgotten one.
    pub(super) releases: Vec<(RecordedRelease, SeenRelease)>,
}

impl Inventory {
    /// Reads it.
    ///
    /// # Errors
    /// Where the releases cannot be listed. One that cannot be read is among them.
    pub(in super::super) async fn read(site: &Site<'_>) -> anyhow::Result<Self> {
        let labels = site.environment.release_labels();
        let labelled = site.storage.labelled(&labels).await?;
        let mut releases = site.record.lock().await.releases.clone();
        for revision in labelled {
            if !releases.iter().any(|known| known.name == revision.release) {
                releases.push(RecordedRelease::alone(revision.release));
            }
        }
        // All revisions of each, whatever their labels: a rollback takes those of the revision that it
        // returns to, so that the newest of an adopted release may bear none of ours.
        let names: Vec<_> = releases.iter().map(|it| it.name.as_str()).collect();
        let revisions = site.storage.revisions_of(&names).await?;
        let reads = names.iter().map(async |name| {
            let own = revisions.iter().filter(|it| it.release == *name);
            SeenRelease::read(site, name, own.cloned().collect()).await
        });
        let seen = join_all(reads).await;
        Ok(Self {
            releases: releases.into_iter().zip(seen).collect(),
        })
    }

    /// When any release with the environment's labels was last deployed; none where nothing tells.
    ///
    /// # Errors
    /// Where one of them could not be read, or has a state that nobody knows: that is not judged.
    pub(in super::super) fn last_deployed(
        &self,
        site: &Site<'_>,
    ) -> anyhow::Result<Option<DateTime<Utc>>> {
        let mut last = None;
        for release in self.labelled(site) {
            last = last.max(release.last_deployed()?);
        }
        Ok(last)
    }

    /// Whether no release bears the environment's labels.
    pub(in super::super) fn is_empty(&self, site: &Site<'_>) -> bool {
        self.labelled(site).next().is_none()
    }

    fn labelled(&self, site: &Site<'_>) -> impl Iterator<Item = &SeenRelease> {
        let labels = site.environment.release_labels();
        let releases = self.releases.iter().map(|(_, seen)| seen);
        releases.filter(move |seen| seen.bears(&labels))
    }
}
