//! What the API server tells of Secrets.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use prost::Message;

use super::super::protobuf::Kind;

/// One page of a listing of metadata.
#[derive(Message)]
pub(super) struct Page {
    #[prost(message, optional, tag = "1")]
    pub position: Option<Position>,
    #[prost(message, repeated, tag = "2")]
    pub items: Vec<Item>,
}

impl Kind for Page {
    const KIND: &'static str = "PartialObjectMetadataList";
    const ASKED: &'static str = ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
}

#[derive(Message)]
pub(super) struct Position {
    /// What the next page is asked for with; empty after the last.
    #[prost(string, tag = "3")]
    pub next: String,
}

#[derive(Message)]
pub(super) struct Item {
    #[prost(message, required, tag = "1")]
    pub metadata: Metadata,
}

/// Without who last wrote which field, which is most of it.
#[derive(Message)]
pub(super) struct Metadata {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "5")]
    pub uid: String,
    #[prost(message, optional, tag = "8")]
    created: Option<Time>,
    #[prost(btree_map = "string, string", tag = "11")]
    pub labels: BTreeMap<String, String>,
}

impl Metadata {
    /// When it was made, to the second.
    pub(super) fn created(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.created.as_ref()?.seconds, 0)
    }
}

#[derive(Message)]
struct Time {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

/// A whole Secret.
#[derive(Message)]
pub(super) struct Whole {
    #[prost(btree_map = "string, bytes", tag = "2")]
    pub data: BTreeMap<String, Vec<u8>>,
}

impl Kind for Whole {
    const KIND: &'static str = "Secret";
}
