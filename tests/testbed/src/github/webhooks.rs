//! Webhooks: events on their way to somebody else's server, with all that may happen to them.

mod hook;
mod messenger;

use std::time::Duration;

use serde_json::Value;

use super::repository::Repository;

pub use hook::Hook;
use hook::Mishap;

/// One delivery of one event.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What `X-GitHub-Delivery` says; a redelivery has that of the first.
    pub id: String,
    /// What `X-GitHub-Event` says.
    pub event: &'static str,
    /// The body.
    pub payload: Value,
    /// The status of the answer; `None` when it is under way, was lost, or got no answer.
    pub status: Option<u16>,
}

/// The handle of a webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub(super) repository: Repository,
    pub(super) id: u64,
}

impl Webhook {
    /// Loses the next delivery on the way.
    pub fn lose_next(&self) {
        self.mishap(Mishap::Lost);
    }

    /// Brings the next delivery twice, with one id.
    pub fn next_twice(&self) {
        self.mishap(Mishap::Twice);
    }

    /// Brings the next delivery so much later; others overtake it.
    pub fn next_late(&self, by: Duration) {
        self.mishap(Mishap::Late(by));
    }

    /// Brings a delivery once more, with its old id, as the button on GitHub's page does.
    ///
    /// # Panics
    /// When there is no such delivery.
    pub fn redeliver(&self, delivery: &str) {
        self.with(|hook| {
            let mut all = hook.deliveries.iter();
            let found = all
                .find(|one| one.id == delivery)
                .expect("a delivery of this hook");
            let again = Delivery {
                status: None,
                ..found.clone()
            };
            hook.send(again, None);
        });
    }

    /// Switches it off: nothing is delivered any more.
    pub fn switch_off(&self) {
        self.with(|hook| hook.active = false);
    }

    /// All deliveries, in the order of their events.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.with(|hook| hook.deliveries.clone())
    }

    /// Waits until so many deliveries were answered, and tells them.
    ///
    /// # Panics
    /// After 30 seconds with fewer.
    pub fn wait_for_answers(&self, count: usize) -> Vec<Delivery> {
        self.repository.wait(|stored| {
            let hook = stored.hooks.iter().find(|hook| hook.id == self.id)?;
            let answered = hook.deliveries.iter().filter(|one| one.status.is_some());
            let answered: Vec<_> = answered.cloned().collect();
            (answered.len() >= count).then_some(answered)
        })
    }

    fn mishap(&self, mishap: Mishap) {
        self.with(|hook| hook.mishaps.push(mishap));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Hook) -> T) -> T {
        self.repository.with(|stored| {
            let mut hooks = stored.hooks.iter_mut();
            act(hooks
                .find(|hook| hook.id == self.id)
                .expect("webhooks are never removed"))
        })
    }
}
