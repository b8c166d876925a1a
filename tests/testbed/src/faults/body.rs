//! Bodies that do not arrive as they should.

use std::{io, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    response::Response,
};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};

/// How long a cut body waits with its end, so that what was sent is on the wire by then.
const FLUSH: Duration = Duration::from_millis(20);

/// In how many pieces a slow body comes.
const PIECES: usize = 10;

/// The whole body of a response, and its head.
pub(super) async fn whole(response: Response) -> (Response, Bytes) {
    let (head, body) = response.into_parts();
    let bytes = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    (Response::from_parts(head, Body::empty()), bytes)
}

/// A well-framed response whose JSON stops in the middle.
pub(super) async fn broken(response: Response) -> Response {
    let (response, bytes) = whole(response).await;
    let half = bytes.slice(..bytes.len() / 2);
    sized(response, half.len(), Body::from(half))
}

/// A response with other JSON than it had; as it was if that was none.
pub(super) async fn twisted(response: Response, seed: u64) -> Response {
    let (response, bytes) = whole(response).await;
    let body = match serde_json::from_slice(&bytes) {
        Ok(value) => super::twisted(value, seed).to_string().into(),
        Err(_) => bytes,
    };
    sized(response, body.len(), Body::from(body))
}

/// A response that announces its full length, sends half of it, and ends the connection.
pub(super) async fn truncated(response: Response) -> Response {
    let (response, bytes) = whole(response).await;
    let half = bytes.slice(..bytes.len() / 2);
    let cut = stream::once(async {
        tokio::time::sleep(FLUSH).await;
        Err(io::Error::other("body cut on purpose"))
    });
    let body = stream::once(async { Ok(half) }).chain(cut);
    sized(response, bytes.len(), Body::from_stream(body))
}

/// A response whose body takes so long to come, piece by piece.
pub(super) async fn trickling(response: Response, takes: Duration) -> Response {
    let (response, bytes) = whole(response).await;
    let length = bytes.len();
    let size = length.div_ceil(PIECES).max(1);
    let pieces: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    let body = stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(takes / PIECES as u32).await;
        Ok::<_, io::Error>(piece)
    });
    sized(response, length, Body::from_stream(body))
}

/// An answer of GraphQL's that lacks what is at `path`, for the reason that `error` tells.
///
/// # Panics
/// When it was no answer of GraphQL's, or had nothing there.
pub(super) async fn partial(response: Response, path: &[String], error: Value) -> Response {
    let (response, bytes) = whole(response).await;
    let mut answer: Value = serde_json::from_slice(&bytes).expect("an answer of GraphQL's");
    let mut steps = path.iter();
    let missing = steps.try_fold(&mut answer["data"], |value, step| value.get_mut(step));
    *missing.unwrap_or_else(|| panic!("nothing is at {path:?}")) = Value::Null;
    match answer["errors"].as_array_mut() {
        Some(errors) => errors.push(error),
        None => answer["errors"] = json!([error]),
    }
    let body = answer.to_string();
    sized(response, body.len(), Body::from(body))
}

fn sized(mut response: Response, length: usize, body: Body) -> Response {
    response.headers_mut().remove(TRANSFER_ENCODING);
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    *response.body_mut() = body;
    response
}
