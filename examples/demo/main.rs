//! The story of one branch, told by the real programs on a real cluster, in the jobs of the real
//! agent: a push becomes a link, a job is killed in the middle of a deploy and the next one
//! converges, one push overtakes another, a laptop deploys, and the branch is deleted and nothing of
//! it is left.
//!
//! `cargo run --example demo`; with `--keep` the environment stays up until Ctrl-C. Every sentence
//! that begins with a check mark was checked just before.

mod address;
mod builds;
mod laptop;
mod packages;
mod program;
mod stage;
mod story;
mod tell;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Result, bail};

use self::{stage::Stage, story::Story};

fn main() -> ExitCode {
    let begun = Instant::now();
    // The testbed is made for tests, and panics where the cluster refuses it.
    match catch_unwind(AssertUnwindSafe(|| play(begun))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => failed(&format!("{error:#}")),
        Err(_) => failed("the testbed gave up, as told above"),
    }
}

fn failed(reason: &str) -> ExitCode {
    tell::failed(&format!("{}: {reason}", tell::chapter()));
    ExitCode::FAILURE
}

fn play(begun: Instant) -> Result<()> {
    let keep = keep()?;
    let story = Story::on(Stage::set()?);
    story.goes_up()?;
    story.is_killed_and_converges()?;
    story.is_overtaken()?;
    story.fails_and_says_why()?;
    story.is_deployed_from_a_laptop()?;
    story.is_listed()?;
    story.a_blind_sweep_is_refused()?;
    if keep {
        return story.stays_until_interrupted();
    }
    story.is_deleted_and_gone()?;
    tell::end(begun.elapsed());
    Ok(())
}

fn keep() -> Result<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(false),
        ["--keep"] => Ok(true),
        _ => bail!(
            "there is one option, --keep, and not `{}`",
            arguments.join(" ")
        ),
    }
}
