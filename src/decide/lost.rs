use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{App, Told};

/// How long a deployment waits for somebody to take it up: then its webhook was lost.
const LOST: TimeDelta = TimeDelta::days(1);

/// How old the deployments are that a sweep looks at: it runs daily, and may fail a few times.
pub const LOOKED_AT: TimeDelta = TimeDelta::days(4);

/// Those of the `listed` deployments that are ours and that nobody has taken up for a day: no status
/// was posted on them, or none but that they wait.
pub fn lost(listed: &[Told], (app, tier): (&App, &str), now: DateTime<Utc>) -> Vec<u64> {
    let waits = |told: &&Told| {
        let newest = told.statuses.first().map(|posted| posted.state.as_str());
        matches!(newest, None | Some("pending" | "queued"))
    };
    let is_ours = |told: &&Told| told.deployment.ours(app, tier).is_some();
    let is_old = |told: &&Told| now - told.deployment.created_at > LOST;
    let lost = listed.iter().filter(is_ours).filter(is_old).filter(waits);
    lost.map(|told| told.deployment.id).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Posted;

    fn told(hours: i64, task: &str, states: &[&str]) -> Told {
        let created = now() - TimeDelta::hours(hours);
        let deployment = serde_json::from_value(json!({
            "id": 5, "sha": "a".repeat(40), "ref": "new", "task": task, "environment": "beta",
            "payload": {"app": "hey", "branch": "new", "commit": "a".repeat(40), "nonce": "n"},
            "created_at": created,
        }));
        let posted = |state: &&str| Posted {
            state: (*state).to_owned(),
            ..Posted::default()
        };
        Told {
            deployment: deployment.unwrap(),
            statuses: states.iter().map(posted).collect(),
        }
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn is_lost(told: Told) -> bool {
        !lost(&[told], (&"hey".parse().unwrap(), "beta"), now()).is_empty()
    }

    #[test]
    fn what_nobody_took_up_for_a_day_is_lost() {
        assert!(is_lost(told(25, "branch-deploys:hey", &[])));
        assert!(is_lost(told(25, "branch-deploys:hey", &["pending"])));
        assert!(!is_lost(told(23, "branch-deploys:hey", &[])));
        for state in ["in_progress", "success", "failure", "inactive"] {
            assert!(!is_lost(told(
                25,
                "branch-deploys:hey",
                &[state, "pending"]
            )));
        }
        assert!(!is_lost(told(25, "branch-deploys:other", &[])));
        assert!(!is_lost(told(25, "deploy", &[])));
    }
}
