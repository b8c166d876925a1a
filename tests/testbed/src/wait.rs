//! Waiting for what becomes true in a while.

use std::{
    fmt::Display,
    thread,
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(50);

/// Waits up to 30 s until the probe has a value; what it sees instead is its error.
///
/// # Panics
/// When the time is out, with what was waited for and what was seen last.
#[track_caller]
pub fn wait_until<T, E: Display>(what: &str, probe: impl FnMut() -> Result<T, E>) -> T {
    wait_until_within(LIMIT, what, probe)
}

/// The same with a time limit of one's own.
///
/// # Panics
/// When the time is out, with what was waited for and what was seen last.
#[track_caller]
pub fn wait_until_within<T, E: Display>(
    limit: Duration,
    what: &str,
    mut probe: impl FnMut() -> Result<T, E>,
) -> T {
    let started = Instant::now();
    loop {
        match probe() {
            Ok(value) => return value,
            Err(seen) if started.elapsed() > limit => {
                panic!("waited {limit:?} in vain until {what}; last seen: {seen}")
            }
            Err(_) => thread::sleep(INTERVAL),
        }
    }
}
