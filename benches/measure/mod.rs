//! What a program took: for every benchmark.

use std::{
    fs,
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

/// One run of a program.
pub struct Run {
    pub wall: Duration,
    /// The peak of its own process, in KiB.
    pub memory_kib: u64,
    pub status: ExitStatus,
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Run {
    let begun = Instant::now();
    let child = command.spawn().expect("the program starts");
    let (memory_kib, status) = peak_memory(child);
    Run {
        wall: begun.elapsed(),
        memory_kib,
        status,
    }
}

/// The highest resident size that the process reached, in KiB. The kernel tells it only while the
/// process lives, and `wait4` counts its children in.
fn peak_memory(mut child: Child) -> (u64, ExitStatus) {
    let path = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait().expect("the child is ours") {
            return (peak, status);
        }
        let status = fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        peak = peak.max(size.unwrap_or(0));
        thread::sleep(Duration::from_millis(2));
    }
}
