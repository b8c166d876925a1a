//! Helm's guardian: this program once more, in a session of its own, between us and Helm.
//!
//! It ends Helm when it is told to, when our end of its standard input closes (we died, even by
//! SIGKILL), and when no renewal of the lock came for as long as the lock lasts (we are paused, or
//! the cluster is out of our reach): so Helm never runs without a lock that is ours. Should the
//! guardian itself be killed, the kernel kills Helm.
//!
//! Two stages, because a child can ask for the parent's death as a signal only from within: the
//! guardian starts this program as Helm's *ward*, which asks for it and becomes Helm.

use std::{
    ffi::OsString,
    io::{Read, Write as _},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use super::lifeline::Lifeline;
use crate::clients::this_program;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

/// First argument of a program that is started as a guardian.
const GUARDIAN: &str = "__guardian";
/// First argument of a program that is to become Helm.
const WARD: &str = "__ward";

/// A word to the guardian: the lock was renewed.
pub(super) const RENEWED: u8 = b'r';
/// A word to the guardian: Helm is to stop.
pub(super) const STOP: u8 = b's';

/// Why a guardian ends Helm by itself.
const UNRENEWED: &str = "the lock was not renewed in time";

/// How long a Helm that was told to stop may take, until it is killed.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long after a lock has run out no Helm is there any more: waiters add it to the duration.
pub const GRACE: Duration = Duration::from_secs(5);

/// The command that starts a guardian with `program` as its ward.
pub(super) fn command(
    program: &Path,
    arguments: Vec<OsString>,
    lifeline: &Lifeline,
) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(this_program());
    command
        .arg(GUARDIAN)
        .arg(lifeline.lock_duration.as_millis().to_string())
        .arg(lifeline.renewed_at.elapsed().as_millis().to_string());
    command.arg(program).args(arguments);
    command
}

/// Does a guardian's or a ward's work if the process was started as one. To be called first in
/// `main`, before there are threads.
pub fn run_if_started() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let stage = arguments.next()?;
    match stage.to_str() {
        Some(GUARDIAN) => Some(guard(arguments.collect())),
        Some(WARD) => Some(become_helm(arguments.collect())),
        _ => None,
    }
}

fn become_helm(arguments: Vec<OsString>) -> ExitCode {
    let parent = rustix::process::getppid();
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    // The guardian may have died before we asked.
    if rustix::process::getppid() != parent || arguments.is_empty() {
        return ExitCode::FAILURE;
    }
    let error = Command::new(&arguments[0]).args(&arguments[1..]).exec();
    eprintln!(
        "Error: failed to start {}: {error}",
        arguments[0].to_string_lossy()
    );
    ExitCode::FAILURE
}

fn guard(mut arguments: Vec<OsString>) -> ExitCode {
    // Out of our process group: a signal to all of a job's processes reaches Helm through us alone.
    let _ = rustix::process::setsid();
    match guarded(&mut arguments) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("Error: Helm's guardian: {error}");
            ExitCode::FAILURE
        }
    }
}

fn guarded(arguments: &mut Vec<OsString>) -> std::io::Result<u8> {
    if arguments.len() < 3 {
        return Err(std::io::Error::other("it is started by no person"));
    }
    let mut milliseconds = || {
        let number = arguments
            .remove(0)
            .to_str()
            .and_then(|text| text.parse().ok());
        Duration::from_millis(number.unwrap_or_default())
    };
    let (lock_duration, unrenewed) = (milliseconds(), milliseconds());
    let renewed = Instant::now()
        .checked_sub(unrenewed)
        .unwrap_or_else(Instant::now);
    let mut document = Vec::new();
    let mut stdin = std::io::stdin().lock();
    let mut length = [0; 8];
    stdin.read_exact(&mut length)?;
    stdin
        .by_ref()
        .take(u64::from_le_bytes(length))
        .read_to_end(&mut document)?;
    drop(stdin);

    let mut command = Command::new(this_program());
    command
        .arg(WARD)
        .args(arguments)
        .stdin(Stdio::piped())
        .process_group(0);
    let ward = Ward::new(command.spawn()?);
    ward.feed(document);
    ward.watch(lock_duration, renewed);
    ward.wait()
}

