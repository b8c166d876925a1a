//! Writing past the API server, which gives what it makes the present time.

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, SecondsFormat, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

use super::Namespace;

/// Writes that are under way at a time.
///
/// Each object is a write of its own: of several in one transaction, which have one number, the API
/// server takes its cache for up to date once it has seen the first.
const AT_ONCE: usize = 16;

type Wire = Client<HttpConnector, Full<Bytes>>;

impl Namespace {
    /// Writes Secrets and Leases straight into etcd, as they are: whole, with name, uid and
    /// `creationTimestamp`. The API server reads JSON there as it reads its own encoding.
    #[track_caller]
    pub fn store(&self, objects: impl IntoIterator<Item = Value>) {
        let puts = objects.into_iter().map(|object| self.put(object));
        self.done("write into etcd", async {
            let puts: Vec<Value> = puts.collect::<Result<_>>()?;
            let wire = Client::builder(TokioExecutor::new()).build_http();
            let url = format!("http://{}/v3/kv/put", self.access.etcd);
            let writes = puts.iter().map(|put| write(&wire, &url, put));
            stream::iter(writes)
                .buffer_unordered(AT_ONCE)
                .try_collect::<()>()
                .await
        });
    }

    /// Lets an object be made at another time than it was.
    #[track_caller]
    pub fn date_back(&self, kind: &str, name: &str, made: DateTime<Utc>) {
        let mut object = self.get(kind, name);
        object["metadata"]["creationTimestamp"] =
            json!(made.to_rfc3339_opts(SecondsFormat::Secs, true));
        self.store([object]);
    }

    /// What puts an object into etcd, under the key at which the API server looks for it.
    fn put(&self, mut object: Value) -> Result<Value> {
        let plural = match object["kind"].as_str() {
            Some("Secret") => "secrets",
            Some("Lease") => "leases",
            kind => bail!("nobody needed to store a {kind:?} yet"),
        };
        let metadata = object["metadata"].as_object_mut();
        let metadata = metadata.context("an object without metadata")?;
        // It is the number of the write, and the API server refuses another.
        metadata.remove("resourceVersion");
        metadata.insert("namespace".to_owned(), json!(self.name));
        let name = metadata["name"].as_str().context("an object has no name")?;
        let key = format!("/registry/{plural}/{}/{name}", self.name);
        let value = object.to_string();
        Ok(json!({"key": BASE64.encode(key), "value": BASE64.encode(value)}))
    }
}

async fn write(wire: &Wire, url: &str, put: &Value) -> Result<()> {
    let request = Request::post(url).body(Full::from(put.to_string()))?;
    let answer = wire.request(request).await?;
    let status = answer.status();
    let said = answer.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        bail!("etcd answers {status}: {}", String::from_utf8_lossy(&said));
    }
    Ok(())
}
