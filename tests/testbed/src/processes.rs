//! Child processes that cannot outlive the testbed.

use std::{
    fs::{self, File},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use anyhow::{Context, Result, bail};

/// How much of its log explains why a process has ended.
const TAIL_LINES: usize = 15;

/// Starts processes, and is their parent to the end.
///
/// The kernel kills them when the *thread* that started them ends, hence a thread of the keeper's
/// own: it lives until the keeper is dropped or the whole process is gone, by whatever means. The
/// programs ask for that themselves, see the control plane's `main.go`.
pub(crate) struct Keeper {
    orders: mpsc::Sender<Order>,
}

struct Order {
    command: Command,
    reply: mpsc::Sender<io::Result<Child>>,
}

impl Keeper {
    pub(crate) fn new() -> Result<Self> {
        let (orders, inbox) = mpsc::channel::<Order>();
        thread::Builder::new()
            .name("keeper".to_owned())
            .spawn(move || keep(&inbox))?;
        Ok(Self { orders })
    }

    /// Starts a program, its output going to `<name>.log` in the folder of logs. It is in a
    /// process group of its own: Ctrl-C means the testbed's owner, which may still need it.
    pub(crate) fn start(&self, name: &str, mut command: Command, logs: &Path) -> Result<Process> {
        let log = logs.join(name).with_added_extension("log");
        let output = File::create(&log)?;
        command
            .env("TESTBED_PARENT", process::id().to_string())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let (reply, answer) = mpsc::channel();
        self.orders
            .send(Order { command, reply })
            .context("the keeper's thread has ended")?;
        let child = answer.recv().context("the keeper's thread has ended")?;
        let child = child.with_context(|| format!("failed to start {name}"))?;
        Ok(Process {
            name: name.to_owned(),
            log,
            child,
        })
    }
}

/// The children are kept, not waited for: they end when this thread does.
fn keep(inbox: &mpsc::Receiver<Order>) {
    while let Ok(Order { mut command, reply }) = inbox.recv() {
        // Who ordered may have given up meanwhile; the child then ends with the rest.
        reply.send(command.spawn()).ok();
    }
}

/// A process that runs for as long as its keeper lives.
pub(crate) struct Process {
    name: String,
    log: PathBuf,
    child: Child,
}

impl Process {
    /// Fails when the process has ended, with the end of its log.
    pub(crate) fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended with {status}:\n{}", self.name, self.tail());
        }
        Ok(())
    }

    fn tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

impl Drop for Process {
    /// Leaves no zombie behind where the testbed ends before its owner.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
