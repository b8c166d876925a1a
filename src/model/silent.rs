use std::time::{Duration, Instant};

/// How long who did not answer is left alone: asking takes seconds.
const REST: Duration = Duration::from_secs(15);

/// Of one who does not answer: how often on end, when last, and why as far as it is known.
#[derive(Debug, Clone)]
pub struct Silent {
    times: u32,
    last: Instant,
    reason: String,
}

impl Silent {
    /// Of one who does not answer now, after what was known before.
    pub fn again(before: Option<&Self>, reason: String, now: Instant) -> Self {
        let times = before.map_or(0, |it| it.times);
        Self {
            times: times.saturating_add(1),
            last: now,
            reason,
        }
    }

    /// Whether it is the first time: anybody may stumble.
    pub fn is_first(&self) -> bool {
        self.times < 2
    }

    /// Whether to leave it alone for now.
    pub fn rests(&self, now: Instant) -> bool {
        !self.is_first() && now.saturating_duration_since(self.last) <= REST
    }

    /// Why it did not answer, for people.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stumbles_once_is_asked_again_at_once_and_who_does_twice_after_a_rest() {
        let (now, why) = (Instant::now(), || "no answer".to_owned());
        let once = Silent::again(None, why(), now);
        assert!(once.is_first() && !once.rests(now));
        let twice = Silent::again(Some(&once), why(), now);
        assert!(twice.rests(now + REST));
        let rested = now + REST + Duration::from_secs(1);
        assert!(!twice.rests(rested));
        let thrice = Silent::again(Some(&twice), why(), rested);
        assert!(thrice.rests(rested + REST));
    }
}
