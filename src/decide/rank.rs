use crate::model::{App, Branch, Deployment, Payload, Wish};

/// Whether a deployment may land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rank {
    /// It is the newest of its branch.
    Newest,
    /// It is up already: nothing to do.
    Up,
    /// A newer one takes over, or has already.
    SupersededBy(u64),
}

/// Where `mine` stands among the deployments of its branch.
///
/// `listed` is what GitHub lists for app and tier, any branch; `up` is the deployment that the
/// record says is up. Only ours count, by task, tier and payload; that the branch merely moved on
/// supersedes nothing.
pub fn rank(
    mine: u64,
    branch: &Branch,
    (app, tier): (&App, &str),
    listed: &[Deployment],
    up: Option<u64>,
) -> Rank {
    if up == Some(mine) {
        return Rank::Up;
    }
    let of_branch = |payload: Payload| payload.branch == *branch;
    let ours = |deployment: &&Deployment| deployment.ours(app, tier).is_some_and(of_branch);
    let listed = listed.iter().filter(ours).map(|deployment| deployment.id);
    match listed.chain(up).max() {
        Some(newest) if newest > mine => Rank::SupersededBy(newest),
        _ => Rank::Newest,
    }
}

/// Whether one who waits writes its wish over the one that the holder is shown at present.
pub fn outranks(wish: &Wish, present: Option<&Wish>) -> bool {
    match (wish, present) {
        (Wish::Deploy(mine), Some(Wish::Deploy(present))) => mine > present,
        (wish, Some(present)) => wish != present,
        (_, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(id: u64, branch: &str) -> Deployment {
        serde_json::from_value(json!({
            "id": id, "sha": "a".repeat(40), "ref": branch, "task": "branch-deploys:hey",
            "environment": "beta", "created_at": "2026-11-24T09:00:00Z",
            "payload": {"app": "hey", "branch": branch, "commit": "a".repeat(40), "nonce": "n"},
        }))
        .unwrap()
    }

    fn of(mine: u64, listed: &[Deployment], up: Option<u64>) -> Rank {
        rank(
            mine,
            &"new".parse().unwrap(),
            (&"hey".parse().unwrap(), "beta"),
            listed,
            up,
        )
    }

    #[test]
    fn the_highest_number_of_the_branch_lands() {
        let listed = [
            deployment(9, "other"),
            deployment(5, "new"),
            deployment(4, "new"),
        ];
        assert_eq!(of(5, &listed, Some(4)), Rank::Newest);
        assert_eq!(of(4, &listed, None), Rank::SupersededBy(5));
    }

    #[test]
    fn a_rerun_of_what_is_up_does_nothing_and_of_an_older_one_is_superseded() {
        let listed = [deployment(5, "new"), deployment(4, "new")];
        assert_eq!(of(5, &listed, Some(5)), Rank::Up);
        assert_eq!(of(4, &listed, Some(5)), Rank::SupersededBy(5));
        assert_eq!(of(4, &[], Some(5)), Rank::SupersededBy(5));
    }

    #[test]
    fn the_newest_of_those_who_wait_is_heard() {
        assert!(outranks(&Wish::Deploy(5), None));
        assert!(outranks(&Wish::Deploy(5), Some(&Wish::Deploy(4))));
        assert!(!outranks(&Wish::Deploy(4), Some(&Wish::Deploy(5))));
        assert!(!outranks(&Wish::Deploy(5), Some(&Wish::Deploy(5))));
        assert!(outranks(&Wish::Remove, Some(&Wish::Deploy(5))));
        assert!(!outranks(&Wish::Remove, Some(&Wish::Remove)));
    }

    #[test]
    fn deployments_that_are_not_ours_supersede_nothing() {
        let mut stranger = deployment(9, "new");
        stranger.task = "deploy".into();
        let mut forged = deployment(8, "new");
        forged.sha = "b".repeat(40);
        assert_eq!(of(5, &[stranger, forged], None), Rank::Newest);
    }
}
