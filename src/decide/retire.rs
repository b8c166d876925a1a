use crate::model::{Deployment, Environment};

/// How many are made inactive in one deploy: what GitHub is asked stays bounded, however many failed
/// ones have piled up. The rest waits for the next deploy, or the sweep.
const AT_ONCE: usize = 2;

/// Which of the branch's `known` deployments are made inactive now that `mine` is up: the one that
/// it `replaced`, which alone is shown as reachable, and then the newest of the others.
pub fn to_retire(known: &[u64], mine: Option<u64>, replaced: Option<u64>) -> Vec<u64> {
    let older = || known.iter().copied().filter(|id| Some(*id) != mine);
    let replaced = older().find(|id| Some(*id) == replaced);
    let mut others: Vec<u64> = older().filter(|id| Some(*id) != replaced).collect();
    others.sort_unstable_by(|one, other| other.cmp(one));
    replaced.into_iter().chain(others).take(AT_ONCE).collect()
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
    fn what_was_up_goes_and_the_pile_shrinks_by_and_by() {
        assert_eq!(to_retire(&[1, 2, 3, 4, 5], Some(5), Some(1)), [1, 4]);
        assert_eq!(to_retire(&[1, 2, 3, 5], Some(5), None), [3, 2]);
        assert_eq!(to_retire(&[1, 5], Some(5), Some(5)), [1]);
        assert_eq!(to_retire(&[4], None, None), [4]);
        for nothing in [
            to_retire(&[5], Some(5), Some(5)),
            to_retire(&[], None, Some(3)),
        ] {
            assert_eq!(nothing, [0; 0]);
        }
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
