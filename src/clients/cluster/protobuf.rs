//! The API server's own encoding: a fraction of JSON's bytes and of the server's work, which counts
//! where ten thousand Secrets are listed.
//!
//! Of each message the fields that are needed, with the numbers that `generated.proto` of
//! k8s.io/apimachinery and k8s.io/api gives them.

pub(super) mod metadata;

use http::{Request, StatusCode, header::ACCEPT};
use kube::{Client, client::Body, core::Status};
use prost::{Message, bytes::Bytes};
use serde::de::Error as _;

/// What every answer of this encoding begins with.
const MAGIC: &[u8] = b"k8s\0";

/// What the API server can answer with.
pub(super) trait Kind: Message + Default {
    /// As the answer names it.
    const KIND: &'static str;
    /// As it is asked for, behind the encoding's name.
    const ASKED: &'static str = "";
}

/// Asks for what is at a path, with its query.
pub(super) async fn get<T: Kind>(client: &Client, path: &str) -> kube::Result<T> {
    let accepted = format!("application/vnd.kubernetes.protobuf{}", T::ASKED);
    let request = Request::get(path).header(ACCEPT, accepted);
    let request = request
        .body(Body::empty())
        .map_err(kube::Error::HttpError)?;
    let answer = client.send(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect_bytes().await?;
    if status.is_success() {
        unpacked(body).map_err(garbled)
    } else {
        Err(kube::Error::Api(refusal(status, body).boxed()))
    }
}

fn garbled(reason: String) -> kube::Error {
    kube::Error::SerdeError(serde_json::Error::custom(reason))
}

/// Why the API server refuses, in its encoding or, by whoever stands before it, in JSON.
fn refusal(status: StatusCode, body: Bytes) -> Status {
    let told = unpacked::<Refusal>(body.clone()).map(Status::from);
    let told = told.or_else(|_| serde_json::from_slice(&body));
    told.unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(&body);
        Status::failure(text.trim(), "").with_code(status.as_u16())
    })
}

/// What an answer holds, if it is of that kind.
fn unpacked<T: Kind>(body: Bytes) -> Result<T, String> {
    let unreadable = |error| format!("an answer that cannot be read: {error}");
    if !body.starts_with(MAGIC) {
        return Err("an answer that is not the API server's own".into());
    }
    let envelope = Envelope::decode(body.slice(MAGIC.len()..)).map_err(unreadable)?;
    let kind = envelope.kind.unwrap_or_default().kind;
    if kind != T::KIND {
        return Err(format!("an answer of kind {kind:?}, not {}", T::KIND));
    }
    let raw = envelope.raw.ok_or("an answer that is cut short")?;
    T::decode(raw).map_err(unreadable)
}

/// `runtime.Unknown`, around every answer.
#[derive(Message)]
struct Envelope {
    #[prost(message, optional, tag = "1")]
    kind: Option<TypeMeta>,
    #[prost(bytes = "bytes", optional, tag = "2")]
    raw: Option<Bytes>,
}

#[derive(Message)]
struct TypeMeta {
    #[prost(string, tag = "2")]
    kind: String,
}

/// `Status`, with which the API server refuses.
#[derive(Message)]
struct Refusal {
    #[prost(string, tag = "3")]
    message: String,
    #[prost(string, tag = "4")]
    reason: String,
    #[prost(uint32, tag = "6")]
    code: u32,
}

impl Kind for Refusal {
    const KIND: &'static str = "Status";
}

impl From<Refusal> for Status {
    fn from(it: Refusal) -> Self {
        let code = u16::try_from(it.code).unwrap_or_default();
        Self::failure(&it.message, &it.reason).with_code(code)
    }
}

/// An answer as the API server gives it.
#[cfg(test)]
pub(super) fn packed<T: Kind>(told: &T) -> Bytes {
    let envelope = Envelope {
        kind: Some(TypeMeta {
            kind: T::KIND.into(),
        }),
        raw: Some(told.encode_to_vec().into()),
    };
    [MAGIC, &envelope.encode_to_vec()].concat().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused() -> Bytes {
        packed(&Refusal {
            message: "no".into(),
            reason: "Forbidden".into(),
            code: 403,
        })
    }

    #[test]
    fn a_refusal_is_read_in_whichever_encoding_it_comes() {
        let code = StatusCode::FORBIDDEN;
        assert_eq!(refusal(code, refused()).message, "no");
        let json = br#"{"kind": "Status", "message": "expired", "code": 410}"#;
        assert_eq!(refusal(code, Bytes::from_static(json)).code, 410);
        let html = refusal(code, Bytes::from_static(b"<html>no\n"));
        assert_eq!((html.code, html.message.as_str()), (403, "<html>no"));
    }

    #[derive(Message)]
    struct Other {}

    impl Kind for Other {
        const KIND: &'static str = "Secret";
    }

    #[test]
    fn an_answer_of_another_kind_is_none() {
        let error = unpacked::<Other>(refused()).unwrap_err();
        assert_eq!(error, r#"an answer of kind "Status", not Secret"#);
        assert!(unpacked::<Refusal>(Bytes::from_static(b"{}")).is_err());
    }

    #[test]
    fn an_answer_cut_short_is_none() {
        let whole = refused();
        for length in 0..whole.len() {
            assert!(
                unpacked::<Refusal>(whole.slice(..length)).is_err(),
                "{length}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpacked::<Refusal>(bytes.clone().into());
            let _ = unpacked::<Refusal>([MAGIC, &bytes].concat().into());
        }
    }
}
