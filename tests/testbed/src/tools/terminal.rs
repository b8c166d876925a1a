//! Words for whoever waits at the terminal.

use std::{
    fs::OpenOptions,
    io::{Write, stderr},
};

/// Writes a line to the terminal itself: what a test prints, its runner keeps to itself until the
/// test has failed, and a build of minutes would look like a hang.
pub(super) fn say(line: &str) {
    let line = format!("{line}\n");
    let written = OpenOptions::new()
        .write(true)
        .open("/dev/tty")
        .and_then(|mut terminal| terminal.write_all(line.as_bytes()));
    if written.is_err() {
        // Nobody is there to be told that nobody can be told.
        stderr().write_all(line.as_bytes()).ok();
    }
}
