//! How the API server is asked again: by the policy that is given, and what changes something only where
//! it is safe.

use std::{pin::Pin, time::Duration};

use http::{Method, Request, Response, header::RETRY_AFTER};
use kube::client::Body;
use tower::{BoxError, retry::Policy};

use crate::{clients::patience::Patience, model::Answer};

/// The longest that the server may ask to wait: one that asks for more is not waited for, as a lock
/// would run out.
const MOST: Duration = Duration::from_secs(10);

/// One request, and how often it was answered.
#[derive(Clone)]
pub(super) struct Retries {
    patience: Patience,
    attempts: u32,
}

impl Retries {
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            attempts: 0,
        }
    }
}

impl<B> Policy<Request<Body>, Response<B>, BoxError> for Retries {
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn retry(
        &mut self,
        request: &mut Request<Body>,
        result: &mut Result<Response<B>, BoxError>,
    ) -> Option<Self::Future> {
        // No answer is left to the client, which knows whether the connection was an old one.
        let answer = result.as_ref().ok()?;
        let wait = asked_wait(answer);
        if answer.status().is_success()
            || is_followed(request)
            || wait.is_some_and(|wait| wait > MOST)
        {
            return None;
        }
        self.attempts += 1;
        let answer = Answer::Status(answer.status().as_u16(), wait);
        let wait = self.patience.wait(answer, self.attempts, is_safe(request));
        wait.map(|wait| Box::pin(wait) as Self::Future)
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        let mut clone = Request::new(request.body().try_clone()?);
        *clone.method_mut() = request.method().clone();
        *clone.uri_mut() = request.uri().clone();
        *clone.version_mut() = request.version();
        *clone.headers_mut() = request.headers().clone();
        *clone.extensions_mut() = request.extensions().clone();
        Some(clone)
    }
}

/// Whether it may be sent twice. What replaces or deletes tells the version that it was read with: where
/// the first was carried out the second is refused, and whoever asked looks anew.
fn is_safe(request: &Request<Body>) -> bool {
    [Method::GET, Method::PUT, Method::DELETE].contains(request.method())
}

/// Whether it is for what comes as well, as of a log: who follows that has to ask again in any case, as it may
/// break off, and nothing waits for it.
fn is_followed(request: &Request<Body>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').any(|pair| pair == "follow=true")
}

fn asked_wait<B>(answer: &Response<B>) -> Option<Duration> {
    let asked = answer.headers().get(RETRY_AFTER)?;
    let seconds = asked.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::decide;

    fn is_repeated(method: Method, status: u16) -> bool {
        let mut retries = Retries::new(Patience::new(decide::retry, |_| {}));
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        let mut answer = Ok(Response::new(()));
        *answer.as_mut().unwrap().status_mut() = status.try_into().unwrap();
        retries.retry(&mut request, &mut answer).is_some()
    }

    #[tokio::test]
    async fn what_may_have_been_made_is_not_made_again() {
        for method in [Method::POST, Method::PATCH] {
            // Only this one tells that nothing was done.
            assert!(is_repeated(method.clone(), 429), "{method}");
            for status in [500, 502, 503, 504] {
                assert!(!is_repeated(method.clone(), status), "{method} {status}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_refused_the_second_time_is_asked_again_and_what_stands_is_not() {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            for status in [429, 500, 502, 503, 504] {
                assert!(is_repeated(method.clone(), status), "{method} {status}");
            }
            for status in [200, 401, 403, 404, 409, 410] {
                assert!(!is_repeated(method.clone(), status), "{method} {status}");
            }
        }
    }

    #[tokio::test]
    async fn a_log_that_is_followed_is_left_to_who_follows_it() {
        let is_repeated = |query: &str| {
            let mut retries = Retries::new(Patience::new(decide::retry, |_| {}));
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = format!("/log?{query}").parse().unwrap();
            let mut answer = Ok(Response::new(()));
            *answer.as_mut().unwrap().status_mut() = http::StatusCode::BAD_GATEWAY;
            retries.retry(&mut request, &mut answer).is_some()
        };
        assert!(!is_repeated("timestamps=true&follow=true"));
        assert!(is_repeated("tailLines=25"));
    }

    #[tokio::test]
    async fn a_wait_is_told_and_one_that_is_too_long_is_none() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&told);
        let tell = move |wait| hears.lock().unwrap().push(wait);
        let mut retries = Retries::new(Patience::new(decide::retry, tell));
        let mut ask = |seconds: &str| {
            let mut answer = Response::new(());
            *answer.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
            let seconds = seconds.parse().unwrap();
            answer.headers_mut().insert(RETRY_AFTER, seconds);
            let mut request = Request::new(Body::empty());
            retries.retry(&mut request, &mut Ok(answer)).is_some()
        };
        assert!(ask("3") && ask("10") && !ask("11"));
        assert_eq!(*told.lock().unwrap(), [3, 10].map(Duration::from_secs));
    }
}
