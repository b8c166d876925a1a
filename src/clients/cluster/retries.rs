//! How the API server is asked again.

use std::time::Duration;

use http::{Request, Response, header::RETRY_AFTER};
use kube::client::{Body, retry::RetryPolicy};
use tower::{BoxError, retry::Policy};

/// Requests that the API server puts off (429, 503, 504) are sent again this often, within seconds.
const RETRIES: u32 = 4;

/// Between two of them, where the server does not say.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];

/// The longest that the server may ask to wait: one that asks for more is not waited for.
const MOST: u64 = 10;

/// The client's own policy, with a bound on what the server may ask for.
#[derive(Clone)]
pub(super) struct Retries(RetryPolicy);

impl Retries {
    pub(super) fn new() -> Self {
        let [least, most] = WAITS;
        let policy = RetryPolicy::new(least, most, RETRIES, true);
        Self(policy.expect("the bounds of the retries are constants in order"))
    }
}

impl<B> Policy<Request<Body>, Response<B>, BoxError> for Retries {
    type Future = tokio::time::Sleep;

    fn retry(
        &mut self,
        request: &mut Request<Body>,
        result: &mut Result<Response<B>, BoxError>,
    ) -> Option<Self::Future> {
        if result.as_ref().is_ok_and(asks_for_too_much) {
            return None;
        }
        self.0.retry(request, result)
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        Policy::<_, Response<B>, _>::clone_request(&mut self.0, request)
    }
}

fn asks_for_too_much<B>(answer: &Response<B>) -> bool {
    let asked = answer.headers().get(RETRY_AFTER);
    let seconds = asked.and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    seconds.is_some_and(|seconds| seconds > MOST)
}
