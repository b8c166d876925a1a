//! Rate limits: so many requests in each minute.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// What is left of one limit.
#[derive(Debug)]
pub struct Limits {
    pub limit: u32,
    used: u32,
    reset: DateTime<Utc>,
}

impl Limits {
    /// A fresh limit of so many requests a minute.
    pub fn of_a_minute(limit: u32) -> Self {
        Self {
            limit,
            used: 0,
            reset: DateTime::<Utc>::MIN_UTC,
        }
    }

    /// Leaves so many requests until a reset that is so far away.
    pub fn set_remaining(&mut self, remaining: u32, resets_in: Duration) {
        self.used = self.limit.saturating_sub(remaining);
        self.reset = Utc::now() + resets_in;
    }

    /// Counts a request, and tells whether it is within the limit. What is refused counts, too.
    pub fn admit(&mut self, now: DateTime<Utc>) -> bool {
        if now >= self.reset {
            self.used = 0;
            self.reset = now + MINUTE;
        }
        self.used += 1;
        self.used <= self.limit
    }

    /// How many requests of this minute arrived.
    pub fn used(&self) -> u32 {
        self.used
    }

    pub fn remaining(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }

    /// Whole seconds until the reset, rounded up as a client has to wait.
    pub fn reset_in(&self, now: DateTime<Utc>) -> i64 {
        ((self.reset - now).num_milliseconds() + 999).max(0) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_in_one_minute_is_admitted_in_the_next() {
        let mut limits = Limits::of_a_minute(1);
        let now = Utc::now();
        assert!(limits.admit(now));
        assert!(!limits.admit(now));
        assert_eq!((limits.remaining(), limits.reset_in(now)), (0, 60));
        assert!(limits.admit(now + MINUTE));
    }
}
