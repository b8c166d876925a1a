//! Objects by their metadata alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kube::{Client, api::ListParams};
use prost::Message;

use super::{Kind, get};

/// One page of a listing of what is at `path`.
pub(in super::super) async fn list(
    client: &Client,
    path: &str,
    params: &ListParams,
) -> kube::Result<Page> {
    let request = kube::core::Request::new(path).list_metadata(params);
    let request = request.map_err(kube::Error::BuildRequest)?;
    get(client, &request.uri().to_string()).await
}

/// One page of a listing.
#[derive(Message)]
pub(in super::super) struct Page {
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
pub(in super::super) struct Position {
    /// What the next page is asked for with; empty after the last.
    #[prost(string, tag = "3")]
    pub next: String,
}

#[derive(Message)]
pub(in super::super) struct Item {
    #[prost(message, required, tag = "1")]
    pub metadata: Metadata,
}

/// Without who last wrote which field, which is most of it.
#[derive(Message)]
pub(in super::super) struct Metadata {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "5")]
    pub uid: String,
    #[prost(message, optional, tag = "8")]
    created: Option<Time>,
    #[prost(btree_map = "string, string", tag = "11")]
    pub labels: BTreeMap<String, String>,
    #[prost(message, repeated, tag = "13")]
    pub owners: Vec<Owner>,
}

impl Metadata {
    /// When it was made, to the second.
    pub(in super::super) fn created(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.created.as_ref()?.seconds, 0)
    }
}

/// What an object lives by.
#[derive(Message)]
pub(in super::super) struct Owner {
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "3")]
    pub name: String,
}

#[derive(Message)]
struct Time {
    #[prost(int64, tag = "1")]
    seconds: i64,
}
