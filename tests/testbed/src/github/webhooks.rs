//! Webhooks: events on their way to somebody else's server, with all that may happen to them.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use axum::http;
use hmac::{Hmac, Mac};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rand::Rng;
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{events::Event, repository::Repository, state::Shared};
use crate::serve::runtime;

/// How long GitHub waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

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

/// A webhook as the server keeps it.
#[derive(Debug)]
pub struct Hook {
    id: u64,
    events: Vec<String>,
    deliveries: Vec<Delivery>,
    mishaps: Vec<Mishap>,
    queue: UnboundedSender<Errand>,
}

/// What happens to the next delivery.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    Lost,
    Twice,
    Late(Duration),
}

/// A delivery to be made: which of the hook's, and how late.
#[derive(Debug)]
struct Errand {
    number: usize,
    delivery: Delivery,
    late: Option<Duration>,
}

impl Hook {
    pub fn new(
        id: u64,
        url: &str,
        events: &[&str],
        secret: &str,
        shared: &Arc<Shared>,
        repository: u64,
    ) -> Self {
        let (queue, errands) = unbounded_channel();
        let messenger = Messenger {
            url: url.to_owned(),
            secret: secret.to_owned(),
            hook: id,
            repository,
            // The state owns the queue: a strong reference would keep both for ever.
            shared: Arc::downgrade(shared),
            client: Client::builder(TokioExecutor::new()).build_http(),
        };
        runtime().spawn(messenger.run(errands));
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        Self {
            id,
            events,
            deliveries: vec![],
            mishaps: vec![],
            queue,
        }
    }

    pub fn wants(&self, event: &str) -> bool {
        self.events
            .iter()
            .any(|wanted| wanted == event || wanted == "*")
    }

    /// Sends an event off, or lets its mishap befall it.
    pub fn deliver(&mut self, event: &Event) {
        let payload = event.payload.clone();
        let delivery = Delivery {
            id: guid(),
            event: event.name,
            payload,
            status: None,
        };
        let mishap = (!self.mishaps.is_empty()).then(|| self.mishaps.remove(0));
        match mishap {
            None => self.send(delivery, None),
            Some(Mishap::Late(by)) => self.send(delivery, Some(by)),
            Some(Mishap::Twice) => {
                self.send(delivery.clone(), None);
                self.send(delivery, None);
            }
            Some(Mishap::Lost) => self.deliveries.push(delivery),
        }
    }

    fn send(&mut self, delivery: Delivery, late: Option<Duration>) {
        let number = self.deliveries.len();
        self.deliveries.push(delivery.clone());
        // The messenger ends only with this hook, so it is there to take the errand.
        let _ = self.queue.send(Errand {
            number,
            delivery,
            late,
        });
    }
}

/// Brings one hook's deliveries to their URL, one after the other unless one is late.
#[derive(Clone, Debug)]
struct Messenger {
    url: String,
    secret: String,
    hook: u64,
    repository: u64,
    shared: Weak<Shared>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Messenger {
    async fn run(self, mut errands: UnboundedReceiver<Errand>) {
        while let Some(errand) = errands.recv().await {
            match errand.late {
                None => self.bring(errand).await,
                Some(by) => drop(tokio::spawn(self.clone().bring_late(errand, by))),
            }
        }
    }

    async fn bring_late(self, errand: Errand, by: Duration) {
        tokio::time::sleep(by).await;
        self.bring(errand).await;
    }

    async fn bring(&self, errand: Errand) {
        let answer = self.client.request(self.request(&errand.delivery));
        let answer = tokio::time::timeout(TIMEOUT, answer).await;
        let status = answer
            .ok()
            .and_then(Result::ok)
            .map(|answer| answer.status().as_u16());
        self.note(errand.number, status);
    }

    fn request(&self, delivery: &Delivery) -> http::Request<Full<Bytes>> {
        let body = delivery.payload.to_string();
        http::Request::post(&self.url)
            .header("content-type", "application/json")
            .header("user-agent", "GitHub-Hookshot/0000000")
            .header("x-github-event", delivery.event)
            .header("x-github-delivery", &delivery.id)
            .header("x-github-hook-id", self.hook)
            .header("x-github-hook-installation-target-id", self.repository)
            .header("x-github-hook-installation-target-type", "repository")
            .header(
                "x-hub-signature-256",
                signature(&self.secret, body.as_bytes()),
            )
            .body(Full::from(body))
            .expect("the test gave a good URL")
    }

    fn note(&self, number: usize, status: Option<u16>) {
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        let mut state = shared.lock();
        let mut hooks = state.repository(self.repository).hooks.iter_mut();
        if let Some(hook) = hooks.find(|hook| hook.id == self.hook) {
            hook.deliveries[number].status = status;
        }
        drop(state);
        shared.changed();
    }
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

/// `sha256=` and the HMAC of the body, in hex.
fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn guid() -> String {
    let digits = hex::encode(rand::rng().random::<[u8; 16]>());
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_signature_is_the_one_of_githubs_documentation() {
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(
            super::signature("It's a Secret to Everybody", b"Hello, World!"),
            expected
        );
    }
}
