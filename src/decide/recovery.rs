use crate::model::{Revision, Status};

/// What has to be done to a release before it can be upgraded.
///
/// Helm recovers from none of these by itself (helm/helm#7653); each row was tried with both majors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing: `upgrade --install` does what it should.
    None,
    /// Roll back to this revision, which removes what only the broken one made.
    RollBack(u32),
    /// Remove the release and install it anew: an upgrade would fail, or skip the install hooks.
    Reinstall,
    /// A status that nobody can interpret: nothing is touched.
    Unknown(String),
}

/// What the kept revisions of one release call for, once their owner is proven dead.
///
/// The highest version counts, whatever the others say: a dead `pending-upgrade` stays in the
/// history for ever, and two revisions can both be `deployed`.
pub fn recovery(revisions: &[Revision]) -> Recovery {
    let Some(newest) = revisions.iter().max_by_key(|revision| revision.version) else {
        return Recovery::None;
    };
    match &newest.status {
        Status::Deployed | Status::Superseded | Status::Uninstalled => Recovery::None,
        Status::PendingInstall | Status::Uninstalling => Recovery::Reinstall,
        Status::Failed | Status::PendingUpgrade | Status::PendingRollback => {
            let back = way_back(revisions).map(|revision| revision.version);
            back.map_or(Recovery::Reinstall, Recovery::RollBack)
        }
        Status::Unknown(word) => Recovery::Unknown(word.clone()),
    }
}

/// The revision that is gone back to where [`recovery`] is a rollback, and what Helm stored of it has to
/// tell first whether it was removed since, its history kept: then the release is as one that was never up.
pub fn maybe_removed(revisions: &[Revision]) -> Option<&Revision> {
    way_back(revisions).filter(|revision| revision.status == Status::Superseded)
}

/// The newest `deployed` revision; without one the newest `superseded`, as Helm marks what is up where the
/// cluster refused a rollback.
fn way_back(revisions: &[Revision]) -> Option<&Revision> {
    let newest = |status: Status| {
        let of_status = revisions
            .iter()
            .filter(|revision| revision.status == status);
        of_status.max_by_key(|revision| revision.version)
    };
    newest(Status::Deployed).or_else(|| newest(Status::Superseded))
}

/// Whether Helm, of either major, failed since it does not know a kind of an object that is up: it would at
/// each upgrade, and at each removal.
pub fn lacks_kind(complaint: &str) -> bool {
    complaint.contains("from current release manifest") && complaint.contains("no matches for kind")
}

