//! What may heal, and is believed if it stays.

use std::{
    collections::HashMap,
    mem::{Discriminant, discriminant},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::{
    decide::Hope,
    model::{Trouble, What},
};

/// Until when each trouble may heal.
#[derive(Default)]
pub(super) struct Fading(HashMap<Mark, Instant>);

/// What makes a trouble the same as before, whichever pod of its workload has it: what it is, of which claim,
/// and the time that it is given.
type Mark = (String, Discriminant<What>, Option<String>, Duration);

fn mark(trouble: &Trouble, time: Duration) -> Mark {
    let claim = match &trouble.what {
        What::Claim { name, .. } => Some(name.clone()),
        _ => None,
    };
    let what = discriminant(&trouble.what);
    (trouble.workload.clone(), what, claim, time)
}

impl Fading {
    /// What is lost, by what is known `now`.
    pub(super) fn lost(&mut self, judged: Hope, now: Instant) -> Option<Trouble> {
        let fading = match judged {
            Hope::Lost(trouble) => return Some(*trouble),
            Hope::Waits => Vec::new(),
            Hope::Fades(fading) => fading,
        };
        let before = std::mem::take(&mut self.0);
        let mut over = None;
        for (trouble, time) in fading {
            let mark = mark(&trouble, time);
            // The first sight counts.
            let until = before.get(&mark).copied().unwrap_or(now + time);
            self.0.insert(mark, until);
            if now >= until {
                over = over.or(Some(trouble));
            }
        }
        over
    }

    /// Waits until one of them has stayed long enough.
    pub(super) async fn over(&self) {
        match self.0.values().min() {
            Some(until) => sleep_until(*until).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_secs(5);
    const LONG: Duration = Duration::from_secs(45);

    fn trouble(workload: &str, what: What) -> Trouble {
        Trouble {
            what,
            workload: workload.into(),
            hook: None,
            ready: None,
            pod: None,
            container: None,
            events: Vec::new(),
        }
    }

    fn quota() -> (Trouble, Duration) {
        (
            trouble("Deployment/web", What::NotMade("exceeded quota".into())),
            SHORT,
        )
    }

    fn no_node() -> (Trouble, Duration) {
        (
            trouble("Deployment/web", What::Unschedulable("no gpu".into())),
            LONG,
        )
    }

    fn claim(name: &str, time: Duration) -> (Trouble, Duration) {
        let what = What::Claim {
            name: name.to_owned(),
            reason: "ProvisioningFailed".into(),
            message: String::new(),
        };
        (trouble("StatefulSet/db", what), time)
    }

    fn fades<const N: usize>(fading: [(Trouble, Duration); N]) -> Hope {
        Hope::Fades(fading.into())
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn what_may_heal_is_believed_once_it_has_stayed_and_forgotten_when_it_heals() {
        let (mut fading, begin) = (Fading::default(), Instant::now());
        let mut lost = |judged, time| fading.lost(judged, begin + seconds(time));
        assert_eq!(lost(fades([quota()]), 0), None);
        assert_eq!(lost(fades([quota()]), 4), None);
        assert_eq!(lost(Hope::Waits, 4), None);
        assert_eq!(lost(fades([quota()]), 8), None, "it had healed");
        assert_eq!(lost(fades([quota()]), 13), Some(quota().0));
        assert_eq!(
            lost(Hope::Lost(Box::new(no_node().0)), 13),
            Some(no_node().0)
        );
    }

    #[test]
    fn another_trouble_of_the_same_workload_has_a_time_of_its_own() {
        let all = [
            quota(),
            no_node(),
            claim("a", LONG),
            claim("b", LONG),
            claim("b", SHORT),
        ];
        for first in &all {
            for second in all.iter().filter(|it| *it != first) {
                let (mut fading, begin) = (Fading::default(), Instant::now());
                assert_eq!(fading.lost(fades([first.clone()]), begin), None);
                let lost = fading.lost(fades([second.clone()]), begin + LONG);
                assert_eq!(lost, None, "{first:?} {second:?}");
            }
        }
    }

    #[test]
    fn one_that_has_long_hides_none_that_has_not() {
        let (mut fading, begin) = (Fading::default(), Instant::now());
        let both = || fades([claim("a", LONG), quota()]);
        assert_eq!(fading.lost(both(), begin), None);
        assert_eq!(fading.lost(both(), begin + SHORT), Some(quota().0));
    }
}
