//! The one final word of a deploy: to GitHub, to the record, to people.

use std::time::Duration;

use super::{
    super::{
        Start,
        lock::Lock,
        outputs::{self, Page},
        stop::{LAST_WORDS, LEAVE, Stop},
    },
    gather::Gathered,
    land::Verdict,
};
use crate::{
    clients::github::GitHubError,
    model::{Ending, Phase, State, is_described},
    report::{Deployed, Explanation, FAILED, Report},
    settings::{Ci, HelmApply},
};

/// How long a look at our own record may take at the end.
const GLANCE: Duration = Duration::from_millis(500);

/// Posts the final word, lets the lock go, and says how it came out.
pub(super) async fn conclude(
    start: &Start<HelmApply>,
    gathered: &Gathered,
    lock: Lock,
    verdict: Verdict,
    failures: Vec<Explanation>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let words = words(gathered, &verdict, &failures);
    let said = say(gathered, &lock, &verdict, &words);
    let failure = match stop.within(LAST_WORDS, said).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("GitHub is too slow".to_owned()),
    };
    if let Some(reason) = failure {
        report.warn(&format!(
            "the deployment's final status is not posted: {reason}"
        ));
    }
    // With a limit of its own: the lock waits for no GitHub.
    let mine = gathered.plan.deployment;
    let left = stop
        .within(LEAVE, leave(lock, mine, &verdict, report))
        .await;
    if left.is_err() {
        report.warn("the cluster is too slow to let the lock go: it runs out by itself");
    }
    let ending = stop.ending(words.ending);
    let mut result = gathered.result(words.state, &words.sentence);
    result.failures = failures;
    // The CI kills soon after a signal, and this is the least of it.
    let shown = stop
        .within(LEAVE, show(start, &result, ending, report))
        .await;
    if let Ok(Err(error)) = shown {
        report.warn(&format!("{error:#}"));
    }
    report.result(ending, &words.sentence, &result);
    Ok(ending)
}

/// Shows the result on the page of the job, and hands it to later steps.
async fn show(
    start: &Start<HelmApply>,
    result: &Deployed,
    ending: Ending,
    report: &Report,
) -> anyhow::Result<()> {
    let ci = Ci::read(&start.variables)?;
    let id = result.deployment.map(|id| id.to_string());
    let outputs = [
        ("state", Some(result.state)),
        ("deployment-id", id.as_deref()),
        ("url", result.url.as_deref()),
    ];
    outputs::publish(&outputs, &ci, &start.variables, report).await;
    let page = Page {
        context: &format!("branch-deploys-{}", result.environment),
        ending,
        markdown: &result.markdown(),
    };
    outputs::show(&page, &ci, &start.variables, report).await;
    Ok(())
}

/// Posts the final status, unless whoever took the lock has had the final word on this deployment, or it
/// was up before and is so all the same: then its success stands until a sweep removes it.
async fn say(
    gathered: &Gathered,
    lock: &Lock,
    verdict: &Verdict,
    words: &Words,
) -> Result<(), GitHubError> {
    let Some((state, description)) = &words.status else {
        return Ok(());
    };
    if matches!(verdict, Verdict::Failed(_)) && lock.was_taken().await {
        return Ok(());
    }
    if is_up(gathered, lock).await {
        return Ok(());
    }
    gathered.statuses().post(*state, description, None).await
}

/// Whether the record says that this very deployment is up. A renewal that hangs keeps the record to
/// itself: the last word does not wait for that.
async fn is_up(gathered: &Gathered, lock: &Lock) -> bool {
    let mine = gathered.plan.deployment;
    let record = tokio::time::timeout(GLANCE, lock.record()).await;
    let record = record.ok().and_then(Result::ok).flatten();
    record.is_some_and(|it| it.phase == Phase::Up && it.deployed.is_some() && it.deployed == mine)
}

/// What is said at the end, to whom.
struct Words {
    ending: Ending,
    state: &'static str,
    sentence: String,
    status: Option<(State, String)>,
}

fn words(gathered: &Gathered, verdict: &Verdict, failures: &[Explanation]) -> Words {
    let plan = &gathered.plan;
    let words = |ending, state, sentence: String, status: Option<State>| {
        let status = status.map(|status| (status, sentence.clone()));
        Words {
            ending,
            state,
            sentence,
            status,
        }
    };
    match verdict {
        Verdict::Success(answer) => {
            let sentence = match &plan.url {
                Some(url) => format!("Deploy success! App URL: {url}"),
                None => format!("Deploy success! {answer}"),
            };
            words(Ending::Done, "success", sentence, None)
        }
        Verdict::Up => words(
            Ending::Done,
            "up",
            "This deployment is up already: nothing to do".into(),
            None,
        ),
        Verdict::Superseded(id) => {
            let sentence = format!(
                "Superseded by deployment {id}; to go back on purpose: deploy --commit {}",
                plan.commit
            );
            words(
                Ending::Superseded,
                "superseded",
                sentence,
                Some(State::Inactive),
            )
        }
        Verdict::BranchGone => {
            let sentence = format!("The branch {} is deleted", plan.environment.branch);
            words(
                Ending::Superseded,
                "superseded",
                sentence,
                Some(State::Inactive),
            )
        }
        Verdict::Full(oldest) => {
            let sentence = format!(
                "No room for another environment; the oldest is {}, up since {}",
                oldest.name,
                oldest.since.format("%Y-%m-%d")
            );
            words(Ending::Refused, "failed", sentence, Some(State::Failure))
        }
        Verdict::Signal(number) => {
            let name = if *number == 2 { "SIGINT" } else { "SIGTERM" };
            let sentence = format!("Cancelled by {name}");
            words(
                Ending::Signal(*number),
                "failed",
                sentence,
                Some(State::Failure),
            )
        }
        Verdict::Failed(error) => {
            let told = |what: &str| format!("{FAILED}{what}");
            let sentence = told(&format!("{error:#}"));
            // Where GitHub would cut it, the names may go.
            let briefly: Vec<_> = failures.iter().map(Explanation::brief).collect();
            let status = match is_described(&sentence) || briefly.is_empty() {
                true => sentence.clone(),
                false => told(&briefly.join("; ")),
            };
            Words {
                ending: super::super::ending(error),
                state: "failed",
                sentence,
                status: Some((State::Failure, status)),
            }
        }
    }
}

/// Lets the lock go. A Lease that was made for a deploy that did not begin goes with it.
async fn leave(lock: Lock, mine: Option<u64>, verdict: &Verdict, report: &Report) {
    let begun = lock.record().await.is_ok_and(|record| record.is_some());
    let outcome = match verdict {
        Verdict::Failed(_) | Verdict::Signal(_) if begun => fail(lock, mine).await,
        _ if !begun => lock.delete().await,
        _ => lock.release().await,
    };
    if let Err(error) = outcome {
        report.warn(&format!("{error:#}"));
    }
}

async fn fail(lock: Lock, mine: Option<u64>) -> anyhow::Result<()> {
    let noted = note_failure(&lock, mine).await;
    lock.release().await.and(noted)
}

async fn note_failure(lock: &Lock, mine: Option<u64>) -> anyhow::Result<()> {
    match lock.record().await? {
        Some(mut record) if record.phase == Phase::Deploying => {
            record.phase = Phase::Failed;
            record.failed.extend(mine);
            lock.write(&record).await
        }
        Some(_) | None => Ok(()),
    }
}
