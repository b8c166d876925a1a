//! The logs of containers. What writes them may write without end, and lines without end.

use std::time::Duration;

use futures::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
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

/// How long a log is left alone that broke off.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest line that is handed on, in bytes; what is longer is cut.
const LINE: usize = 4 << 10;

impl Objects {
    /// Hands on each line that a container writes, from its first on, until it ends.
    pub async fn follow_log(
        &self,
        pod: &str,
        container: &str,
        mut line: impl FnMut(&str),
    ) -> Result<(), ClusterError> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut params = LogParams {
            container: Some(container.to_owned()),
            follow: true,
            ..LogParams::default()
        };
        loop {
            let stream = api.log_stream(pod, &params).await;
            let stream = stream.map_err(|error| {
                let action = format!("read the log of container {container} of pod {pod}");
                ClusterError::new(action, error)
            })?;
            if lines(stream, &mut line).await.is_ok() {
                return Ok(());
            }
            // One that is silent for long is taken for dead: from now on.
            params.tail_lines = Some(0);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Hands on each line, until the stream ends.
async fn lines(stream: impl AsyncBufRead, line: &mut impl FnMut(&str)) -> std::io::Result<()> {
    let mut stream = std::pin::pin!(stream);
    let mut bytes = Vec::new();
    loop {
        let piece = stream.fill_buf().await?;
        if piece.is_empty() {
            break;
        }
        let end = piece.iter().position(|byte| *byte == b'\n');
        let taken = &piece[..end.unwrap_or(piece.len())];
        let room = LINE.saturating_sub(bytes.len()).min(taken.len());
        bytes.extend_from_slice(&taken[..room]);
        let read = end.map_or(piece.len(), |end| end + 1);
        stream.consume_unpin(read);
        if end.is_some() {
            line(&String::from_utf8_lossy(&bytes));
            bytes.clear();
        }
    }
    if !bytes.is_empty() {
        line(&String::from_utf8_lossy(&bytes));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;

    use super::*;

    #[tokio::test]
    async fn lines_are_cut_and_handed_on_as_they_end() {
        let text = format!("one\n{}\n\nlast", "x".repeat(3 * LINE));
        let mut read = Vec::new();
        let stream = futures::io::BufReader::new(Cursor::new(text));
        lines(stream, &mut |line: &str| read.push(line.to_owned()))
            .await
            .unwrap();
        assert_eq!(read, ["one", &"x".repeat(LINE), "", "last"]);
    }
}
