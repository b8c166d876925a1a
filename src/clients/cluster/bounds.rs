//! What an answer of the API server may be: so large, and so long in coming.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{LengthLimitError, Limited};
use kube::client::DynBody;
use tokio::time::{Sleep, sleep};
use tower::BoxError;

/// The most bytes of one answer: a page of listed Leases may come to some megabytes.
const LARGEST: usize = 64 << 20;

/// How long the body of one answer may take, however steadily it comes.
const LONGEST: Duration = Duration::from_secs(60);

/// An answer that ends by an error where it is too large or takes too long.
pub(super) fn bounded(answer: Response<Box<DynBody>>) -> Response<Bounded> {
    answer.map(|body| Bounded::new(body, LARGEST, LONGEST))
}

/// A body within bounds.
pub(super) struct Bounded {
    body: Limited<Box<DynBody>>,
    ends: Pin<Box<Sleep>>,
}

impl Bounded {
    fn new(body: Box<DynBody>, largest: usize, longest: Duration) -> Self {
        Self {
            body: Limited::new(body, largest),
            ends: Box::pin(sleep(longest)),
        }
    }
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ends.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(refused("its answer takes too long"))));
        }
        let frame = Pin::new(&mut self.body).poll_frame(context);
        frame.map_err(|error| match error.is::<LengthLimitError>() {
            true => refused("its answer is too large"),
            false => error,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn refused(reason: &str) -> BoxError {
    io::Error::other(reason).into()
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body_util::{BodyExt as _, Empty, StreamBody};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    async fn collected(body: Box<DynBody>, largest: usize, longest: Duration) -> String {
        match Bounded::new(body, largest, longest).collect().await {
            Ok(body) => format!("{:?}", body.to_bytes()),
            Err(error) => error.to_string(),
        }
    }

    fn pieces(count: usize) -> Box<DynBody> {
        let piece = |_| Ok(Frame::data(Bytes::from_static(b"ab")));
        Box::new(StreamBody::new(stream::iter((0..count).map(piece))))
    }

    #[tokio::test]
    async fn a_body_is_as_large_as_is_borne_and_no_larger() {
        assert_eq!(collected(pieces(2), 4, LONG).await, "b\"abab\"");
        assert_eq!(
            collected(pieces(3), 4, LONG).await,
            "its answer is too large"
        );
        let empty = Empty::new().map_err(|never| match never {});
        assert_eq!(collected(Box::new(empty), 4, LONG).await, "b\"\"");
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_ended() {
        let never = Box::new(StreamBody::new(stream::pending()));
        let late = "its answer takes too long";
        assert_eq!(collected(never, 4, Duration::from_millis(20)).await, late);
    }
}
