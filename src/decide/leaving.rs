use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Phase, Record};

/// When an environment goes by age, and why then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// A removal has begun.
    Already,
    /// So long after its last deploy.
    AfterDeploy(DateTime<Utc>),
    /// Somebody asked that it be kept until then.
    AfterKeep(DateTime<Utc>),
    /// It is not known when it was deployed: age removes nothing then.
    Unknown,
}

/// When the environment of `record` goes by age: `max_age` after its last deploy by Helm's record,
/// or when it need not be kept any longer, whichever is later.
pub fn leaving(
    record: &Record,
    last_deployed: Option<DateTime<Utc>>,
    max_age: Duration,
) -> Leaving {
    if record.phase == Phase::Removing {
        return Leaving::Already;
    }
    let aged = last_deployed.and_then(|last| aged(last, max_age));
    match (aged, record.keep_until) {
        (None, _) => Leaving::Unknown,
        (Some(aged), Some(keep)) if keep > aged => Leaving::AfterKeep(keep),
        (Some(aged), _) => Leaving::AfterDeploy(aged),
    }
}

/// When what was last deployed at `last` is `max_age` old; none where that is beyond any calendar.
pub(super) fn aged(last: DateTime<Utc>, max_age: Duration) -> Option<DateTime<Utc>> {
    last.checked_add_signed(TimeDelta::from_std(max_age).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Environment;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn record() -> Record {
        let environment = Environment {
            app: "hey".parse().unwrap(),
            tier: "beta".into(),
            branch: "new".parse().unwrap(),
            repository_id: 7,
        };
        Record::new(&environment, "acme/hey")
    }

    fn day(number: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(number * 24 * 60 * 60, 0).unwrap()
    }

    #[test]
    fn age_counts_from_the_last_deploy() {
        let of = |last| leaving(&record(), last, 5 * DAY);
        assert_eq!(of(Some(day(10))), Leaving::AfterDeploy(day(15)));
        assert_eq!(of(None), Leaving::Unknown);
    }

    #[test]
    fn keeping_lengthens_and_never_shortens() {
        let kept = |until| Record {
            keep_until: Some(day(until)),
            ..record()
        };
        let of = |until| leaving(&kept(until), Some(day(10)), 5 * DAY);
        assert_eq!(of(20), Leaving::AfterKeep(day(20)));
        assert_eq!(of(12), Leaving::AfterDeploy(day(15)));
        assert_eq!(of(15), Leaving::AfterDeploy(day(15)));
    }

    #[test]
    fn what_is_being_removed_goes_now() {
        let going = Record {
            phase: Phase::Removing,
            keep_until: Some(day(99)),
            ..record()
        };
        assert_eq!(leaving(&going, Some(day(10)), DAY), Leaving::Already);
    }

    #[test]
    fn an_age_beyond_any_calendar_removes_nothing() {
        let of = leaving(&record(), Some(day(10)), Duration::MAX);
        assert_eq!(of, Leaving::Unknown);
    }
}
