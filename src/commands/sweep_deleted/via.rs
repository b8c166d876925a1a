//! A sweep by a build that runs near the cluster, where that cannot be reached from here.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, anyhow};
use tokio::time::{Instant, sleep};

use super::{
    super::{Start, forge, here::Here, stop::Stop},
    Swept,
};
use crate::{
    clients::buildkite::{Buildkite, BuildkiteError, NewBuild},
    model::{Branch, Build, Ending, Halt, Pipeline},
    report::{Removed, Report},
    settings::{GitHubOptions, SweepDeleted},
};

/// Meta-data that tells a build from its repetition.
const NONCE: &str = "branch-deploys:nonce";

/// How often a build is looked at: far below Buildkite's limits.
const LOOK: Duration = Duration::from_secs(5);

/// How often Buildkite is asked whether it started a build, where its answer was lost.
const ATTEMPTS: u32 = 3;

/// Starts a build of `pipeline` that sweeps the branch, and with `--wait` follows it to its end.
pub(super) async fn sweep(
    start: &Start<SweepDeleted>,
    here: &Here<'_>,
    branch: &Branch,
    pipeline: &Pipeline,
    stop: &Stop,
) -> anyhow::Result<Swept> {
    let (settings, report) = (&start.settings, here.report);
    report.heading(&format!("Sweeping {branch} by a build of {pipeline}"));
    if settings.run.dry_run {
        let message = format!("Would start a build of {pipeline} that sweeps {branch}");
        return Ok((Ending::Done, result(branch, "planned", message)));
    }
    let token = settings.buildkite.token(&start.variables, "write_builds")?;
    let buildkite = Buildkite::new(settings.buildkite.url(), token.secret())?;
    let default_branch = stop
        .unless(default_branch(&settings.github, here))
        .await??;
    let (app, tier) = settings.app.place();
    let env = BTreeMap::from([
        ("BRANCH_DEPLOYS_APP", app.as_str()),
        ("BRANCH_DEPLOYS_TIER", tier),
        ("BRANCH_DEPLOYS_BRANCH", branch.as_str()),
    ]);
    let nonce = format!("{:032x}", rand::random::<u128>());
    let new = NewBuild {
        branch: default_branch.as_str(),
        commit: "HEAD",
        // Without the branch: a name with `[skip ci]` in it would skip the build.
        message: "Sweep the environment of a deleted branch",
        env: &env,
        meta_data: &BTreeMap::from([(NONCE, nonce.as_str())]),
    };
    let build = stop
        .unless(begin(&buildkite, pipeline, &new, &nonce))
        .await??;
    let page = &build.web_url;
    if !settings.wait {
        let message = format!("A build sweeps {branch}: {page}");
        return Ok((Ending::Done, result(branch, "queued", message)));
    }
    report.note(&format!("waiting for {page}"));
    let followed = follow(&buildkite, pipeline, build.number, settings.timeout, report);
    let build = stop.unless(followed).await??;
    Ok(match build.state.as_str() {
        "passed" if !build.blocked => {
            let message = format!("The build that sweeps {branch} has passed: {page}");
            (Ending::Done, result(branch, "removed", message))
        }
        state => {
            let message = format!("The build that sweeps {branch} ended as {state}: {page}");
            (Ending::Failed, result(branch, "failed", message))
        }
    })
}

/// The branch whose pipeline file and code sweep: the event tells it, else GitHub.
async fn default_branch(options: &GitHubOptions, here: &Here<'_>) -> anyhow::Result<Branch> {
    let ci = &here.ci;
    let told = ci
        .event()?
        .and_then(|event| event.repository?.default_branch);
    if let Some(branch) = told {
        return Ok(branch);
    }
    let repository = options.repository(ci)?;
    let github = forge::connect(options, forge::READING, repository, here).await?;
    let repository = github.repository().await;
    Ok(repository.context("no build is started")?.default_branch)
}

/// Starts the build; one whose answer was lost is looked for, and started again only if it is not
/// there.
async fn begin(
    buildkite: &Buildkite,
    pipeline: &Pipeline,
    new: &NewBuild<'_>,
    nonce: &str,
) -> anyhow::Result<Build> {
    let mut attempt = 1;
    loop {
        match buildkite.start(pipeline, new).await {
            Err(error) if error.may_pass() && attempt < ATTEMPTS => {
                sleep(error.wait().unwrap_or(LOOK)).await;
                let mut started = buildkite.started(pipeline, NONCE, nonce).await?;
                if let Some(build) = started.pop() {
                    return Ok(build);
                }
                attempt += 1;
            }
            started => return started.context("no build is started"),
        }
    }
}

/// Looks at a build until it has ended.
async fn follow(
    buildkite: &Buildkite,
    pipeline: &Pipeline,
    number: u64,
    timeout: Duration,
    report: &Report,
) -> anyhow::Result<Build> {
    let deadline = Instant::now() + timeout;
    let mut trouble: Option<BuildkiteError> = None;
    while Instant::now() < deadline {
        let mut pause = LOOK;
        match buildkite.build(pipeline, number).await {
            Ok(build) if build.has_ended() => return Ok(build),
            Ok(_) => trouble = None,
            Err(error) if error.may_pass() => {
                if trouble.is_none() {
                    report.warn(&error.to_string());
                }
                pause = error.wait().unwrap_or(LOOK).max(LOOK);
                trouble = Some(error);
            }
            Err(error) => return Err(error.into()),
        }
        sleep(pause).await;
    }
    let last = trouble
        .map(|error| format!(": {error}"))
        .unwrap_or_default();
    let reason = format!("build {number} of {pipeline} has not ended in time{last}");
    Err(anyhow!(Halt::timed_out(reason)))
}

fn result(branch: &Branch, state: &'static str, message: String) -> Removed {
    Removed {
        branch: branch.to_string(),
        state,
        message,
        ..Removed::default()
    }
}
