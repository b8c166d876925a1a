//! The processes of a job.

use std::{fs::File, process::Stdio, time::Duration};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{process::Child, process::Command, sync::watch, time::timeout};

use super::{Order, log};
use crate::tools::{self, Tool};

/// How long an agent waits by default between asking a job to end and killing it.
const GRACE: Duration = Duration::from_secs(9);

/// How the command of a job ended.
#[derive(Debug)]
pub struct Ending {
    pub status: i32,
    pub signal: Option<&'static str>,
}

impl Ending {
    /// It could not be run.
    pub fn failed() -> Self {
        Self {
            status: -1,
            signal: None,
        }
    }

    /// It ended by a signal, or before there was anything to signal.
    pub fn canceled() -> Self {
        Self {
            status: -1,
            signal: Some("SIGTERM"),
        }
    }
}

/// Runs a job to its end.
pub async fn run(order: &Order, canceled: &mut watch::Receiver<bool>) -> Result<Ending> {
    let agent = tokio::task::spawn_blocking(|| tools::get(Tool::BuildkiteAgent)).await??;
    let output = File::create(log(&order.folder, &order.job))?;
    // It leads a session of its own, by which the guard knows what belongs to the job.
    let mut command = Command::new("setsid");
    command
        .arg(&agent)
        .arg("bootstrap")
        .env_clear()
        .envs(order.env.iter().map(|(name, value)| (name, value)))
        // By which the agent puts itself on the job's PATH.
        .env(
            "BUILDKITE_BIN_PATH",
            agent.parent().unwrap_or(&order.folder),
        )
        .current_dir(&order.folder)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    let mut child = command.spawn().context("failed to start setsid")?;
    let leader = child.id().context("it was just started")?;
    if !guarded(order, leader) {
        child.kill().await.ok();
        bail!("the testbed has ended");
    }
    let ended = tokio::select! {
        ended = child.wait() => Some(ended?),
        _ = canceled.wait_for(|canceled| *canceled) => None,
    };
    match ended {
        Some(status) => Ok(Ending {
            status: status.code().unwrap_or(-1),
            signal: None,
        }),
        None => end(&mut child, leader).await,
    }
}

/// Tells the guard whom to watch; false when there is none any more.
fn guarded(order: &Order, leader: u32) -> bool {
    let Some(shared) = order.shared.upgrade() else {
        return false;
    };
    let mut state = shared.lock();
    let running = state.running.get_mut(&order.job);
    running.is_some_and(|running| running.watch(leader).is_ok())
}

/// Ends a job as the agent does: its process group is asked, and killed when it takes too long.
async fn end(child: &mut Child, leader: u32) -> Result<Ending> {
    let group = Pid::from_raw(leader.cast_signed()).context("a process has an id")?;
    kill_process_group(group, Signal::TERM).ok();
    if timeout(GRACE, child.wait()).await.is_ok() {
        return Ok(Ending::canceled());
    }
    kill_process_group(group, Signal::KILL).ok();
    child.wait().await?;
    Ok(Ending {
        signal: Some("SIGKILL"),
        ..Ending::canceled()
    })
}
