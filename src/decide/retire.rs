use std::cmp::Reverse;

use crate::model::{Deployment, Environment};

/// How many are made inactive in one deploy, of which none may be shown as reachable: what GitHub is asked
/// stays bounded, however many failed ones have piled up. The rest waits for the next deploy, or the sweep.
const AT_ONCE: usize = 2;

/// How many at most of those that may be: runs that were killed leave them.
const SHOWN: usize = 5;

/// Which of the branch's `known` deployments are made inactive now that `mine` is up: first the one that it
/// `replaced`, then those that may be shown as reachable, since they are not among the `failed`; and then
/// of these, the newest first.
pub fn to_retire(
    known: &[u64],
    failed: &[u64],
    mine: Option<u64>,
    replaced: Option<u64>,
) -> Vec<u64> {
    let older = known.iter().copied().filter(|id| Some(*id) != mine);
    let (mut failed, mut shown): (Vec<_>, Vec<_>) = older.partition(|id| failed.contains(id));
    shown.sort_unstable_by_key(|id| Reverse((Some(*id) == replaced, *id)));
    shown.truncate(SHOWN);
    failed.sort_unstable_by_key(|id| Reverse(*id));
    failed.truncate(AT_ONCE.saturating_sub(shown.len()));
    [shown, failed].concat()
}

/// Those of the `listed` deployments that are this environment's, whatever became of them: what a
/// record that was lost would know.
pub fn deployments_of(environment: &Environment, listed: &[Deployment]) -> Vec<u64> {
    let ours = |deployment: &&Deployment| {
        let payload = deployment.ours(&environment.app, &environment.tier);
        payload.is_some_and(|payload| payload.branch == environment.branch)
    };
    listed.iter().filter(ours).map(|listed| listed.id).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_up_goes_and_the_pile_of_failed_ones_shrinks_by_and_by() {
        let of = |known: &[u64], failed: &[u64], mine| to_retire(known, failed, mine, Some(1));
        assert_eq!(of(&[1, 2, 3, 4, 5], &[2, 3, 4], Some(5)), [1, 4]);
        assert_eq!(of(&[2, 3, 5], &[2, 3, 5], Some(5)), [3, 2]);
        assert_eq!(of(&[2, 3, 4, 5], &[2, 3, 4], Some(5)), [4, 3]);
        assert_eq!(of(&[1], &[], Some(1)), [0; 0]);
        assert_eq!(of(&[4], &[], None), [4]);
        assert_eq!(of(&[], &[], None), [0; 0]);
    }

    /// They may have posted their success.
    #[test]
    fn those_of_runs_that_were_killed_go_before_failed_ones() {
        let of = |known: &[u64], failed: &[u64]| to_retire(known, failed, Some(9), Some(1));
        assert_eq!(of(&[1, 2, 3, 4, 5, 9], &[4, 5]), [1, 3, 2]);
        assert_eq!(of(&[2, 4, 5, 9], &[4, 5]), [2, 5]);
        assert_eq!(of(&[1, 2, 3, 4, 5, 6, 7, 8, 9], &[]), [1, 8, 7, 6, 5]);
    }

    #[test]
    fn a_deployment_is_the_environments_by_app_tier_and_branch() {
        let environment = Environment {
            app: "hey".parse().unwrap(),
            tier: "beta".into(),
            branch: "new".parse().unwrap(),
            repository_id: 7,
        };
        let listed = |id: u64, app: &str, tier: &str, branch: &str| {
            serde_json::from_value::<Deployment>(json!({
                "id": id, "sha": "a".repeat(40), "ref": "new", "environment": tier,
                "task": format!("branch-deploys:{app}"), "created_at": "2026-11-24T09:00:00Z",
                "payload": {"app": app, "branch": branch, "commit": "a".repeat(40), "nonce": "n"},
            }))
            .unwrap()
        };
        let all = [
            listed(11, "hey", "beta", "new"),
            listed(2, "hay", "beta", "new"),
            listed(3, "hey", "staging", "new"),
            listed(4, "hey", "beta", "New"),
        ];
        assert_eq!(deployments_of(&environment, &all), [11]);
    }
}
