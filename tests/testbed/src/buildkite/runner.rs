//! Jobs, run for real by the agent's own bootstrap.

mod environment;
mod process;

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

use chrono::Utc;
use tokio::{sync::watch, task::JoinHandle};

use super::{
    guard::Guard,
    progress,
    state::{Shared, State},
};
use crate::{faults::Gate, run_folder::RunFolder, serve::runtime};

use process::Ending;

/// A job that runs: dropping it ends the job's processes.
#[derive(Debug)]
pub struct Running {
    cancel: watch::Sender<bool>,
    guard: Guard,
    task: JoinHandle<()>,
}

impl Running {
    /// Has the job ended as an agent does it: a signal, and a stronger one later.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    /// Names the process that leads the job's session.
    fn watch(&mut self, session: u32) -> std::io::Result<()> {
        self.guard.watch(session)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// All that it takes to run a job.
#[derive(Debug)]
struct Order {
    shared: Weak<Shared>,
    place: usize,
    number: u64,
    job: String,
    env: Vec<(String, String)>,
    gate: Option<Gate>,
    folder: PathBuf,
}

/// Where a job writes what it says.
pub fn log(folder: &Path, job: &str) -> PathBuf {
    folder.join(format!("{job}.log"))
}

/// Starts a job that was marked as running.
pub fn start(shared: &Arc<Shared>, state: &mut State, place: usize, number: u64, job: &str) {
    let folder = folder(state);
    let build = state.build(place, number);
    let gate = build.job(job).and_then(|job| job.step.gate.clone());
    let order = Order {
        shared: Arc::downgrade(shared),
        place,
        number,
        job: job.to_owned(),
        env: environment::of(shared, state, (place, number, job), &folder),
        gate,
        folder,
    };
    let (cancel, canceled) = watch::channel(false);
    let guard = Guard::start().expect("a shell to guard a job");
    let task = runtime().spawn(order.run(canceled));
    let running = Running {
        cancel,
        guard,
        task,
    };
    state.running.insert(job.to_owned(), running);
}

/// The folder of all jobs, made for the first of them.
fn folder(state: &mut State) -> PathBuf {
    let folder = state.folder.get_or_insert_with(|| {
        let folder = RunFolder::create().expect("a folder for jobs");
        Arc::new(folder)
    });
    let path = folder.path().join("jobs");
    fs::create_dir_all(&path).expect("a folder in our own one");
    path
}

impl Order {
    async fn run(self, mut canceled: watch::Receiver<bool>) {
        let ending = self.execute(&mut canceled).await;
        let ending = ending.unwrap_or_else(|error| {
            self.note(&format!("{error:#}"));
            Ending::failed()
        });
        // Its guard is waited for, which is no work for these threads; and this task must not
        // abort itself.
        tokio::task::spawn_blocking(move || self.finish(&ending));
    }

    async fn execute(&self, canceled: &mut watch::Receiver<bool>) -> anyhow::Result<Ending> {
        if let Some(gate) = &self.gate {
            tokio::select! {
                () = gate.pass() => {}
                _ = canceled.wait_for(|canceled| *canceled) => return Ok(Ending::canceled()),
            }
        }
        process::run(self, canceled).await
    }

    /// Writes down how the job ended, and what the build comes to by it.
    fn finish(&self, ending: &Ending) {
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        let running = shared.lock().running.remove(&self.job);
        // Nothing of the job is left before anybody hears that it has ended.
        drop(running);
        let mut state = shared.lock();
        let build = state.build(self.place, self.number);
        let job = build.job(&self.job).expect("jobs are never removed");
        let canceled = job.state == "canceling";
        job.state = match (canceled, ending.status) {
            (true, _) => "canceled",
            (false, 0) => "passed",
            (false, _) => "failed",
        }
        .to_owned();
        job.exit_status = Some(ending.status);
        job.signal = ending.signal.map(str::to_owned);
        job.soft_failed = job.state == "failed" && job.step.soft_fail;
        job.finished_at = Some(Utc::now());
        progress::advance(&shared, &mut state, self.place, self.number);
        drop(state);
        shared.changed();
    }

    /// Writes a line into the job's log.
    fn note(&self, line: &str) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log(&self.folder, &self.job));
        if let Ok(mut log) = log {
            let _ = writeln!(log, "testbed: {line}");
        }
    }
}
