//! One release: what it consists of, and how it is taken away.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use anyhow::{anyhow, bail};
use chrono::{DateTime, Utc};

use super::{
    super::{hooks, site::Site, together},
    Uninstalled, forgotten,
    look::{Sight, look_at},
    named::{Named, named},
};
use crate::{
    decide::{Hand, Owner, Recovery, hand, owner, recovery, steps},
    model::{ObjectKey, Revision, Status},
};

/// A release as it was read, before it is judged whose it is.
pub(super) struct SeenRelease {
    name: String,
    /// The kept ones; none where Helm knows nothing of it.
    revisions: Vec<Revision>,
    named: anyhow::Result<Named>,
}

/// A release of this environment as it was found, before anything of it goes.
pub(super) struct FoundRelease {
    name: String,
    /// The kept ones; none where Helm knows nothing of it.
    revisions: Vec<Revision>,
    /// Everything that it consists of.
    pub keys: BTreeSet<ObjectKey>,
    hand: Hand,
}

impl SeenRelease {
    /// Reads what these revisions of `name` made.
    pub(super) async fn read(site: &Site<'_>, name: &str, revisions: Vec<Revision>) -> Self {
        Self {
            name: name.to_owned(),
            named: named(site, &revisions).await,
            revisions,
        }
    }

    /// Whether one of its revisions bears these labels.
    pub(super) fn bears(&self, labels: &BTreeMap<String, String>) -> bool {
        let bears = |it: &Revision| {
            labels
                .iter()
                .all(|(name, value)| it.labels.get(name) == Some(value))
        };
        self.revisions.iter().any(bears)
    }

    /// When its newest revision was deployed, as Helm wrote it; none where nothing tells.
    ///
    /// # Errors
    /// Where it could not be read, or has a state that nobody knows.
    pub(super) fn last_deployed(&self) -> anyhow::Result<Option<DateTime<Utc>>> {
        if let Some(Status::Unknown(word)) = self.revisions.last().map(|newest| &newest.status) {
            bail!("the release {} has the status {word}", self.name);
        }
        let named = self.named.as_ref().map_err(|error| anyhow!("{error:#}"))?;
        Ok(named
            .newest
            .as_ref()
            .and_then(|newest| newest.last_deployed))
    }

    /// The same as one of this environment's.
    ///
    /// # Errors
    /// Where it is not, could not be read, or nobody can tell its state.
    pub(super) async fn found(self, site: &Site<'_>) -> anyhow::Result<FoundRelease> {
        let Self {
            name,
            revisions,
            named,
        } = self;
        let named = named?;
        let newest = named.newest.as_ref();
        let branch = newest.and_then(|newest| newest.branch.as_deref());
        let keys = match owner(&revisions, branch, site.environment) {
            Owner::Ours => named.keys,
            Owner::Nobody => unrecorded(site, &name).await?,
            Owner::Unclaimed => {
                bail!("the release {name} bears no labels of ours: somebody else's, and left alone")
            }
            Owner::Another(reason) => {
                bail!("the release {name} is another environment's, and left alone: {reason}")
            }
        };
        if let Recovery::Unknown(word) = recovery(&revisions) {
            bail!(
                "the release {name} has the status `{word}`, which nobody can interpret: left alone"
            )
        }
        Ok(FoundRelease {
            hand: hand(newest),
            name,
            revisions,
            keys,
        })
    }
}

impl FoundRelease {
    /// Takes it away, if Helm knows of it. What it consists of must be noted before.
    pub(super) async fn uninstall(self, site: &Site<'_>) -> anyhow::Result<Uninstalled> {
        let mut uninstalled = Uninstalled::of(self.keys.clone());
        if !self.revisions.is_empty() {
            hooks::wait_for(site, &self.revisions).await?;
            site.ready()?;
            let begun = Instant::now();
            match self.hand {
                Hand::Ours => [uninstalled.gone, uninstalled.asked] = self.by_hand(site).await?,
                Hand::Helms => self.by_helm(site).await?,
            }
            let (name, time) = (&self.name, crate::report::elapsed(begun.elapsed()));
            site.report.done(&format!("{name}: uninstalled ({time})"));
        }
        Ok(uninstalled)
    }

    /// Asks for the deletion of all that Helm would delete, in its order, and then deletes the revisions,
    /// the newest last. Where the cluster refuses one object, they stay: the release is there. What is
    /// seen gone at once comes back, and what is not.
    async fn by_hand(&self, site: &Site<'_>) -> anyhow::Result<[BTreeSet<ObjectKey>; 2]> {
        let ([mut gone, mut asked], mut refused) = (<[BTreeSet<_>; 2]>::default(), Vec::new());
        for step in steps(self.keys.iter().filter(|key| key.set.is_none())) {
            for (key, sight) in look_at(site, step, &[&self.name]).await? {
                match sight {
                    Ok(Sight::Gone) => gone.extend([key]),
                    Ok(Sight::Kept | Sight::Stranger | Sight::Going(_)) => asked.extend([key]),
                    Ok(Sight::There(_)) => {}
                    Err(error) => refused.push((key.to_string(), error)),
                }
            }
        }
        together(refused)?;
        for revision in &self.revisions {
            site.ready()?;
            site.storage.forget(revision).await?;
        }
        match site.storage.revisions(&self.name).await?.last() {
            None => Ok([gone, asked]),
            Some(newest) => bail!(
                "somebody else deployed the release {} meanwhile: revision {} is {}",
                self.name,
                newest.version,
                newest.status
            ),
        }
    }

    /// Has Helm uninstall it; at the second try without hooks, since one that fails would hold it for
    /// ever.
    async fn by_helm(&self, site: &Site<'_>) -> anyhow::Result<()> {
        let name = &self.name;
        for hooks in [true, false] {
            site.ready()?;
            let lifeline = site.lifeline();
            let outcome = site.helm.uninstall(name, hooks, &lifeline).await?;
            site.stop.check()?;
            if site.storage.revisions(name).await?.is_empty() {
                return Ok(());
            }
            let complaint = outcome.complaint();
            if !hooks {
                let mut message = format!("Helm does not let the release {name} go: {complaint}");
                // Helm tells no more than that it failed.
                for kind in forgotten::missing_kinds(site, &self.keys).await? {
                    message.push_str(&format!("; the cluster knows no kind {kind} any more"));
                }
                return Err(site.failure(&outcome, message));
            }
            site.report
                .warn(&format!("{name}: {complaint}; once more, without hooks"));
        }
        Ok(())
    }
}

/// What is there of a release that Helm knows nothing of: nothing where it never came up.
async fn unrecorded(site: &Site<'_>, name: &str) -> anyhow::Result<BTreeSet<ObjectKey>> {
    let found = forgotten::objects_of(site, name).await?;
    if !found.is_empty() {
        let names: Vec<_> = found.iter().map(ToString::to_string).collect();
        let names = names.join(", ");
        site.report.warn(&format!(
            "{name}: Helm knows nothing of it, and there are {names}"
        ));
    }
    Ok(found)
}
