//! The logs of containers. What writes them may write without end, and lines without end.

use futures::{AsyncBufRead, AsyncReadExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::LogParams};

use super::Objects;
use crate::{clients::cluster::ClusterError, model::Log};

/// The most bytes that are read of one log's end.
const MOST: usize = 256 << 10;

impl Objects {
    /// The last `lines` of a container's log, no more than a quarter of a megabyte of them. How long it
    /// takes is for the caller to bound.
    pub async fn log(
        &self,
        pod: &str,
        container: &str,
        which: Log,
        lines: u32,
    ) -> Result<String, ClusterError> {
        let action = || format!("read the log of container {container} of pod {pod}");
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let params = LogParams {
            container: Some(container.to_owned()),
            previous: which == Log::Previous,
            tail_lines: Some(lines.into()),
            limit_bytes: i64::try_from(MOST).ok(),
            ..LogParams::default()
        };
        let stream = api.log_stream(pod, &params).await;
        let stream = stream.map_err(|error| ClusterError::new(action(), error))?;
        let text = start(stream).await;
        text.map_err(|error| ClusterError::garbled(action(), error.to_string()))
    }
}

/// The first bytes of what comes: a server that heeds no limit is not read to its end.
async fn start(stream: impl AsyncBufRead) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let stream = std::pin::pin!(stream);
    stream.take(MOST as u64).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
