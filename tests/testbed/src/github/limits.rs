//! Rate limits of one token: the primary one by the hour, and the secondary ones by the minute. The
//! REST API and GraphQL have their own.

use std::{collections::VecDeque, time::Duration};

use axum::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Points a minute of the REST API: a read is 1, a write 5.
const POINTS: u32 = 900;
/// Points a minute of GraphQL: a question is 1.
const GRAPHQL_POINTS: u32 = 2_000;
/// Requests a minute that create content.
const CREATIONS: usize = 80;
const MINUTE: TimeDelta = TimeDelta::minutes(1);
const HOUR: TimeDelta = TimeDelta::hours(1);

/// How a request ran into a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// No request is left until the reset.
    Primary,
    /// Too much within a minute; try again after so many seconds.
    Secondary(i64),
}

/// What a limit says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub limit: u32,
    pub remaining: u32,
    pub used: u32,
    pub reset: DateTime<Utc>,
}

/// What a token may still do.
#[derive(Debug)]
pub struct Limits {
    resource: &'static str,
    by_minute: u32,
    hourly: u32,
    used: u32,
    reset: DateTime<Utc>,
    recent: VecDeque<(DateTime<Utc>, Method)>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::of_an_hour(5_000)
    }
}

impl Limits {
    /// Fresh limits of so many requests an hour.
    pub fn of_an_hour(hourly: u32) -> Self {
        Self {
            resource: "core",
            by_minute: POINTS,
            hourly,
            used: 0,
            reset: Utc::now() + HOUR,
            recent: VecDeque::new(),
        }
    }

    /// Fresh limits of GraphQL, of so many points an hour.
    pub fn of_graphql(hourly: u32) -> Self {
        Self {
            resource: "graphql",
            by_minute: GRAPHQL_POINTS,
            ..Self::of_an_hour(hourly)
        }
    }

    /// Leaves so many requests until a reset that is so far away.
    pub fn set_remaining(&mut self, remaining: u32, resets_in: Duration) {
        self.used = self.hourly.saturating_sub(remaining);
        self.reset = Utc::now() + resets_in;
    }

    /// Begins a request, unless a limit forbids it.
    pub fn admit(&mut self, method: &Method, now: DateTime<Utc>) -> Result<(), Exceeded> {
        self.pass(now);
        if self.used >= self.hourly {
            return Err(Exceeded::Primary);
        }
        if self.points() + points(method) > self.by_minute || self.creates_too_much(method) {
            return Err(Exceeded::Secondary(self.wait(now)));
        }
        self.used += 1;
        self.recent.push_back((now, method.clone()));
        Ok(())
    }

    /// Takes what a question costs besides the first point.
    pub fn charge(&mut self, points: u32) {
        self.used = self.used.saturating_add(points).min(self.hourly);
    }

    /// Gives back what a request cost: it was answered by 304.
    pub fn refund(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    /// Lets time go by: the hour begins anew, the last minute is all that counts.
    fn pass(&mut self, now: DateTime<Utc>) {
        if now >= self.reset {
            self.used = 0;
            self.reset = now + HOUR;
        }
        self.recent.retain(|(at, _)| now - *at < MINUTE);
    }

    fn points(&self) -> u32 {
        self.recent.iter().map(|(_, method)| points(method)).sum()
    }

    fn creates_too_much(&self, method: &Method) -> bool {
        let creations = self
            .recent
            .iter()
            .filter(|(_, method)| *method == Method::POST)
            .count();
        *method == Method::POST && creations >= CREATIONS
    }

    fn wait(&self, now: DateTime<Utc>) -> i64 {
        let oldest = self.recent.front().map_or(now, |(at, _)| *at);
        (oldest + MINUTE - now).num_seconds().max(1)
    }

    /// The headers of every answer.
    pub fn headers(&self) -> [(&'static str, String); 5] {
        [
            ("x-ratelimit-limit", self.hourly.to_string()),
            ("x-ratelimit-remaining", self.remaining().to_string()),
            ("x-ratelimit-reset", self.reset.timestamp().to_string()),
            ("x-ratelimit-used", self.used.to_string()),
            ("x-ratelimit-resource", self.resource.to_owned()),
        ]
    }

    /// As `GET /rate_limit` tells it.
    pub fn json(&self) -> Value {
        json!({
            "limit": self.hourly,
            "remaining": self.remaining(),
            "reset": self.reset.timestamp(),
            "used": self.used,
        })
    }

    /// As GraphQL tells it.
    pub fn told(&self) -> Told {
        Told {
            limit: self.hourly,
            remaining: self.remaining(),
            used: self.used,
            reset: self.reset,
        }
    }

    fn remaining(&self) -> u32 {
        self.hourly.saturating_sub(self.used)
    }
}

fn points(method: &Method) -> u32 {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        1
    } else {
        5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eighty_first_creation_within_a_minute_is_too_much_and_a_minute_later_is_not() {
        let mut limits = Limits::of_an_hour(5_000);
        let now = Utc::now();
        for _ in 0..CREATIONS {
            assert_eq!(limits.admit(&Method::POST, now), Ok(()));
        }
        assert_eq!(
            limits.admit(&Method::POST, now),
            Err(Exceeded::Secondary(60))
        );
        assert_eq!(limits.admit(&Method::GET, now), Ok(()));
        assert_eq!(limits.admit(&Method::POST, now + MINUTE), Ok(()));
    }

    #[test]
    fn an_exhausted_hour_ends_at_its_reset() {
        let mut limits = Limits::of_an_hour(1);
        let now = Utc::now();
        assert_eq!(limits.admit(&Method::GET, now), Ok(()));
        assert_eq!(limits.admit(&Method::GET, now), Err(Exceeded::Primary));
        assert_eq!(limits.admit(&Method::GET, now + HOUR + MINUTE), Ok(()));
    }
}
