//! Finds out why a release did not come up, while what failed is still there.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{rollout::Rollout, site::Site};
use crate::{
    decide::{FailedBy, beside, is_same, is_soft, to_blame, told, troubles},
    model::{Container, Interest, Object, Trouble},
    report::{Explanation, Failure, LOG_LINES},
};

/// How long the look at the namespace may take, and then that at a log: the failure is told without them, too.
const LIMIT: Duration = Duration::from_secs(5);
const LOG_LIMIT: Duration = Duration::from_secs(3);

/// When what did not begin began: nothing that is there is of it.
const NEVER: Option<DateTime<Utc>> = Some(DateTime::<Utc>::MAX_UTC);

/// What is found out of the failures of one run.
#[derive(Default)]
pub(super) struct Explanations(Mutex<Vec<Explanation>>);

impl Explanations {
    /// Adds one.
    pub(super) fn add(&self, explanation: Explanation) {
        self.all().push(explanation);
    }

    /// Why a release did not come up.
    pub(super) fn of(&self, release: &str) -> Option<Explanation> {
        let all = self.all();
        all.iter().find(|it| it.release == release).cloned()
    }

    /// All of them.
    pub(super) fn all(&self) -> MutexGuard<'_, Vec<Explanation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What did not come up, and how that is known.
pub(super) struct Suspect<'a> {
    /// The release's name in Helm.
    pub release: &'a str,
    /// What its chart renders to.
    pub objects: &'a [Object],
    /// What Helm said.
    pub helm: Option<&'a str>,
    /// The newest revision before this deploy; 0 if there was none.
    pub before: u32,
    /// Whether it was waited for: else that something is not ready yet explains nothing.
    pub waited: bool,
    /// For what it was given up, if it was: that explains it, also where it is not seen any more.
    pub lost: Option<&'a Trouble>,
}

/// Why it did not come up, as far as the cluster tells within a few seconds. Ends at a stop.
pub(super) async fn explain(
    site: &Site<'_>,
    suspect: &Suspect<'_>,
    rollout: &Rollout,
) -> Option<Explanation> {
    let search = async {
        let look = tokio::time::timeout(LIMIT, look(site, suspect, rollout));
        let seen = look.await.unwrap_or_else(|_| Seen::late());
        explained(site, suspect, seen, rollout).await
    };
    site.stop.unless(search).await.ok()?
}

/// What is wrong now.
#[derive(Default)]
struct Seen {
    troubles: Vec<Trouble>,
    /// What could not be seen.
    unseen: Vec<String>,
}

impl Seen {
    fn late() -> Self {
        let time = LIMIT.as_secs();
        Self {
            troubles: Vec::new(),
            unseen: vec![format!("the cluster did not show it within {time} s")],
        }
    }
}

async fn look(site: &Site<'_>, suspect: &Suspect<'_>, rollout: &Rollout) -> Seen {
    let interest = Interest::in_all(suspect.objects);
    let (mut scene, since) = tokio::join!(site.objects.scene(&interest), begun(site, suspect));
    rollout.add_to(&mut scene);
    let here = site.here(suspect.objects);
    let mut troubles = troubles(&scene, &here, since);
    if suspect.lost.is_none() {
        let failed_by = match suspect.waited && since != NEVER {
            true if suspect.helm.is_none() => FailedBy::Address,
            true => FailedBy::Wait,
            false => FailedBy::Refusal,
        };
        troubles = to_blame(&scene, &here, troubles, failed_by, site.helm.spares());
    }
    Seen {
        troubles,
        unseen: scene.unseen,
    }
}

/// What it did not come up for: what it was given up for, or what explains most.
fn cause(seen: &Seen, suspect: &Suspect<'_>) -> Option<Trouble> {
    let mut troubles = seen.troubles.iter();
    let found = troubles.find(|trouble| match suspect.lost {
        // What was said of it since is worth more than what was known then.
        Some(lost) => is_same(trouble, lost),
        None => suspect.waited || !is_soft(trouble),
    });
    found.or(suspect.lost).cloned()
}

/// When Helm began with this deploy's revision, by the cluster's clock: never, where it did not come as far.
async fn begun(site: &Site<'_>, suspect: &Suspect<'_>) -> Option<DateTime<Utc>> {
    let revisions = site.storage.revisions(suspect.release).await.ok()?;
    match revisions.last() {
        Some(newest) if newest.version > suspect.before => newest.created,
        Some(_) | None => NEVER,
    }
}

async fn explained(
    site: &Site<'_>,
    suspect: &Suspect<'_>,
    seen: Seen,
    rollout: &Rollout,
) -> Option<Explanation> {
    let Some(mut trouble) = cause(&seen, suspect) else {
        for what in seen.unseen.iter().filter(|_| suspect.waited) {
            let words = format!("why {} is not up is not known: {what}", suspect.release);
            site.report.warn(&site.helm.mask(&words));
        }
        return None;
    };
    trouble.events = told(trouble.events);
    let failure = Failure {
        release: suspect.release,
        namespace: site.namespace,
        trouble: &trouble,
        also: &beside(seen.troubles, &trouble),
        log: log(site, &trouble, rollout).await,
        helm: suspect.helm,
        unseen: &seen.unseen,
    };
    Some(failure.explained(site.helm.secrets()))
}

/// The end of the log of the container that failed, or why it cannot be had; none where there is none.
async fn log(
    site: &Site<'_>,
    trouble: &Trouble,
    rollout: &Rollout,
) -> Option<Result<String, String>> {
    let pod = trouble.pod.as_deref()?;
    let Container { name, log, .. } = trouble.container.as_ref()?;
    let lines = LOG_LINES.try_into().ok()?;
    let read = site.objects.log(pod, name, (*log)?, lines);
    let read = match tokio::time::timeout(LOG_LIMIT, read).await {
        Ok(Ok(lines)) => Ok(site.helm.secrets().mask_lines(&lines)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it does not come within {} s", LOG_LIMIT.as_secs())),
    };
    // Of a hook that its chart removes when it fails, what was heard while it ran is all there is.
    Some(read.or_else(|reason| rollout.said_by(pod, name).ok_or(reason)))
}
