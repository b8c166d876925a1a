use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{App, Branch, Told};

/// How long a deployment waits for somebody to take it up, or to end it: then its webhook was lost, or
/// its run killed.
const LOST: TimeDelta = TimeDelta::days(1);

/// How old the deployments are that a sweep looks at: it runs daily, and may fail a few times.
pub const LOOKED_AT: TimeDelta = TimeDelta::days(4);

/// Those of the `listed` deployments that are ours, a day old, and that nobody will end: no status was
/// posted on them, or none but that they wait, or that they are in progress while nobody `is_at_work`
/// on their branch.
pub fn lost(
    listed: &[Told],
    (app, tier): (&App, &str),
    now: DateTime<Utc>,
    is_at_work: impl Fn(&Branch) -> bool,
) -> Vec<u64> {
    let is_old = |told: &&Told| now - told.deployment.created_at > LOST;
    let is_lost = |told: &&Told| {
        let Some(payload) = told.deployment.ours(app, tier) else {
            return false;
        };
        match told.statuses.first().map(|posted| posted.state.as_str()) {
            None | Some("pending" | "queued") => true,
            Some("in_progress") => !is_at_work(&payload.branch),
            Some(_) => false,
        }
    };
    let lost = listed.iter().filter(is_old).filter(is_lost);
    lost.map(|told| told.deployment.id).collect()
}

/// Those of the `listed` deployments that are ours, a day old, and shown as reachable though a newer one is
/// `up` on their branch: whoever landed that was killed before it said so.
pub fn replaced(
    listed: &[Told],
    (app, tier): (&App, &str),
    now: DateTime<Utc>,
    up: impl Fn(&Branch) -> Option<u64>,
) -> Vec<u64> {
    let is_old = |told: &&Told| now - told.deployment.created_at > LOST;
    let is_replaced = |told: &&Told| {
        let Some(payload) = told.deployment.ours(app, tier) else {
            return false;
        };
        let shown = told.statuses.first();
        let shown = shown.is_some_and(|posted| posted.state == "success");
        shown && up(&payload.branch).is_some_and(|up| up > told.deployment.id)
    };
    let replaced = listed.iter().filter(is_old).filter(is_replaced);
    replaced.map(|told| told.deployment.id).collect()
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
        is_lost_while(told, false)
    }

    fn is_lost_while(told: Told, at_work: bool) -> bool {
        let app = "hey".parse().unwrap();
        !lost(&[told], (&app, "beta"), now(), |_| at_work).is_empty()
    }

    #[test]
    fn what_a_run_has_begun_and_nobody_is_at_is_lost_after_a_day() {
        let begun = |hours| told(hours, "branch-deploys:hey", &["in_progress", "pending"]);
        assert!(is_lost_while(begun(25), false));
        assert!(!is_lost_while(begun(25), true));
        assert!(!is_lost_while(begun(23), false));
    }

    #[test]
    fn what_nobody_took_up_for_a_day_is_lost() {
        assert!(is_lost(told(25, "branch-deploys:hey", &[])));
        assert!(!is_lost(told(24, "branch-deploys:hey", &[])));
        assert!(is_lost(told(25, "branch-deploys:hey", &["pending"])));
        assert!(!is_lost(told(23, "branch-deploys:hey", &[])));
        for state in ["success", "failure", "inactive"] {
            assert!(!is_lost(told(
                25,
                "branch-deploys:hey",
                &[state, "pending"]
            )));
        }
        assert!(!is_lost(told(25, "branch-deploys:other", &[])));
        assert!(!is_lost(told(25, "deploy", &[])));
    }

    #[test]
    fn what_is_shown_as_reachable_while_a_newer_one_is_up_is_replaced() {
        let is_replaced = |hours, state: &str, up| {
            let told = told(hours, "branch-deploys:hey", &[state, "in_progress"]);
            let app = "hey".parse().unwrap();
            !replaced(&[told], (&app, "beta"), now(), |_| up).is_empty()
        };
        assert!(is_replaced(25, "success", Some(6)));
        // It is up itself, an older one is, or nothing is known to be.
        for up in [Some(5), Some(4), None] {
            assert!(!is_replaced(25, "success", up), "{up:?}");
        }
        assert!(!is_replaced(24, "success", Some(6)));
        for state in ["inactive", "failure", "in_progress"] {
            assert!(!is_replaced(25, state, Some(6)), "{state}");
        }
    }
}
