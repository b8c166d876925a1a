//! Who does not answer is left alone for a while, since asking takes seconds.

use std::time::{Duration, Instant};

/// How long who did not answer is left alone.
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
    pub fn again(before: Option<&Self>, reason: String) -> Self {
        let times = before.map_or(0, |it| it.times);
        Self {
            times: times.saturating_add(1),
            last: Instant::now(),
            reason,
        }
    }

    /// Whether it is the first time: anybody may stumble.
    pub fn is_first(&self) -> bool {
        self.times < 2
    }

    /// Whether to leave it alone for now.
    pub fn rests(&self) -> bool {
        !self.is_first() && self.last.elapsed() <= REST
    }

    /// Why it did not answer, for people.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
