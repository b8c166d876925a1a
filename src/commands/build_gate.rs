//! `build-gate`: waits until the base image of a commit is there, or says why it never will be.

use anyhow::Context as _;
use chrono::Utc;

use super::{
    Start, check,
    gate::{self, Code, News},
    here::Here,
    outputs,
    stop::Stop,
};
use crate::{
    model::Ending,
    report::{Report, elapsed},
    settings::{BuildGate, Log},
};

pub(super) async fn run(start: Start<BuildGate>) -> anyhow::Result<Ending> {
    let report = Report::new(start.settings.output.output, Log::of(&start.variables));
    let stop = Stop::on_signals().context("failed to listen for signals")?;
    if start.settings.check.check {
        return check::build_gate(&start, &stop, &report).await;
    }
    let here = Here::of(&start, &report)?;
    let (settings, ci) = (&start.settings, &here.ci);
    let code = Code {
        commit: settings.commit.clone().map_or_else(|| ci.commit(), Ok)?,
        // A tag's build has none, and may wait for an image all the same.
        branch: settings.branch.clone().map_or_else(|| ci.branch(), Ok),
    };
    settings.gate.must_wait()?;
    let gate = gate::of(&settings.gate, &code, settings.timeout, &here)?;
    report.heading(&gate.heading());
    let waited = gate.wait(|news| tell(news, &report));
    let Ok(outcome) = stop.unless(waited).await else {
        report.note("stopped waiting");
        return Ok(stop.ending(Ending::Failed));
    };
    let (ending, result) = gate.result(outcome?);
    let outputs = [
        ("state", Some(result.state)),
        ("digest", result.digest.as_deref()),
        ("image", result.image.as_deref()),
    ];
    outputs::publish(&outputs, ci, here.variables, &report).await;
    report.result(ending, &result.message, &result);
    Ok(ending)
}

/// One line for each change.
fn tell(news: News<'_>, report: &Report) {
    match news {
        News::Waiting(waiting) => {
            let since = waiting.since.and_then(|at| (Utc::now() - at).to_std().ok());
            let since = since.map(|time| format!(", since {}", elapsed(time)));
            report.note(&format!("{}{}", waiting.words, since.unwrap_or_default()));
        }
        News::Silent(trouble) => report.warn(trouble),
    }
}
