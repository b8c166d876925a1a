//! The programs under show: each is run as it would be, and its output is seen as it comes.

use std::{
    io::{BufRead, BufReader, pipe},
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::tell;

/// A program that runs.
pub struct Running {
    child: Child,
    lines: JoinHandle<Vec<String>>,
    begun: Instant,
}

/// A program that has ended by itself.
pub struct Ran {
    status: i32,
    lines: Vec<String>,
    /// From its start to its end.
    pub time: Duration,
}

/// Shows a command, and starts it.
pub fn start(command: Command, shown: &str) -> Result<Running> {
    start_telling(command, shown, |line| Some(line.to_owned()))
}

/// The same, of whose lines only some are told, and not as they are.
pub fn start_telling(
    mut command: Command,
    shown: &str,
    told: fn(&str) -> Option<String>,
) -> Result<Running> {
    tell::command(shown);
    let (output, writer) = pipe()?;
    let child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("failed to start {}", command.get_program().display()))?;
    // It holds the pipe's other end too, and the output would not end before it.
    drop(command);
    let lines = thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        let lines = lines.filter_map(|line| told(&line));
        lines.inspect(|line| tell::output(line)).collect()
    });
    Ok(Running {
        child,
        lines,
        begun: Instant::now(),
    })
}

impl Running {
    /// Waits for its end.
    pub fn wait(mut self) -> Result<Ran> {
        let status = self.child.wait()?;
        let time = self.begun.elapsed();
        let lines = self.lines.join().expect("reading does not panic");
        println!();
        let status = status.code().context("a signal ended it")?;
        Ok(Ran {
            status,
            lines,
            time,
        })
    }
}

impl Ran {
    /// Fails unless this was its exit status.
    pub fn ended_with(self, status: i32) -> Result<Self> {
        ensure!(
            self.status == status,
            "the exit status is {}, not {status}",
            self.status
        );
        Ok(self)
    }

    /// The number of the first line that holds `text`, and the line.
    pub fn line(&self, text: &str) -> Result<(usize, &str)> {
        let mut lines = self.lines.iter().enumerate();
        let found = lines.find(|(_, line)| line.contains(text));
        let (number, line) = found.with_context(|| format!("the output does not say `{text}`"))?;
        Ok((number, line))
    }
}
