//! The decisions. Pure functions: no input or output, no clock, no environment; `now` is an argument.

mod blame;
mod capacity;
mod cause;
pub mod check;
mod claim;
mod gate;
mod hope;
mod lease;
mod leaving;
mod limit;
mod living;
mod lost;
mod name;
mod obstacle;
mod ownership;
mod progress;
mod proof;
mod proofs;
mod queue;
mod rank;
mod recovery;
mod redirect;
mod reply;
mod retire;
mod retry;
mod rollout;
mod route;
mod stage;
mod standing;
mod stranger;
mod sweep;
mod uninstall;

pub use blame::{FailedBy, to_blame};
pub use capacity::{Room, Standing, Taken, room};
pub use cause::{beside, is_same, is_soft, told, troubles};
pub use claim::claim;
pub use gate::{Builds, Evidence, Gate, Proof, StepState, Waiting, Wanted, gate, pace};
pub use hope::{Awaited, Hope, hope};
pub use lease::{Lease, Patience, Step};
pub use leaving::{Leaving, leaving};
pub use limit::{has_waited, is_timeout};
pub use living::{has_pods, still_live};
pub use lost::{LOOKED_AT, lost, replaced};
pub use name::{Known, Sighting, Trace, known, trace};
pub use obstacle::newest_warning;
pub use ownership::{Owner, owner};
pub use progress::{progress, speakers};
pub use proof::{Fate, Marks, fate};
pub use proofs::{Presence, presence};
pub use queue::{by_nonce, is_under_way, same};
pub use rank::{Rank, outranks, rank};
pub use recovery::{Recovery, lacks_kind, maybe_removed, recovery, uncompared};
pub use redirect::{Course, course};
pub use reply::{Expected, answer};
pub use retire::{deployments_of, to_retire};
pub use retry::{MOST_WAIT, retry};
pub use route::route;
pub use stage::{Overdue, build_of, overdue, stage};
pub use stranger::stranger_to;
pub use sweep::{
    Age, Candidate, Deployed, Head, Rules, Spared, Stay, Verdict, Why, brake, judge, most,
    oldest_first, skew,
};
pub use uninstall::{Hand, hand, holds_dependents, steps};
