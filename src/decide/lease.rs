use std::time::{Duration, Instant};

/// A Lease as somebody who waits for it reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it; none when it is free.
    pub holder: Option<String>,
    /// What changes at every renewal: its time, and how often it changed hands.
    pub renewal: String,
    /// How long the holder promised to need between two renewals.
    pub duration: Duration,
}

/// What to do about the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take it: it is free, or its holder is dead.
    Take,
    /// Look again later: the holder lives, or may still.
    Wait,
}

/// The patience of one who waits: when the lease as it stands was first seen, by its own clock.
///
/// The holder's clock is never compared with ours: it may be hours off.
#[derive(Debug, Default)]
pub struct Patience {
    seen: Option<(Lease, Instant)>,
}

impl Patience {
    /// What to do about `lease`, read at `now`. A holder is dead when its lease stood unrenewed
    /// for its whole duration, and `grace`, in which its guardian ends Helm, is over as well.
    pub fn look(&mut self, lease: &Lease, now: Instant, grace: Duration) -> Step {
        if lease.holder.is_none() {
            return Step::Take;
        }
        match &self.seen {
            Some((seen, since)) if seen == lease => {
                if now.duration_since(*since) > lease.duration + grace {
                    Step::Take
                } else {
                    Step::Wait
                }
            }
            _ => {
                self.seen = Some((lease.clone(), now));
                Step::Wait
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    fn lease(holder: Option<&str>, renewal: &str) -> Lease {
        Lease {
            holder: holder.map(Into::into),
            renewal: renewal.into(),
            duration: Duration::from_secs(30),
        }
    }

    #[test]
    fn a_free_lease_is_taken_at_once() {
        let step = Patience::default().look(&lease(None, "1"), Instant::now(), GRACE);
        assert_eq!(step, Step::Take);
    }

    #[test]
    fn a_holder_is_dead_after_its_duration_and_the_grace_unrenewed() {
        let (mut patience, start) = (Patience::default(), Instant::now());
        let mut look = |seconds, renewal| {
            patience.look(
                &lease(Some("one"), renewal),
                start + Duration::from_secs(seconds),
                GRACE,
            )
        };
        assert_eq!(look(0, "1"), Step::Wait);
        assert_eq!(look(29, "1"), Step::Wait);
        assert_eq!(look(30, "2"), Step::Wait);
        assert_eq!(look(64, "2"), Step::Wait);
        assert_eq!(look(66, "2"), Step::Take);
    }

    #[test]
    fn a_lease_that_changed_hands_is_waited_for_anew() {
        let (mut patience, start) = (Patience::default(), Instant::now());
        patience.look(&lease(Some("one"), "1"), start, GRACE);
        let later = start + Duration::from_secs(60);
        assert_eq!(
            patience.look(&lease(Some("two"), "1"), later, GRACE),
            Step::Wait
        );
    }

    #[test]
    fn at_the_very_end_of_its_time_a_holder_still_lives() {
        let (mut patience, start) = (Patience::default(), Instant::now());
        let held = lease(Some("one"), "1");
        patience.look(&held, start, GRACE);
        let end = start + held.duration + GRACE;
        assert_eq!(patience.look(&held, end, GRACE), Step::Wait);
        let after = end + Duration::from_nanos(1);
        assert_eq!(patience.look(&held, after, GRACE), Step::Take);
    }
}
