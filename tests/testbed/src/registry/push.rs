//! Pushing images, past the faults.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use axum::body::{Body, Bytes};
use http::{
    Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;

use crate::serve::runtime;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// The registry's own door, and what opens it.
#[derive(Debug)]
pub(super) struct Door {
    address: SocketAddr,
    authorization: String,
}

impl Door {
    pub(super) fn new(address: SocketAddr, authorization: String) -> Self {
        Self {
            address,
            authorization,
        }
    }

    #[track_caller]
    pub(super) fn push(&self, repository: &str, tag: &str, platform: &str) -> String {
        let pushed = runtime().block_on(self.image(repository, tag, platform));
        let (digest, _) = pushed.unwrap_or_else(|error| panic!("failed to push: {error:#}"));
        digest
    }

    #[track_caller]
    pub(super) fn push_index(&self, repository: &str, tag: &str, platforms: &[&str]) -> String {
        let pushed = runtime().block_on(self.index(repository, tag, platforms));
        pushed.unwrap_or_else(|error| panic!("failed to push: {error:#}"))
    }

    /// An image without layers: its configuration tells the platform. Digest and size.
    async fn image(&self, repository: &str, tag: &str, platform: &str) -> Result<(String, usize)> {
        let (os, architecture) = split(platform)?;
        let config = json!({
            "os": os, "architecture": architecture, "config": {},
            "rootfs": {"type": "layers", "diff_ids": []},
        });
        let config = config.to_string();
        let digest = self.blob(repository, &config).await?;
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
            "config": {"mediaType": CONFIG, "digest": digest, "size": config.len()},
        });
        let manifest = manifest.to_string();
        let digest = self.manifest(repository, tag, MANIFEST, &manifest).await?;
        Ok((digest, manifest.len()))
    }

    async fn index(&self, repository: &str, tag: &str, platforms: &[&str]) -> Result<String> {
        let mut entries: Vec<Value> = Vec::new();
        for platform in platforms {
            let (os, architecture) = split(platform)?;
            let part = format!("{tag}-{architecture}");
            let (digest, size) = self.image(repository, &part, platform).await?;
            entries.push(json!({
                "mediaType": MANIFEST, "digest": digest, "size": size,
                "platform": {"os": os, "architecture": architecture},
            }));
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        self.manifest(repository, tag, INDEX, &index.to_string())
            .await
    }

    async fn blob(&self, repository: &str, content: &str) -> Result<String> {
        let uploads = format!("/v2/{repository}/blobs/uploads/");
        let (status, location) = self.send(Method::POST, &uploads, "", "").await?;
        ensure!(status == StatusCode::ACCEPTED, "no upload: {status}");
        let location = location.context("an upload has a location")?;
        let path = location.split_once("/v2/").context("it is of the API")?.1;
        let digest = digest(content);
        let path = format!("/v2/{path}&digest={digest}");
        let octets = "application/octet-stream";
        let (status, _) = self.send(Method::PUT, &path, octets, content).await?;
        ensure!(status == StatusCode::CREATED, "no blob: {status}");
        Ok(digest)
    }

    async fn manifest(
        &self,
        repository: &str,
        tag: &str,
        kind: &str,
        content: &str,
    ) -> Result<String> {
        let path = format!("/v2/{repository}/manifests/{tag}");
        let (status, _) = self.send(Method::PUT, &path, kind, content).await?;
        ensure!(status == StatusCode::CREATED, "no manifest: {status}");
        Ok(digest(content))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        content: &str,
    ) -> Result<(StatusCode, Option<String>)> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, kind)
            .body(Body::from(Bytes::copy_from_slice(content.as_bytes())))?;
        let answer = sender.send_request(request).await?;
        let location = answer.headers().get(LOCATION);
        let location = location.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        Ok((answer.status(), location))
    }
}

fn digest(content: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

fn split(platform: &str) -> Result<(&str, &str)> {
    let parts = platform.split_once('/');
    parts.with_context(|| format!("{platform} is not as in linux/amd64"))
}
