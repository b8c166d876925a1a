//! Numeric ids, unique within one GitHub, and as large as today's real ones.

use std::sync::atomic::{AtomicU64, Ordering};

/// Real ids left 32 bits behind years ago; a client that still reads them as `i32` must fail here.
const FIRST: u64 = 4_400_000_001;

/// Hands out ids in rising order.
#[derive(Debug)]
pub struct Ids(AtomicU64);

impl Default for Ids {
    fn default() -> Self {
        Self(AtomicU64::new(FIRST))
    }
}

impl Ids {
    /// The next id.
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}
