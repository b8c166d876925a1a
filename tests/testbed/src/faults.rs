//! Faults on the wire, for every stand-in: which request meets which mishap.
//!
//! ```no_run
//! # use testbed::faults::{Effect, Faults, Matcher};
//! # let faults = Faults::default();
//! faults.when(Matcher::post("/repos/*/*/deployments").nth(1)).then(Effect::cut_after());
//! faults.when(Matcher::get("/repos/*/*/branches").page(2)).then(Effect::status(502));
//! ```

mod body;
mod effect;
mod gate;
mod matcher;
mod twist;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};

pub use effect::Effect;
pub use gate::Gate;
pub use matcher::{Matcher, Question};
pub use twist::twisted;

/// The faults of one server. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

#[derive(Debug)]
struct Fault {
    matcher: Matcher,
    effect: Effect,
    /// How many requests fitted the matcher so far.
    seen: usize,
}

/// A matcher that still lacks its effect.
#[derive(Debug)]
#[must_use = "a fault without an effect does nothing"]
pub struct When<'a>(&'a Faults, Matcher);

impl When<'_> {
    /// What happens to the requests that match.
    pub fn then(self, effect: Effect) {
        self.0.list().push(Fault {
            matcher: self.1,
            effect,
            seen: 0,
        });
    }
}

impl Faults {
    /// Names the requests of a fault. Where several faults match, the first one set is met.
    pub fn when(&self, matcher: Matcher) -> When<'_> {
        When(self, matcher)
    }

    /// Takes all faults away.
    pub fn clear(&self) {
        self.list().clear();
    }

    /// Puts the faults in front of a router; any other service fits in as its fallback service.
    pub fn wrap(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), meet))
    }

    /// Counts a request with every fault that it fits, and tells the effect it is to meet.
    fn effect_on(&self, request: &Request) -> Option<Effect> {
        let mut met = None;
        for fault in self
            .list()
            .iter_mut()
            .filter(|fault| fault.matcher.fits(request))
        {
            fault.seen += 1;
            if met.is_none() && fault.matcher.counts(fault.seen) {
                met = Some(fault.effect.clone());
            }
        }
        met
    }

    fn list(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

async fn meet(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    match faults.effect_on(&request) {
        Some(effect) => effect.befall(request, next).await,
        None => next.run(request).await,
    }
}
