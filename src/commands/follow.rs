//! Following a deployment to its end.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::{
    clients::github::{Etag, GitHub},
    decide::{Overdue, overdue, stage},
    model::{Halt, Stage},
    report::{Report, elapsed},
};

/// How often GitHub is asked: what is unchanged costs nothing of its hourly limit, and thirty
/// requests a minute are far from its limits by the minute.
const POLL: Duration = Duration::from_secs(2);

/// What whoever waits is told.
pub(super) enum News<'a> {
    /// The deployment has come so far.
    Stage(&'a Stage),
    /// No build has begun for so long.
    NoBuild(Duration),
    /// GitHub does not answer at present.
    Silent(String),
}

/// Waits for the final word on deployment `id`, which is returned.
///
/// Fails in time if the build ends without a word of ours, and times out after `timeout`.
pub(super) async fn follow(
    github: &GitHub,
    id: u64,
    timeout: Duration,
    mut tell: impl FnMut(News<'_>),
) -> anyhow::Result<Stage> {
    let (begun, mut since) = (Instant::now(), Instant::now());
    let (mut etag, mut known) = (Etag::default(), Stage::Queued);
    let (mut warned, mut silent) = (false, false);
    loop {
        match github.new_statuses(id, &mut etag).await {
            Ok(Some(statuses)) if stage(&statuses) != known => {
                (known, since, silent) = (stage(&statuses), Instant::now(), false);
                tell(News::Stage(&known));
            }
            Ok(_) => silent = false,
            // The deploy goes on without our reading of it.
            Err(error) if error.may_pass() => {
                if !std::mem::replace(&mut silent, true) {
                    tell(News::Silent(error.to_string()));
                }
            }
            Err(error) => return Err(error.into()),
        }
        if known.is_final() {
            return Ok(known);
        }
        match (overdue(&known, since.elapsed()), &known) {
            (Some(Overdue::Build), _) if !std::mem::replace(&mut warned, true) => {
                tell(News::NoBuild(since.elapsed()));
            }
            (Some(Overdue::Word), Stage::Passed { log }) => {
                let log = log.as_deref().unwrap_or("its deploy build");
                bail!(
                    "the deploy build passed and did not land deployment {id}: does it run \
                     helm-apply for this app and tier, in this repository? see {log}"
                );
            }
            _ => {}
        }
        if begun.elapsed() >= timeout {
            let waited = elapsed(timeout);
            bail!(Halt::timed_out(format!(
                "deployment {id} has not ended within {waited}; it may go on"
            )));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Tells news in lines; `hooks` is the page of the repository's webhooks.
pub(super) fn tell(news: News<'_>, hooks: &str, report: &Report) {
    match news {
        News::Stage(Stage::Building { log: Some(log) }) => {
            report.note(&format!("deploy build: {log}"));
        }
        News::Stage(Stage::Building { log: None }) => report.note("the deploy build has begun"),
        News::Stage(Stage::Landing { words, log }) => {
            let log = log.as_ref().map(|log| format!(": {log}"));
            report.note(&format!("{words}{}", log.unwrap_or_default()));
        }
        News::Stage(Stage::Answering { .. }) => {
            report.note("the releases are up, and the address is waited for");
        }
        News::Stage(_) => {}
        News::NoBuild(lasted) => report.warn(&no_build(lasted, hooks)),
        News::Silent(error) => report.warn(&error),
    }
}

/// What to look at when no deploy build begins.
pub(super) fn no_build(lasted: Duration, hooks: &str) -> String {
    format!(
        "no deploy build within {}: does a webhook on {hooks} send deployments to Buildkite, and is \
         there a pipeline with trigger_mode `deployment`, with an agent that is free?",
        elapsed(lasted)
    )
}
