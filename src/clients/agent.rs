//! Buildkite's agent, as a job finds it on PATH.

use std::{io::ErrorKind, time::Duration};

use anyhow::{Context as _, bail, ensure};
use tokio::process::Command;

use super::child::{self, Ended};

/// How long one call of the agent may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Keeps a value with the build, for its later steps: `buildkite-agent meta-data get KEY`.
///
/// Fails where the agent is not on PATH, and outside a job.
pub async fn set_meta_data(key: &str, value: &str) -> anyhow::Result<()> {
    // By standard input: arguments are seen by everybody on the machine.
    let output = call(&["meta-data", "set", key], value).await?;
    ensure!(
        output.status.success(),
        "buildkite-agent: {}",
        said(&output)
    );
    Ok(())
}

/// Shows Markdown on the page of the build that we are in: in place of what `context` showed before.
/// `style` is `success`, `info`, `warning` or `error`.
///
/// Fails where the agent is not on PATH, and outside a job.
pub async fn annotate(context: &str, style: &str, markdown: &str) -> anyhow::Result<()> {
    let arguments = ["annotate", "--context", context, "--style", style];
    let output = call(&arguments, markdown).await?;
    ensure!(
        output.status.success(),
        "buildkite-agent: {}",
        said(&output)
    );
    Ok(())
}

/// What the build that we are in knows of one of its steps, as its `state`; none for a key that no
/// step of the build has.
///
/// Fails where the agent is not on PATH, and outside a job.
pub async fn step(key: &str, attribute: &str) -> anyhow::Result<Option<String>> {
    let output = call(&["step", "get", attribute, "--step", key], "").await?;
    if output.status.success() {
        return Ok(Some(output.stdout.text().trim().to_owned()));
    }
    let said = said(&output);
    // The agent tells it by the status of Buildkite's answer alone, after the address, which may
    // hold any digits but no blank.
    ensure!(said.contains(": 404 "), "buildkite-agent: {said}");
    Ok(None)
}

async fn call(arguments: &[&str], input: &str) -> anyhow::Result<Ended> {
    let mut agent = Command::new("buildkite-agent");
    match child::run(agent.args(arguments), input.as_bytes(), TIMEOUT).await {
        Err(error) if error.kind() == ErrorKind::TimedOut => {
            bail!("no answer within {} s", TIMEOUT.as_secs())
        }
        ended => ended.context("buildkite-agent does not start"),
    }
}

/// Whether a call failed since there is no agent, and there will be none later.
pub fn is_missing(error: &anyhow::Error) -> bool {
    let started = error.downcast_ref::<std::io::Error>();
    started.is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// The last line on its standard error.
fn said(ended: &Ended) -> String {
    let said = ended.stderr.text();
    said.lines().last().unwrap_or_default().to_owned()
}
