use std::{
    cell::Cell,
    ffi::OsString,
    io::ErrorKind,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tokio::{
    io::AsyncWriteExt as _,
    process::{ChildStdin, Command},
};

use super::{guardian, lifeline::Lifeline, withhold};
use crate::{clients::child, model::Halt};

/// How long Helm may run beyond the limit that it was given itself.
const EXTRA: Duration = Duration::from_secs(60);

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
        let said = said.collect::<Vec<_>>().join("; ").replace(":; ", ": ");
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
    let begun = Instant::now();
    let document = values.to_string();
    let ended = child::run(command.args(arguments), document.as_bytes(), limit).await;
    let ended = ended.map_err(|error| match error.kind() {
        ErrorKind::TimedOut => Halt::timed_out(format!("Helm: {error}")).into(),
        _ => anyhow::Error::new(error).context("failed to run Helm"),
    })?;
    let ran = begun.elapsed();
    let stdout = ended
        .stdout
        .whole()
        .context("failed to read Helm's output")?;
    Ok(Outcome {
        success: ended.status.success(),
        stopped: false,
        ran,
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: ended.stderr.text(),
    })
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
            // Whoever gives us up does so when it should have ended Helm long ago: the kernel does it then.
            .kill_on_drop(true)
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
    let document = values.map(ToString::to_string).unwrap_or_default();
    let stopped = Cell::new(false);
    let talk = talk(stdin, document, lifeline.clone(), limit + EXTRA, &stopped);
    let ended = child::ended(&mut child, talk).await;
    let ended = ended.context("failed to wait for Helm's guardian")?;
    Ok(Outcome {
        success: ended.status.success(),
        stopped: stopped.get(),
        ran: begun.elapsed(),
        stdout: ended.stdout.text(),
        stderr: ended.stderr.text(),
    })
}

/// Hands the values over and then every renewal on, until Helm is to stop; `stopped` tells that it
/// was told so. Ends where the guardian should have ended Helm long ago, and itself. Until then the
/// pipe is open: one that closes means to the guardian that we died.
async fn talk(
    mut stdin: ChildStdin,
    document: String,
    mut lifeline: Lifeline,
    limit: Duration,
    stopped: &Cell<bool>,
) {
    let talk = async {
        // A guardian that is gone reads nothing; its end is seen by whoever waits for it.
        let _ = stdin
            .write_all(&(document.len() as u64).to_le_bytes())
            .await;
        let _ = stdin.write_all(document.as_bytes()).await;
        while next_word(&mut lifeline).await == guardian::RENEWED {
            let _ = stdin.write_all(&[guardian::RENEWED]).await;
        }
    };
    let _ = tokio::time::timeout(limit, talk).await;
    stopped.set(true);
    let _ = tokio::time::timeout(guardian::GRACE, async {
        let _ = stdin.write_all(&[guardian::STOP]).await;
        std::future::pending::<()>().await
    })
    .await;
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
        let listed = "Error: INSTALLATION FAILED: 1 error occurred:\n\t* timed out\n";
        assert_eq!(
            outcome(listed).complaint(),
            "INSTALLATION FAILED: 1 error occurred: * timed out"
        );
        assert_eq!(outcome("").complaint(), "Helm ended without a word");
    }
}
