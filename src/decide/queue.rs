use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{App, Deployment, Order, Stage, Told};

use super::stage::stage;

/// How long a deployment is joined to which nobody has answered: by then its webhook was lost.
const UNANSWERED: TimeDelta = TimeDelta::minutes(5);

/// How long a deployment is joined that somebody works on: by then they have died.
const UNENDED: TimeDelta = TimeDelta::hours(2);

/// The deployment among `listed` that asks for the same as `order`, if nothing newer of its branch
/// has come since; whether it is [under way](is_under_way) is another question.
pub fn same<'a>(order: &Order, (app, tier): (&App, &str), listed: &'a [Told]) -> Option<&'a Told> {
    let of_branch = listed.iter().filter_map(|told| {
        let payload = told.deployment.ours(app, tier)?;
        (payload.branch == order.branch).then_some((told, payload))
    });
    let (newest, payload) = of_branch.max_by_key(|(told, _)| told.deployment.id)?;
    payload.is_for(order).then_some(newest)
}

/// The deployment among `listed` that bears this nonce: one whose maker heard no answer.
pub fn by_nonce<'a>(
    nonce: &str,
    (app, tier): (&App, &str),
    listed: &'a [Told],
) -> Option<&'a Deployment> {
    let mut listed = listed.iter().map(|told| &told.deployment);
    listed.find(|deployment| {
        deployment
            .ours(app, tier)
            .is_some_and(|payload| payload.nonce == nonce)
    })
}

/// Whether a deployment may still come to its end by itself.
pub fn is_under_way(told: &Told, now: DateTime<Utc>) -> bool {
    let age = now - told.deployment.created_at;
    match stage(&told.statuses) {
        Stage::Queued => age < UNANSWERED,
        Stage::Building { .. } | Stage::Landing { .. } | Stage::Answering { .. } => age < UNENDED,
        Stage::Passed { .. } | Stage::Up { .. } | Stage::Superseded(_) | Stage::Failed { .. } => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Posted;

    fn order() -> Order {
        Order {
            branch: "new".parse().unwrap(),
            commit: "a".repeat(40).parse().unwrap(),
            migrate: false,
            keep_for: None,
        }
    }

    fn deployment(id: u64, branch: &str, commit: &str) -> Told {
        let commit = commit.repeat(40);
        let deployment = json!({
            "id": id, "sha": commit, "ref": branch, "task": "branch-deploys:hey",
            "environment": "beta", "created_at": "2026-11-24T09:00:00Z",
            "payload": {"app": "hey", "branch": branch, "commit": commit, "nonce": format!("n{id}")},
        });
        Told {
            deployment: serde_json::from_value(deployment).unwrap(),
            statuses: vec![],
        }
    }

    fn found(order: &Order, listed: &[Told]) -> Option<u64> {
        let app = "hey".parse().unwrap();
        same(order, (&app, "beta"), listed).map(|told| told.deployment.id)
    }

    #[test]
    fn the_same_wish_is_found_whoever_had_it() {
        let listed = [deployment(9, "other", "a"), deployment(5, "new", "a")];
        assert_eq!(found(&order(), &listed), Some(5));
    }

    #[test]
    fn what_differs_in_one_wish_is_not_the_same() {
        let listed = [deployment(5, "new", "a")];
        let migrate = Order {
            migrate: true,
            ..order()
        };
        let keep = Order {
            keep_for: Some("14d".into()),
            ..order()
        };
        let commit = Order {
            commit: "b".repeat(40).parse().unwrap(),
            ..order()
        };
        let branch = Order {
            branch: "New".parse().unwrap(),
            ..order()
        };
        for order in [migrate, keep, commit, branch] {
            assert_eq!(found(&order, &listed), None, "{order:?}");
        }
    }

    #[test]
    fn a_branch_that_was_forced_back_is_queued_anew() {
        let listed = [deployment(6, "new", "b"), deployment(5, "new", "a")];
        assert_eq!(found(&order(), &listed), None);
    }

    #[test]
    fn a_lost_answer_is_found_by_its_nonce() {
        let app = "hey".parse().unwrap();
        let listed = [deployment(6, "new", "a"), deployment(5, "new", "a")];
        let found = by_nonce("n5", (&app, "beta"), &listed);
        assert_eq!(found.map(|deployment| deployment.id), Some(5));
        assert!(by_nonce("n7", (&app, "beta"), &listed).is_none());
    }

    #[test]
    fn what_nobody_answers_or_ends_is_not_under_way_for_ever() {
        let deployment = deployment(5, "new", "a");
        let after = |minutes| deployment.deployment.created_at + TimeDelta::minutes(minutes);
        let posted = |state: &str| Told {
            statuses: vec![Posted {
                state: state.into(),
                ..Posted::default()
            }],
            ..deployment.clone()
        };
        assert!(is_under_way(&deployment, after(4)));
        assert!(!is_under_way(&deployment, after(5)));
        assert!(is_under_way(&posted("pending"), after(119)));
        assert!(!is_under_way(&posted("pending"), after(120)));
        assert!(!is_under_way(&posted("failure"), after(0)));
    }
}
