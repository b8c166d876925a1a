//! Removes what is to go, several environments at a time; one that fails stops no other.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};

use super::{
    super::{
        Start, ending, lock,
        removal::{Grounds, Means, Removal},
        stop::{Stop, Stopped},
    },
    gather::{Entry, Gathered},
};
use crate::{
    clients::helm::{GRACE, Helm},
    decide::Why,
    model::{Ending, Environment, Halt, ObjectKey, Wish},
    report::{Judged, Report, elapsed},
    settings::{Ci, SweepStale},
};

/// How much longer than a dead holder's lock one waits for it that nobody asked to stop.
const MARGIN: Duration = Duration::from_secs(5);

/// One environment that goes.
pub(super) struct Due<'a> {
    pub entry: &'a Entry,
    pub why: &'a Why,
    pub judged: &'a mut Judged,
}

/// Removes all that is due, and writes down what came of each. How the worst of it ended.
pub(super) async fn carry_out(
    start: &Start<SweepStale>,
    ci: &Ci,
    gathered: &Gathered,
    due: Vec<Due<'_>>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let settings = &start.settings;
    let (program, timeout) = (settings.helm.helm.clone(), settings.helm.helm_timeout);
    let (target, secrets) = (
        gathered.cluster.target().clone(),
        gathered.github.secrets().clone(),
    );
    let helm = stop
        .unless(Helm::find(program, target, timeout, secrets))
        .await??;
    let log_url = settings.lock.log_url(ci);
    let means = Means {
        program: "sweep-stale",
        github: &gathered.github,
        repository: &gathered.repository,
        cluster: &gathered.cluster,
        helm: &helm,
        dns: &settings.dns,
        lock_duration: settings.lock.lock_duration,
        log_url: log_url.as_deref(),
    };
    let count = due.len();
    let removals = stream::iter(due).map(async |due| {
        let begun = Instant::now();
        let environment = due.entry.environment(start, gathered.repository.id);
        let outcome = match environment {
            Some(environment) => {
                remove(
                    settings,
                    &means,
                    &environment,
                    due.why,
                    due.entry,
                    stop,
                    report,
                )
                .await
            }
            None => Ok(Removal::Stays("its branch is not known".into())),
        };
        (due.judged, outcome, begun.elapsed())
    });
    let mut removals = removals.buffer_unordered(settings.concurrency.get());
    let (mut worst, mut number) = (Ending::Done, 0);
    while let Some((judged, outcome, time)) = removals.next().await {
        number += 1;
        let place = format!("({number} of {count}, {})", elapsed(time));
        worst = worst.worse(note(judged, outcome, &place, report));
    }
    Ok(worst)
}

/// Removes one environment, unless it is seen under the lock that it has to stay.
async fn remove(
    settings: &SweepStale,
    means: &Means<'_>,
    environment: &Environment,
    why: &Why,
    entry: &Entry,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Removal> {
    stop.check()?;
    let grounds = match why {
        Why::BranchGone => Grounds::BranchGone,
        Why::Age(_) => Grounds::Age(settings.age.max_age),
        Why::Unfinished => Grounds::Unfinished,
        Why::Empty(_) => Grounds::Empty(entry.record().cloned().map(Box::new)),
    };
    // A deploy of a branch that is gone is asked to stop; any other is left alone.
    let (wish, patience) = match why {
        Why::BranchGone => (Some(Wish::Remove), settings.lock.lock_timeout),
        Why::Age(_) | Why::Unfinished | Why::Empty(_) => {
            (None, stands(settings, entry) + GRACE + MARGIN)
        }
    };
    let acquired = means.acquire(environment, wish.clone(), patience, stop, report);
    let held = match acquired.await {
        Err(error) if wish.is_none() && is_too_long(&error) => {
            return Ok(Removal::Stays("a job is at work on it".into()));
        }
        held => held?,
    };
    let stop = stop.part();
    means
        .remove(environment, held, &grounds, &stop, report)
        .await
}

/// How long the environment's lock stands unrenewed: as its holder said, whose settings may be others
/// than ours.
fn stands(settings: &SweepStale, entry: &Entry) -> Duration {
    let ours = settings.lock.lock_duration;
    let lease = entry.found.lease.as_ref();
    let holders = lease.map_or(ours, |lease| lock::seen(lease).duration);
    holders.clamp(ours, ours.max(settings.lock.lock_timeout))
}

fn is_too_long(error: &anyhow::Error) -> bool {
    let halt = error.downcast_ref::<Halt>();
    halt.is_some_and(|halt| halt.ending == Ending::TimedOut)
}

/// Tells what came of one environment, and writes it down.
fn note(
    judged: &mut Judged,
    outcome: anyhow::Result<Removal>,
    place: &str,
    report: &Report,
) -> Ending {
    let name = judged.environment.clone();
    match outcome {
        Ok(Removal::Gone(remains)) => {
            report.done(&format!("{} {place}", remains.sentence(&name)));
            judged.outcome = Some("removed");
            judged.removed = texts(&remains.gone);
            judged.kept = texts(&remains.kept);
            judged.left = texts(&remains.strangers);
            if !judged.kept.is_empty() {
                judged.reason = format!(
                    "{}; kept by its chart: {}",
                    judged.reason,
                    judged.kept.join(", ")
                );
            }
            Ending::Done
        }
        Ok(Removal::Stays(reason)) => {
            report.note(&format!("{name} stays: {reason} {place}"));
            judged.outcome = Some("stays");
            judged.reason = reason;
            Ending::Done
        }
        Err(error) => {
            let reason = match error.is::<Stopped>() {
                true => "stopped by a signal".to_owned(),
                false => format!("{error:#}"),
            };
            report.failed(&format!("{name} is not gone: {reason} {place}"));
            judged.outcome = Some("failed");
            judged.reason = reason;
            match ending(&error) {
                // Of one environment, while others may be gone: no setting of this run is wrong.
                Ending::Usage => Ending::Failed,
                ending => ending,
            }
        }
    }
}

fn texts(keys: &[ObjectKey]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}
