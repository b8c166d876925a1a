//! The decisions. Pure functions: no input or output, no clock, no environment; `now` is an argument.

mod capacity;
mod lease;
mod ownership;
mod proofs;
mod rank;
mod recovery;
mod retry;

pub use capacity::{Room, Taken, room};
pub use lease::{Lease, Patience, Step};
pub use ownership::{Owner, owner};
pub use proofs::{Presence, Reading, presence};
pub use rank::{Rank, rank};
pub use recovery::{Recovery, recovery};
pub use retry::{Answer, MOST_WAIT, Retry, retry};
