//! What sees to it that no process of a job outlives it, or the testbed.

use std::{
    io::{self, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

const SCRIPT: &str = include_str!("guard.sh");

/// A shell that ends a session of processes when this is dropped, or its owner dies.
#[derive(Debug)]
pub struct Guard(Child);

impl Guard {
    /// Starts one, before there is anything to guard.
    ///
    /// In a process group of its own, because Ctrl-C at the terminal means us and not the guard.
    pub fn start() -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "guard"]).process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::null());
        shell.stderr(Stdio::null()).spawn().map(Self)
    }

    /// Names the session: the id of the process that leads it.
    pub fn watch(&mut self, session: u32) -> io::Result<()> {
        let pipe = self.0.stdin.as_mut();
        writeln!(pipe.expect("it was asked for"), "{session}")
    }
}

impl Drop for Guard {
    /// Returns when nothing of the session is left.
    fn drop(&mut self) {
        // This closes the standard input first.
        self.0.wait().ok();
    }
}
