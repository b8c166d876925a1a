//! One release: what it consists of, and how it is taken away.

use std::{collections::BTreeSet, time::Instant};

use anyhow::bail;

use super::{
    super::{hooks, site::Site, together},
    Uninstalled, forgotten,
    look::{Sight, look_at},
    named::named,
};
use crate::{
    decide::{Hand, Owner, Recovery, hand, owner, recovery, steps},
    model::{ObjectKey, Revision},
};

/// A release as it was found, before anything of it goes.
pub(super) struct FoundRelease {
    name: String,
    /// The kept ones; none where Helm knows nothing of it.
    revisions: Vec<Revision>,
    /// Everything that it consists of.
    pub keys: BTreeSet<ObjectKey>,
    hand: Hand,
}

impl FoundRelease {
    /// Reads what these revisions of `name` made.
    ///
    /// # Errors
    /// Also where it is not this environment's, or nobody can tell its state.
    pub(super) async fn read(
        site: &Site<'_>,
        name: &str,
        revisions: Vec<Revision>,
    ) -> anyhow::Result<Self> {
        let named = named(site, &revisions).await?;
        let newest = named.newest.as_ref();
        let branch = newest.and_then(|newest| newest.branch.as_deref());
        let keys = match owner(&revisions, branch, site.environment) {
            Owner::Ours => named.keys,
            Owner::Nobody => unrecorded(site, name).await?,
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
        Ok(Self {
            name: name.to_owned(),
            hand: hand(newest),
            revisions,
            keys,
        })
    }

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
                    Ok(Sight::Kept | Sight::Stranger | Sight::There(_)) => asked.extend([key]),
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