/// Helm, and whether its end was seen: a process that ended must not be signalled, its number may
/// be another's by then.
#[derive(Clone)]
struct Ward {
    pid: Pid,
    child: Arc<Mutex<Option<Child>>>,
}

impl Ward {
    fn new(child: Child) -> Self {
        let pid = Pid::from_child(&child);
        Self {
            pid,
            child: Arc::new(Mutex::new(Some(child))),
        }
    }

    /// Writes Helm's standard input, on a thread: Helm may read late, or never.
    fn feed(&self, document: Vec<u8>) {
        let stdin = self
            .child
            .lock()
            .ok()
            .and_then(|mut child| child.as_mut()?.stdin.take());
        thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&document)));
    }

    /// Ends Helm when the parent says so, is gone, or is silent for longer than its lock lasts.
    fn watch(&self, lock_duration: Duration, mut renewed: Instant) {
        let words = words();
        let ward = self.clone();
        thread::spawn(move || {
            let is_unrenewed = loop {
                let left = lock_duration.saturating_sub(renewed.elapsed());
                match words.recv_timeout(left) {
                    Ok(RENEWED) => renewed = Instant::now(),
                    Ok(_) | Err(RecvTimeoutError::Disconnected) => break false,
                    Err(RecvTimeoutError::Timeout) => break true,
                }
            };
            ward.signal(Signal::TERM);
            if is_unrenewed {
                // Nobody may be there to read it. Helm itself may end without a word.
                let _ = writeln!(std::io::stderr(), "Error: {UNRENEWED}: Helm is ended");
            }
            thread::sleep(PATIENCE);
            ward.kill_group();
        });
    }

    /// Waits for Helm on the thread that started it: its death would be the parent's, to the kernel.
    fn wait(&self) -> std::io::Result<u8> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(error) = rustix::process::waitid(WaitId::Pid(self.pid), options) {
            if error != rustix::io::Errno::INTR {
                return Err(error.into());
            }
        }
        // What it started goes with it, and our output with that: until it is taken note of, its number
        // is still its group's.
        self.kill_group();
        let child = self.child.lock().ok().and_then(|mut child| child.take());
        let Some(mut child) = child else { return Ok(1) };
        let status = child.wait()?;
        let signal = || 128 + status.signal().unwrap_or_default();
        Ok(status.code().unwrap_or_else(signal).clamp(0, 255) as u8)
    }

    fn signal(&self, signal: Signal) {
        if let Ok(child) = self.child.lock()
            && child.is_some()
        {
            let _ = rustix::process::kill_process(self.pid, signal);
        }
    }

    /// Kills Helm and what it started: credential plugins, post-renderers.
    fn kill_group(&self) {
        if let Ok(child) = self.child.lock()
            && child.is_some()
        {
            let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
        }
    }
}

/// The parent's words, as they come. The channel closes when the parent is gone.
fn words() -> mpsc::Receiver<u8> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for byte in std::io::stdin().lock().bytes() {
            if !byte.is_ok_and(|byte| sender.send(byte).is_ok()) {
                break;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;

    #[test]
    fn a_guardian_is_told_how_long_ago_the_lock_was_renewed() {
        let ago = Duration::from_secs(20);
        let lifeline = Lifeline {
            renewed: watch::channel(()).1,
            lock_duration: Duration::from_secs(30),
            renewed_at: Instant::now().checked_sub(ago).expect("the machine is up"),
            stop: watch::channel(false).1,
        };
        let command = command(Path::new("helm"), vec!["version".into()], &lifeline);
        let arguments: Vec<_> = command
            .as_std()
            .get_args()
            .map(|text| text.to_str())
            .collect();
        let [
            _,
            Some("30000"),
            Some(unrenewed),
            Some("helm"),
            Some("version"),
        ] = arguments[..]
        else {
            panic!("{arguments:?}")
        };
        let unrenewed: u64 = unrenewed.parse().unwrap();
        assert!((20_000..25_000).contains(&unrenewed), "{unrenewed}");
    }
}
