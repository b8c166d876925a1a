//! Sees gone what was asked to go.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    super::{site::Site, together},
    Remains, Uninstalled,
    look::{Sight, look_at},
    obstacles,
};
use crate::{
    clients::cluster::Made,
    decide::{has_pods, still_live},
    model::{Halt, ObjectKey},
};

/// How often what is left is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often a person is told what is waited for.
const TELL: Duration = Duration::from_secs(10);

/// Sees to it that all that was uninstalled and is ours is gone, as long as Helm itself may take.
///
/// Releases come up side by side: one that is up again must not be among the keys of another.
pub(in super::super) async fn clear(site: &Site<'_>, from: Uninstalled) -> anyhow::Result<Remains> {
    let releases = site.record.lock().await.releases.clone();
    let releases: Vec<&str> = releases.iter().map(|it| it.name.as_str()).collect();
    clear_of(site, from, &releases).await
}

/// Sees to it that all that is of `releases` is gone, and what lives by it. One that the cluster refuses
/// to show or to delete holds up no other, and fails the whole at its end.
pub(super) async fn clear_of(
    site: &Site<'_>,
    from: Uninstalled,
    releases: &[&str],
) -> anyhow::Result<Remains> {
    let asked = from.asked.clone();
    let mut clearing = Clearing::of(site, from);
    // The cluster holds a disk until its last pod is gone: until then each look at it is for nothing. So
    // is one at what was asked to go just now.
    let later = clearing.set_aside(|key| key.set.is_some() || asked.contains(key));
    clearing.look(releases).await?;
    clearing.there.extend(later);
    loop {
        let waited = clearing.outlive().await?;
        clearing.look(releases).await?;
        if clearing.is_over() {
            return clearing.conclude().await;
        }
        if !waited {
            clearing.pause().await?;
        }
    }
}

struct Clearing<'a> {
    site: &'a Site<'a>,
    /// What is still there, and why, as it was seen last.
    there: Vec<(ObjectKey, String)>,
    /// What still lives by the others.
    living: BTreeSet<ObjectKey>,
    /// Of which kinds that may be, whoever makes others before those.
    kinds: Vec<Made>,
    remains: Remains,
    refused: Vec<(String, anyhow::Error)>,
    deadline: Instant,
    told: Instant,
}

impl<'a> Clearing<'a> {
    fn of(site: &'a Site<'a>, from: Uninstalled) -> Self {
        let Uninstalled { named, gone, .. } = from;
        let there = named.difference(&gone).cloned();
        Self {
            site,
            there: there
                .map(|key| (key, "not asked to go".to_owned()))
                .collect(),
            living: BTreeSet::new(),
            kinds: made_by(&named),
            remains: Remains {
                gone: gone.into_iter().collect(),
                ..Remains::default()
            },
            refused: Vec::new(),
            deadline: Instant::now() + site.helm.timeout(),
            told: Instant::now(),
        }
    }

    /// Looks at what is still there, and asks for its deletion where nobody did yet.
    async fn look(&mut self, releases: &[&str]) -> anyhow::Result<()> {
        let there = std::mem::take(&mut self.there).into_iter();
        let keys = there.map(|(key, _)| key).collect();
        for (key, sight) in look_at(self.site, keys, releases).await? {
            match sight {
                Ok(Sight::Gone) => self.remains.gone.push(key),
                Ok(Sight::Kept) => self.remains.kept.push(key),
                Ok(Sight::Stranger) => self.remains.strangers.push(key),
                Ok(Sight::Going(reason) | Sight::There(reason)) => {
                    self.there.push((key, reason));
                }
                Err(error) => self.refused.push((key.to_string(), error)),
            }
        }
        Ok(())
    }

    /// Takes these out of what is still there.
    fn set_aside(&mut self, is_one: impl Fn(&ObjectKey) -> bool) -> Vec<(ObjectKey, String)> {
        self.there.extract_if(.., |(key, _)| is_one(key)).collect()
    }

    /// Waits until nothing lives by the others any more, which the cluster removes by itself: one listing
    /// tells of all of it. Whether it waited.
    async fn outlive(&mut self) -> anyhow::Result<bool> {
        let mut waited = false;
        loop {
            self.living = self.find_living().await?;
            if self.living.is_empty() || Instant::now() > self.deadline {
                return Ok(waited);
            }
            self.pause().await?;
            waited = true;
        }
    }

    async fn find_living(&mut self) -> anyhow::Result<BTreeSet<ObjectKey>> {
        let there = self.there.iter().map(|(key, _)| key);
        // One that is still there may make more.
        let is_last = !there.clone().any(has_pods);
        let owners: Vec<&ObjectKey> = there.chain(&self.remains.gone).collect();
        for kind in self.kinds.clone() {
            let living = still_live(&self.site.objects.made(kind).await?, &owners);
            if !living.is_empty() {
                return Ok(living);
            }
            if is_last {
                self.kinds.retain(|it| *it != kind);
            }
        }
        Ok(BTreeSet::new())
    }

    fn is_over(&self) -> bool {
        let nothing_left = self.there.is_empty() && self.living.is_empty();
        nothing_left || Instant::now() > self.deadline
    }

    /// Tells now and then what is waited for.
    async fn pause(&mut self) -> anyhow::Result<()> {
        if self.told.elapsed() > TELL {
            let left = self.left().await;
            let left: Vec<_> = left
                .iter()
                .map(|it| format!("{} ({})", it.0, it.1))
                .collect();
            let left = left.join(", ");
            self.site.report.note(&format!("still there: {left}"));
            self.told = Instant::now();
        }
        self.site.stop.unless(tokio::time::sleep(LOOK)).await?;
        Ok(())
    }

    /// All that is left, with what is known of the reason.
    async fn left(&self) -> Vec<(ObjectKey, String)> {
        let living = self.living.iter().cloned();
        let living = living.map(|key| (key, "going".to_owned()));
        let mut left: Vec<_> = self.there.iter().cloned().chain(living).collect();
        obstacles::explain(self.site, &mut left).await;
        left
    }

    /// What became of all, unless the cluster refused something: then that fails, and what is still there
    /// is named with it.
    async fn conclude(mut self) -> anyhow::Result<Remains> {
        let left = self.left().await;
        if self.refused.is_empty() {
            self.remains.left = left;
            return Ok(self.remains);
        }
        let left = left.into_iter();
        let left = left.map(|(key, reason)| (key.to_string(), Halt::timed_out(reason).into()));
        self.refused.extend(left);
        together(self.refused)?;
        Ok(Remains::default())
    }
}

/// What the controllers of these objects make.
fn made_by(owners: &BTreeSet<ObjectKey>) -> Vec<Made> {
    let is_there = |kind: &str| owners.iter().any(|it| has_pods(it) && it.kind == kind);
    let makers = [
        ("Deployment", Made::ReplicaSets),
        ("StatefulSet", Made::ControllerRevisions),
    ];
    let made = makers.into_iter().filter(|(kind, _)| is_there(kind));
    let mut made: Vec<_> = made.map(|(_, made)| made).collect();
    if !made.is_empty() {
        made.push(Made::Pods);
    }
    made
}
