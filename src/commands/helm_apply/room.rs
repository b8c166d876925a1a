//! Whether one more environment may go up.

use std::{
    collections::BTreeMap,
    convert::identity,
    time::{Duration, Instant},
};

use k8s_openapi::api::coordination::v1::Lease;

use super::{super::lock, gather::Gathered};
use crate::{
    clients::{cluster::ClusterError, helm::GRACE},
    decide::{self, Patience, Room, Standing, Step, Taken, room},
    report::Report,
};

/// How often the Leases of newcomers are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Whether there is room, by the namespace's Leases; the oldest environment if there is none.
///
/// A run that was killed before it began leaves a Lease that takes no place. Where such ones decide,
/// they are watched as long as it takes to know them for dead: by our own clock, never by theirs.
pub(super) async fn has_room(
    gathered: &Gathered,
    report: &Report,
    mut leases: Vec<Lease>,
) -> Result<Result<(), Taken>, ClusterError> {
    let plan = &gathered.plan;
    let (mut newcomers, mut told) = (Newcomers::default(), false);
    loop {
        let taken: Vec<Taken> = leases
            .iter()
            .filter_map(|lease| newcomers.taken(lease, Instant::now()))
            .collect();
        match room(&plan.environment.name(), &taken, plan.max_environments) {
            Room::Free => return Ok(Ok(())),
            Room::Full { oldest } => return Ok(Err(oldest)),
            Room::Contested { newcomers } if !std::mem::replace(&mut told, true) => {
                let newcomers = newcomers.join(", ");
                report.waiting(&format!(
                    "{newcomers}: nothing is up there yet, and the run may be dead"
                ));
            }
            Room::Contested { .. } => {}
        }
        tokio::time::sleep(LOOK).await;
        leases = gathered
            .cluster
            .leases()
            .list(&BTreeMap::new(), identity)
            .await?;
    }
}

/// Those who hold a Lease without a record, as they were seen first.
#[derive(Default)]
struct Newcomers {
    watched: BTreeMap<String, Watched>,
}

struct Watched {
    patience: Patience,
    first: decide::Lease,
}

impl Newcomers {
    /// The place that a Lease takes; none for one that is free or whose holder is dead.
    fn taken(&mut self, lease: &Lease, now: Instant) -> Option<Taken> {
        let created = lease.metadata.creation_timestamp.as_ref()?.0;
        let name = lease.metadata.name.clone()?;
        let standing = match lock::has_record(lease) {
            true => Standing::Begun,
            false => self.standing(&name, lock::seen(lease), now)?,
        };
        Some(Taken {
            name,
            since: chrono::DateTime::from_timestamp(created.as_second(), 0)?,
            standing,
        })
    }

    /// Who renewed while we watched lives.
    fn standing(&mut self, name: &str, seen: decide::Lease, now: Instant) -> Option<Standing> {
        let watched = self.watched.entry(name.to_owned());
        let watched = watched.or_insert_with(|| Watched {
            patience: Patience::default(),
            first: seen.clone(),
        });
        match watched.patience.look(&seen, now, GRACE) {
            Step::Take => None,
            Step::Wait if watched.first != seen => Some(Standing::Newcomer),
            Step::Wait => Some(Standing::InDoubt),
        }
    }
}
