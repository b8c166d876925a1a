//! Builds at the stand-in for Buildkite, as a person sees them: the log of a job, as it comes.

use std::{thread::sleep, time::Duration};

use anyhow::{Context, Result, ensure};
use testbed::buildkite::{Build, Job};

use super::tell;

/// How often a log is looked at for more.
const LOOK: Duration = Duration::from_millis(100);

/// After this line of its log an agent has prepared a job, and runs what the step says.
const RUNS: &str = " command hook\n";

/// A job whose log is told.
pub struct Telling {
    job: Job,
    told: usize,
    lines: Vec<String>,
}

/// What a job said.
pub struct Told(Vec<String>);

impl Telling {
    /// Begins with the newest job of a step.
    pub fn of(build: &Build, step: &str) -> Self {
        let number = build.number();
        tell::say(&format!("Step {step} of build {number}:"));
        Self {
            job: build.job(step),
            told: 0,
            lines: Vec::new(),
        }
    }

    /// Tells what has come since.
    pub fn more(&mut self) {
        let log = self.job.log();
        let Some(begun) = log.find(RUNS) else {
            return;
        };
        let from = self.told.max(begun + RUNS.len());
        let to = log.rfind('\n').map_or(from, |end| end + 1).max(from);
        for line in log[from..to].lines().filter(|line| is_said(line)) {
            tell::output(line);
            self.lines.push(line.to_owned());
        }
        self.told = to;
    }

    /// Tells all until the job has ended, which has to be in this state.
    pub fn until_ended(mut self, state: &str) -> Result<Told> {
        while !self.job.data().is_finished() {
            self.more();
            sleep(LOOK);
        }
        self.more();
        println!();
        let found = self.job.state();
        ensure!(found == state, "the job has {found}, and not {state}");
        Ok(Told(self.lines))
    }
}

/// Whether a program said it: what the agent says of itself is grey.
fn is_said(line: &str) -> bool {
    !line.is_empty() && !line.contains("\u{1b}[90m")
}

impl Told {
    /// The number of the first line that holds `text`, and the line.
    pub fn line(&self, text: &str) -> Result<(usize, &str)> {
        let mut lines = self.0.iter().enumerate();
        let found = lines.find(|(_, line)| line.contains(text));
        let (number, line) = found.with_context(|| format!("its log does not say `{text}`"))?;
        Ok((number, line))
    }
}
