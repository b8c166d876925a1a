//! Brings deliveries to where they are wanted.

use std::{sync::Weak, time::Duration};

use axum::http;
use hmac::{Hmac, Mac};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use sha2::Sha256;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{super::state::Shared, Delivery};

/// How long GitHub waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The client that carries deliveries.
pub type Wire = Client<HttpConnector, Full<Bytes>>;

/// A client for one hook.
pub fn client() -> Wire {
    Client::builder(TokioExecutor::new()).build_http()
}

/// A delivery to be made: which of the hook's, and how late.
#[derive(Debug)]
pub struct Errand {
    pub number: usize,
    pub delivery: Delivery,
    pub late: Option<Duration>,
}

/// Brings one hook's deliveries to their URL, one after the other unless one is late.
#[derive(Clone, Debug)]
pub struct Messenger {
    pub url: String,
    pub secret: String,
    pub hook: u64,
    pub repository: u64,
    pub shared: Weak<Shared>,
    pub client: Wire,
}

impl Messenger {
    pub async fn run(self, mut errands: UnboundedReceiver<Errand>) {
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

/// `sha256=` and the HMAC of the body, in hex.
fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
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
