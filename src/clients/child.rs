//! A child process, as every door starts one: bounded in time, and in what is kept of what it writes.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    sync::oneshot,
    time::{sleep, timeout},
};

/// The most bytes that are kept of what a child writes to each of its two outputs.
const KEPT: usize = 16 << 20;

/// How long an output may stay open once the child is gone: somebody whom it started may hold it for
/// ever.
const LINGER: Duration = Duration::from_secs(1);

/// A child that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub status: ExitStatus,
    /// Whether it had to be killed.
    pub is_killed: bool,
    pub stdout: Kept,
    pub stderr: Kept,
}

/// What a child wrote: all of it, or its end, where reasons stand.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Kept {
    /// As text, what is no UTF-8 replaced.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// All of it.
    ///
    /// # Errors
    /// It was too much: what lacks its beginning is no answer.
    pub(super) fn whole(self) -> io::Result<Vec<u8>> {
        match self.is_cut {
            false => Ok(self.bytes),
            true => Err(io::Error::other(format!(
                "it writes more than {} MiB",
                KEPT >> 20
            ))),
        }
    }

    async fn read(&mut self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else { return };
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read) = pipe.read(&mut buffer).await
            && read > 0
        {
            self.bytes.extend_from_slice(&buffer[..read]);
            // Twice as much, so that not every piece moves all that is kept.
            if self.bytes.len() > 2 * KEPT {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        if self.bytes.len() > KEPT {
            self.bytes.drain(..self.bytes.len() - KEPT);
            self.is_cut = true;
        }
    }
}

/// Runs a command with `input` on its standard input.
///
/// # Errors
/// It does not start, or does not end within `limit`, and is killed.
pub(super) async fn run(command: &mut Command, input: &[u8], limit: Duration) -> io::Result<Ended> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    let feed = async move {
        // One that reads nothing ends early: its own words tell why.
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(input).await;
        }
    };
    let enough = async {
        let _ = timeout(limit, async {
            tokio::join!(feed, std::future::pending::<()>())
        })
        .await;
    };
    let ended = ended(&mut child, enough).await?;
    if ended.is_killed {
        let reason = format!("it does not end within {} s", limit.as_secs_f32());
        return Err(io::Error::new(io::ErrorKind::TimedOut, reason));
    }
    Ok(ended)
}

/// Waits for a child and reads what it writes; kills it when `enough` is over.
pub(super) async fn ended(
    child: &mut Child,
    enough: impl Future<Output = ()>,
) -> io::Result<Ended> {
    let pipes = (child.stdout.take(), child.stderr.take());
    let (mut stdout, mut stderr) = (Kept::default(), Kept::default());
    let (gone, is_gone) = oneshot::channel();
    let wait = async move {
        let waited = tokio::select! {
            status = child.wait() => status.map(|status| (status, false)),
            () = enough => killed(child).await.map(|status| (status, true)),
        };
        let _ = gone.send(());
        waited
    };
    let read = async {
        tokio::select! {
            _ = async { tokio::join!(stdout.read(pipes.0), stderr.read(pipes.1)) } => {}
            () = async { let _ = is_gone.await; sleep(LINGER).await } => {}
        }
    };
    let (waited, ()) = tokio::join!(wait, read);
    let (status, is_killed) = waited?;
    stdout.cut();
    stderr.cut();
    Ok(Ended {
        status,
        is_killed,
        stdout,
        stderr,
    })
}

/// Kills a child. One that the kernel does not let go is not waited for.
async fn killed(child: &mut Child) -> io::Result<ExitStatus> {
    child.start_kill()?;
    let late = |_| {
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "it cannot be killed",
        ))
    };
    timeout(LINGER, child.wait()).await.unwrap_or_else(late)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    async fn shell(script: &str, input: &[u8], limit: Duration) -> io::Result<Ended> {
        run(Command::new("sh").args(["-c", script]), input, limit).await
    }

    #[tokio::test]
    async fn a_child_is_fed_while_it_writes() {
        let input = vec![b'x'; 1 << 20];
        let ended = shell("cat; echo no >&2; exit 3", &input, LONG)
            .await
            .unwrap();
        assert_eq!(ended.status.code(), Some(3));
        assert_eq!(ended.stderr.text(), "no\n");
        assert_eq!(ended.stdout.whole().unwrap(), input);
    }

    #[tokio::test]
    async fn a_child_that_hangs_is_killed() {
        let begun = Instant::now();
        let error = shell("exec sleep 600", b"", Duration::from_millis(100)).await;
        assert_eq!(
            error.unwrap_err().to_string(),
            "it does not end within 0.1 s"
        );
        assert!(begun.elapsed() < LONG);
    }

    #[tokio::test]
    async fn an_output_that_somebody_else_holds_is_not_waited_for() {
        let begun = Instant::now();
        let ended = shell("sleep 600 & echo $!", b"", LONG).await.unwrap();
        let pid = ended.stdout.text();
        assert!(begun.elapsed() < LONG, "{pid}");
        let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    #[tokio::test]
    async fn of_too_much_the_end_is_kept() {
        let script = "head -c 40000000 /dev/zero; echo the end";
        let ended = shell(script, b"", LONG).await.unwrap();
        let text = ended.stdout.text();
        assert!(text.len() == KEPT && text.ends_with("the end\n"));
        let error = ended.stdout.whole().unwrap_err();
        assert_eq!(error.to_string(), "it writes more than 16 MiB");
    }
}
