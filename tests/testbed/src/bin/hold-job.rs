//! Holds a job of Buildkite's at work until its standard input closes or it is killed, for the test
//! that nothing outlives it.

use std::io;

use testbed::{
    buildkite::{Buildkite, Step},
    github::GitHub,
    wait_until,
};

fn main() -> io::Result<()> {
    let buildkite = Buildkite::start(&GitHub::start());
    // It cannot be asked to end.
    let work = "trap '' TERM; sleep 600 & echo at work; wait";
    let hey = buildkite
        .pipeline("hey")
        .step(Step::new("it").command(work));
    let job = hey.start_build("main", &"a".repeat(40)).job("it");
    wait_until("the job is at work", || {
        let log = job.log();
        log.lines()
            .any(|line| line == "at work")
            .then_some(())
            .ok_or(log)
    });
    println!("{}", job.data().id);
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
