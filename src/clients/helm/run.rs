use std::{
    cell::Cell,
    convert::Infallible,
    ffi::OsString,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{ChildStdin, Command},
    sync::watch,
};

use super::{guardian, withhold};
use crate::model::Halt;

/// The most bytes of Helm's output that are kept; the rest is read and dropped.
const KEPT: usize = 16 << 20;

/// How long Helm may run beyond the limit that it was given itself.
const EXTRA: Duration = Duration::from_secs(60);

/// What a running Helm hears of the program that started it.
#[derive(Debug, Clone)]
pub struct Lifeline {
    /// Changes at every renewal of the lock.
    pub renewed: watch::Receiver<()>,
    /// How long the lock stands without one: then Helm is ended, whatever became of us.
    pub lock_duration: Duration,
    /// When the lock was renewed last.
    pub renewed_at: Instant,
    /// True when Helm is to stop.
    pub stop: watch::Receiver<bool>,
}

/// How a Helm command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether its exit status was 0, which proves nothing by itself.
    pub success: bool,
    /// Whether it was told to stop.
    pub stopped: bool,
    /// How long it ran.
    pub ran: Duration,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Outcome {
    /// Why it failed, in Helm's own words: its `Error:` line and what follows, warnings left out.
    pub fn complaint(&self) -> String {
        let lines: Vec<&str> = self
            .stderr
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let from = lines
            .iter()
            .rposition(|line| line.starts_with("Error: "))
            .unwrap_or(0);
        let said = lines[from..]
            .iter()
            .filter(|line| !line.contains("level=WARN"));
        let said = said.map(|line| line.trim_start_matches("Error: ").trim());
        let said = said.collect::<Vec<_>>().join("; ");
        if said.is_empty() {
            "Helm ended without a word".to_owned()
        } else {
            said
        }
    }
}

/// Runs a Helm that changes nothing, with our values on its standard input.
pub(super) async fn unguarded(
    mut command: Command,
    arguments: Vec<OsString>,
    values: &serde_json::Value,
    limit: Duration,
) -> anyhow::Result<Outcome> {
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command
        .kill_on_drop(true)
        .spawn()
        .context("failed to start Helm")?;
    let mut stdin = child.stdin.take().context("Helm has no standard input")?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let document = values.to_string();
    let work = async {
        let feed = async move {
            // A Helm that ends early reads nothing: its own words tell why.
            let _ = stdin.write_all(document.as_bytes()).await;
        };
        let ((), stdout, stderr) = tokio::join!(feed, kept(stdout), kept(stderr));
        let status = child.wait().await?;
        anyhow::Ok(Outcome {
            success: status.success(),
            stopped: false,
            ran: begun.elapsed(),
            stdout,
            stderr,
        })
    };
    tokio::time::timeout(limit, work).await.map_err(|_| {
        let limit = limit.as_secs();
        Halt::timed_out(format!("Helm does not end within {limit} s"))
    })?
}

/// Runs a Helm that changes the cluster, under its guardian: it outlives neither us nor our lock.
pub(super) async fn guarded(
    program: &Path,
    arguments: Vec<OsString>,
    values: Option<&serde_json::Value>,
    lifeline: &Lifeline,
    limit: Duration,
) -> anyhow::Result<Outcome> {
    let mut command = guardian::command(program, arguments, lifeline);
    withhold(
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    );
    let begun = Instant::now();
    let mut child = command.spawn().context("failed to start Helm's guardian")?;
    let stdin = child
        .stdin
        .take()
        .context("the guardian has no standard input")?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let document = values.map(ToString::to_string).unwrap_or_default();
    let work = async {
        let (stdout, stderr) = tokio::join!(kept(stdout), kept(stderr));
        (child.wait().await, stdout, stderr)
    };
    let stopped = Cell::new(false);
    let (status, stdout, stderr) = tokio::select! {
        ended = work => ended,
        never = talk(stdin, document, lifeline.clone(), limit + EXTRA, &stopped) => match never {},
    };
    let status = status.context("failed to wait for Helm's guardian")?;
    Ok(Outcome {
        success: status.success(),
        stopped: stopped.get(),
        ran: begun.elapsed(),
        stdout,
        stderr,
    })
}

/// Hands the values over and then every renewal on, until Helm is to stop; `stopped` tells that it
/// was told so. Never ends by itself: a pipe that closes means to the guardian that we died.
async fn talk(
    mut stdin: ChildStdin,
    document: String,
    mut lifeline: Lifeline,
    limit: Duration,
    stopped: &Cell<bool>,
) -> Infallible {
    // A guardian that is gone reads nothing; its end is seen by whoever waits for it.
    let _ = stdin
        .write_all(&(document.len() as u64).to_le_bytes())
        .await;
    let _ = stdin.write_all(document.as_bytes()).await;
    let renewals = async {
        while next_word(&mut lifeline).await == guardian::RENEWED {
            let _ = stdin.write_all(&[guardian::RENEWED]).await;
        }
    };
    let _ = tokio::time::timeout(limit, renewals).await;
    stopped.set(true);
    let _ = stdin.write_all(&[guardian::STOP]).await;
    std::future::pending().await
}

async fn next_word(lifeline: &mut Lifeline) -> u8 {
    tokio::select! {
        renewed = lifeline.renewed.changed() => match renewed {
            Ok(()) => guardian::RENEWED,
            Err(_) => guardian::STOP,
        },
        _ = lifeline.stop.wait_for(|stop| *stop) => guardian::STOP,
    }
}

/// All that comes, of which [`KEPT`] bytes are kept.
async fn kept(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut text = Vec::new();
    let Some(mut pipe) = pipe else {
        return String::new();
    };
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read) = pipe.read(&mut buffer).await
        && read > 0
    {
        let room = KEPT.saturating_sub(text.len()).min(read);
        text.extend_from_slice(&buffer[..room]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_helms_own_without_warnings() {
        let outcome = |stderr: &str| Outcome {
            success: false,
            stopped: false,
            ran: Duration::ZERO,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        assert_eq!(
            outcome("level=WARN msg=x\nError: UPGRADE FAILED: no\nlevel=WARN msg=y\nmore\n")
                .complaint(),
            "UPGRADE FAILED: no; more"
        );
        assert_eq!(outcome("").complaint(), "Helm ended without a word");
    }
}
