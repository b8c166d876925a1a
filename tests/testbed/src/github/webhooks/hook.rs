//! A webhook on the server's side: what it wants, and what became of it.

use std::{sync::Arc, time::Duration};

use rand::Rng;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{
    super::{events::Event, state::Shared},
    Delivery,
    messenger::{Errand, Messenger, client},
};
use crate::serve::runtime;

/// A webhook as the server keeps it.
#[derive(Debug)]
pub struct Hook {
    pub id: u64,
    pub deliveries: Vec<Delivery>,
    pub mishaps: Vec<Mishap>,
    pub url: String,
    pub active: bool,
    pub events: Vec<String>,
    queue: UnboundedSender<Errand>,
}

/// What happens to the next delivery.
#[derive(Clone, Copy, Debug)]
pub enum Mishap {
    Lost,
    Twice,
    Late(Duration),
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
            client: client(),
        };
        runtime().spawn(messenger.run(errands));
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        Self {
            id,
            events,
            deliveries: vec![],
            mishaps: vec![],
            url: url.to_owned(),
            active: true,
            queue,
        }
    }

    pub fn wants(&self, event: &str) -> bool {
        let mut events = self.events.iter();
        self.active && events.any(|wanted| wanted == event || wanted == "*")
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

    pub fn send(&mut self, delivery: Delivery, late: Option<Duration>) {
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
