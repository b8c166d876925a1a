//! The folder of one testbed: data, logs and kubeconfigs, gone when its owner is.

use std::{
    env,
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

const PREFIX: &str = "branch-deploys-testbed-";
/// Locked for as long as the owner lives.
const LOCK: &str = "owner.lock";
/// When it is set, run folders stay, to read the logs in.
const KEEP: &str = "TESTBED_KEEP";

/// A folder under the system's temporary one.
///
/// Statics are never dropped and a killed process runs nothing any more, so it is not removed from
/// here, but by a janitor: a shell that waits for its standard input to close, which the kernel
/// sees to however we end. What a janitor missed goes at the start of the next testbed.
pub(crate) struct RunFolder {
    path: PathBuf,
    _lock: File,
    janitor: Option<Child>,
}

impl RunFolder {
    /// Makes a new one, and removes those of owners that are dead.
    pub(crate) fn create() -> Result<Self> {
        let keep = env::var_os(KEEP).is_some_and(|value| !value.is_empty());
        if !keep {
            sweep();
        }
        let path = tempfile::Builder::new().prefix(PREFIX).tempdir()?.keep();
        let lock = File::create(path.join(LOCK))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        let janitor = if keep {
            None
        } else {
            Some(employ_janitor(&path)?)
        };
        Ok(Self {
            path,
            _lock: lock,
            janitor,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunFolder {
    /// Where the testbed ends before its owner: lets the janitor do its work.
    fn drop(&mut self) {
        if let Some(janitor) = &mut self.janitor {
            // This closes the standard input first.
            janitor.wait().ok();
        }
    }
}

/// In a process group of its own, because Ctrl-C at the terminal means us and not the janitor. The
/// moment it waits is for the processes that die with us and may still write.
fn employ_janitor(path: &Path) -> Result<Child> {
    Command::new("sh")
        .args(["-c", r#"read -r _; sleep 0.3; rm -rf -- "$1""#, "janitor"])
        .arg(path)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("failed to start a shell")
}

/// Best effort: a folder may be another user's, or its own janitor may be at it.
fn sweep() {
    let Ok(entries) = fs::read_dir(env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if ours && abandoned(&entry.path()) {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

/// A folder without a lock is one that is just being made, or just being removed.
fn abandoned(folder: &Path) -> bool {
    File::open(folder.join(LOCK))
        .is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok())
}
