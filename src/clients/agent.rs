//! Buildkite's agent, as a job finds it on PATH.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

/// How long one call of the agent may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Keeps a value with the build, for its later steps: `buildkite-agent meta-data get KEY`.
///
/// Fails where the agent is not on PATH, and outside a job.
pub async fn set_meta_data(key: &str, value: &str) -> anyhow::Result<()> {
    let set = async {
        let mut agent = Command::new("buildkite-agent")
            .args(["meta-data", "set", key])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("buildkite-agent does not start")?;
        // By standard input: arguments are seen by everybody on the machine.
        let mut input = agent.stdin.take().context("it has an input")?;
        input.write_all(value.as_bytes()).await?;
        drop(input);
        Ok(agent.wait_with_output().await?)
    };
    let called = timeout(TIMEOUT, set).await;
    let seconds = TIMEOUT.as_secs();
    let output: std::process::Output =
        called.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {seconds} s")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    ensure!(output.status.success(), "buildkite-agent: {last}");
    Ok(())
}