/// Of the kept revisions, oldest first: the one that is up, and those with whose objects it was never
/// compared, so that what they made and it does not have is still there.
///
/// Helm compares with one revision alone, and never with one that broke off. Two are `deployed` where
/// somebody rolled back in the middle of an upgrade: the older one made its objects all the same.
pub fn uncompared(revisions: &[Revision]) -> (Option<&Revision>, Vec<&Revision>) {
    let newest = |status: &Status| revisions.iter().rfind(|it| it.status == *status);
    let up = newest(&Status::Deployed).or_else(|| newest(&Status::Superseded));
    let rest = revisions.iter().filter(|it| {
        let is_up = up.is_some_and(|up| up.version == it.version);
        !is_up && it.status != Status::Superseded
    });
    (up, rest.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revisions(statuses: &[&str]) -> Vec<Revision> {
        let revision = |(index, status): (usize, &&str)| Revision {
            release: "hey-new".into(),
            version: index as u32 + 1,
            status: Status::from(*status),
            labels: Default::default(),
            secret: format!("sh.helm.release.v1.hey-new.v{}", index + 1),
            uid: None,
            created: None,
        };
        statuses.iter().enumerate().map(revision).collect()
    }

    #[test]
    fn every_state_of_the_table_has_its_way_back() {
        for (statuses, expected) in [
            (&[][..], Recovery::None),
            (&["deployed"], Recovery::None),
            (&["superseded"], Recovery::None),
            (&["uninstalled"], Recovery::None),
            (&["failed"], Recovery::Reinstall),
            (&["failed", "failed"], Recovery::Reinstall),
            (&["deployed", "failed"], Recovery::RollBack(1)),
            (
                &["superseded", "deployed", "failed", "failed"],
                Recovery::RollBack(2),
            ),
            (
                &["superseded", "superseded", "failed"],
                Recovery::RollBack(2),
            ),
            (&["pending-install"], Recovery::Reinstall),
            (&["failed", "pending-upgrade"], Recovery::Reinstall),
            (&["deployed", "pending-upgrade"], Recovery::RollBack(1)),
            (
                &["superseded", "superseded", "pending-upgrade"],
                Recovery::RollBack(2),
            ),
            (
                &["superseded", "deployed", "pending-rollback"],
                Recovery::RollBack(2),
            ),
            (&["pending-rollback"], Recovery::Reinstall),
            (&["deployed", "uninstalling"], Recovery::Reinstall),
            (
                &["deployed", "unknown"],
                Recovery::Unknown("unknown".into()),
            ),
            (&["deployed", "asleep"], Recovery::Unknown("asleep".into())),
        ] {
            assert_eq!(recovery(&revisions(statuses)), expected, "{statuses:?}");
        }
    }

    #[test]
    fn a_kind_that_helm_does_not_know_is_told_from_one_that_a_chart_asks_for() {
        let lacks = "UPGRADE FAILED: unable to build kubernetes objects from current release manifest: \
                     resource mapping not found for name: \"w\" namespace: \"\" from \"\": no matches for \
                     kind \"Widget\" in version \"example.com/v1\"; ensure CRDs are installed first";
        assert!(lacks_kind(lacks));
        assert!(!lacks_kind(&lacks.replace("current", "new")));
        assert!(!lacks_kind(
            "unable to build kubernetes objects from current release manifest: the server is away"
        ));
    }

    #[test]
    fn only_what_is_superseded_may_have_been_removed() {
        for (statuses, doubtful) in [
            (&["superseded", "failed"][..], Some(1)),
            (&["superseded", "superseded", "pending-upgrade"], Some(2)),
            (&["superseded", "deployed", "failed"], None),
            (&["failed"], None),
        ] {
            let revisions = revisions(statuses);
            let found = maybe_removed(&revisions).map(|it| it.version);
            assert_eq!(found, doubtful, "{statuses:?}");
        }
    }

    #[test]
    fn what_broke_off_and_a_second_deployed_one_were_never_compared_with() {
        for (statuses, up, rest) in [
            (&["superseded", "deployed"][..], Some(2), &[][..]),
            (
                &["superseded", "failed", "pending-upgrade", "deployed"],
                Some(4),
                &[2, 3],
            ),
            (&["superseded", "deployed", "deployed"], Some(3), &[2]),
            (&["deployed", "failed"], Some(1), &[2]),
            (&["superseded", "superseded"], Some(2), &[]),
            (&["failed"], None, &[1]),
        ] {
            let revisions = revisions(statuses);
            let (found, others) = uncompared(&revisions);
            assert_eq!(found.map(|it| it.version), up, "{statuses:?}");
            let others: Vec<_> = others.iter().map(|it| it.version).collect();
            assert_eq!(others, rest, "{statuses:?}");
        }
    }

    #[test]
    fn the_highest_version_counts_wherever_it_stands_in_the_list() {
        let mut shuffled = revisions(&["deployed", "pending-upgrade", "superseded", "deployed"]);
        shuffled.reverse();
        assert_eq!(recovery(&shuffled), Recovery::None);
    }

    #[test]
    fn of_two_deployed_revisions_the_newer_is_gone_back_to() {
        let statuses = ["superseded", "deployed", "deployed", "failed"];
        assert_eq!(recovery(&revisions(&statuses)), Recovery::RollBack(3));
    }
}
