//! What every run that changes something understands.

use std::time::Duration;

use clap::{Args, ValueEnum};

/// Whether the run changes anything, and how it tells what it did.
#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// Show what would be done, and do none of it
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    output: OutputOptions,
}

impl RunOptions {
    /// What standard output holds.
    pub fn output(&self) -> Output {
        self.output.output
    }
}

/// How old an environment becomes.
#[derive(Debug, Clone, Args)]
pub struct AgeOption {
    /// How long after its last deploy, by Helm's record, an environment goes
    #[arg(long, default_value = "5d", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub max_age: Duration,
}

/// How a run tells what it did.
#[derive(Debug, Clone, Args)]
pub struct OutputOptions {
    /// What standard output holds
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub output: Output,
}

/// What standard output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Lines for people.
    Text,
    /// One JSON document at the end; lines for people go to standard error.
    Json,
}
