//! Which troubles are about the same thing.

use std::mem::discriminant;

use crate::model::{Trouble, What};

/// Whether it is no more than that something is not ready yet.
pub fn is_soft(trouble: &Trouble) -> bool {
    matches!(
        trouble.what,
        What::NotReady(_) | What::Waits { .. } | What::Runs
    )
}

/// Whether it is about the same thing, and says the same of it.
pub fn is_same(trouble: &Trouble, other: &Trouble) -> bool {
    trouble.pod == other.pod && is_alike(trouble, other)
}

/// What else is wrong, each thing once, whichever pods have it; that something is not ready yet is none.
pub fn beside(troubles: Vec<Trouble>, first: &Trouble) -> Vec<Trouble> {
    let mut found: Vec<Trouble> = Vec::new();
    for trouble in troubles {
        let is_told = std::iter::once(first)
            .chain(&found)
            .any(|it| is_alike(it, &trouble));
        if !is_told && !is_soft(&trouble) {
            found.push(trouble);
        }
    }
    found
}

/// The same, whichever pod of its workload has it, and whichever workload the claim.
fn is_alike(trouble: &Trouble, other: &Trouble) -> bool {
    let container = |it: &Trouble| it.container.as_ref().map(|it| it.name.clone());
    match (&trouble.what, &other.what) {
        (What::Claim { name, .. }, What::Claim { name: of_other, .. }) => name == of_other,
        (what, of_other) => {
            trouble.workload == other.workload
                && container(trouble) == container(other)
                && discriminant(what) == discriminant(of_other)
        }
    }
}
