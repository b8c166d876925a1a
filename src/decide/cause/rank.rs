use std::cmp::Reverse;

use crate::model::{Trouble, What};

/// How much a trouble explains; the least explains most. Of those that crash, it is the one that did so most.
pub(super) fn rank(trouble: &Trouble) -> (u8, u8, Reverse<u64>) {
    // Nothing of a release changes before its hook is done, and nobody waits for a Job that is none.
    let place = match (&trouble.hook, trouble.workload.starts_with("Job/")) {
        (Some(_), _) => 0,
        (None, false) => 1,
        (None, true) => 2,
    };
    let restarts = trouble.container.as_ref().map_or(0, |it| it.restarts);
    (place, weight(&trouble.what), Reverse(restarts))
}

/// Whether a pod finds no node for want of a disk.
pub(super) fn is_of_claims(what: &What) -> bool {
    matches!(what, What::Unschedulable(message) if message.contains("PersistentVolumeClaim"))
}

/// The same of what is wrong, wherever it is.
fn weight(what: &What) -> u8 {
    match what {
        What::Image { .. } => 0,
        What::Exit { .. } => 1,
        What::Start { .. } => 2,
        What::Job { .. } => 3,
        What::Lost { .. } => 4,
        // Of a pod that waits for its disk the claim tells more.
        what if is_of_claims(what) => 8,
        What::Unschedulable(_) => 5,
        What::NotMade(_) => 6,
        What::Claim { .. } => 7,
        What::Ingress { .. } => 9,
        What::Waits { .. } => 10,
        What::NotReady(_) | What::Runs => 11,
    }
}
