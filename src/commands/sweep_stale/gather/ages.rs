//! When each environment was last deployed.

use std::{collections::BTreeMap, iter::zip};

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, stream};

use super::{
    super::super::{
        lock,
        survey::{self, Found},
    },
    AT_ONCE,
};
use crate::{
    clients::cluster::Storage,
    decide::Deployed,
    model::{Revision, Status},
    settings::{Selection, SweepStale},
};

/// How many releases one listing is asked for. The API server looks through all revisions for each
/// listing; the names are in its address, of which some proxies take no more than 8 KB.
const NAMES: usize = 120;

/// The newest revision of releases by their names, or why it is not known.
type Newest = BTreeMap<String, Result<Revision, String>>;

/// When each of these was last deployed. More is read only of those whose age the listings leave open.
pub(super) async fn of(
    storage: &Storage,
    found: &[Found],
    settings: &SweepStale,
    now: DateTime<Utc>,
) -> Vec<Deployed> {
    let sieved: Vec<_> = found.iter().map(|it| sieved(it, settings, now)).collect();
    let open = zip(found, &sieved).filter(|(_, sieved)| sieved.is_none());
    let releases = open.flat_map(|(found, _)| found.newest.iter().map(|it| it.release.clone()));
    let newest = newest_of(storage, &releases.collect::<Vec<_>>()).await;
    let deployed = stream::iter(zip(found, sieved)).map(async |(found, sieved)| match sieved {
        Some(deployed) => deployed,
        None => asked(storage, found, &newest).await,
    });
    deployed.buffered(AT_ONCE).collect().await
}

/// What the listings tell by themselves: Helm makes the newest revision's Secret within a second of
/// the deploy's begin, so that one that is young enough is proof. None where that leaves it open.
fn sieved(found: &Found, settings: &SweepStale, now: DateTime<Utc>) -> Option<Deployed> {
    let newest = found.newest.iter();
    let created = newest.filter_map(|newest| newest.created).max();
    let Some(created) = created else {
        let held = found.lease.as_deref().and_then(lock::last_held);
        let unknown = || Deployed::Unknown("nothing tells when it was last deployed".into());
        return Some(held.map_or_else(unknown, Deployed::Empty));
    };
    let horizon = settings.age.max_age.saturating_sub(settings.warn_before);
    let is_young = (now - created).to_std().is_ok_and(|age| age < horizon);
    let mut newest = found.newest.iter();
    let is_known = newest.all(|it| !matches!(it.status, Status::Unknown(_)));
    let is_enough = !settings.removes(Selection::Age) || (is_young && is_known);
    is_enough.then_some(Deployed::NotBefore(created))
}

/// The releases were found by our labels, which a rollback can have taken from a newer revision.
async fn newest_of(storage: &Storage, releases: &[String]) -> Newest {
    let listed = stream::iter(releases.chunks(NAMES)).map(async |releases| {
        let listed = storage.newest_of(releases).await;
        let listed = listed.map_err(|error| error.to_string());
        (releases, listed)
    });
    let mut newest = Newest::new();
    for (releases, listed) in listed.buffered(AT_ONCE).collect::<Vec<_>>().await {
        match listed {
            Ok(listed) => newest.extend(listed.into_iter().map(|it| (it.release.clone(), Ok(it)))),
            Err(reason) => {
                let releases = releases.iter().cloned();
                newest.extend(releases.map(|release| (release, Err(reason.clone()))));
            }
        }
    }
    newest
}

/// By what Helm stored of the newest revisions.
async fn asked(storage: &Storage, found: &Found, newest: &Newest) -> Deployed {
    let of_found = found.newest.iter().filter_map(|it| newest.get(&it.release));
    let revisions: Result<Vec<Revision>, String> = of_found.cloned().collect();
    let revisions = match revisions {
        Ok(revisions) => revisions,
        Err(reason) => return Deployed::Unknown(reason),
    };
    match survey::newest_deploy(storage, &revisions).await {
        Ok(Some(time)) => Deployed::At(time),
        Ok(None) => Deployed::Unknown("Helm does not tell when it was last deployed".into()),
        Err(error) => Deployed::Unknown(format!("{error:#}")),
    }
}
