//! `deploy`: a developer's command. Queues what is checked out, and follows it to its address.

mod target;

use std::cell::RefCell;

use anyhow::Context as _;

use self::target::Target;
use super::{
    Start, check,
    follow::{self, News, follow},
    gate,
    queue::{Decision, Queue, Queued},
    stop::Stop,
};
use crate::{
    clients::git,
    decide::build_of,
    model::{Ending, Order, Stage},
    report::{self, Checklist, Report},
    settings::{Deploy, Log},
};

/// What is waited for, until the releases are up.
const BUILD: &str = "Waiting for the deploy build to complete";

/// What is waited for then.
const ANSWER: &str = "Kubernetes deploy complete, waiting for the app to answer";

pub(super) async fn run(start: Start<Deploy>) -> anyhow::Result<Ending> {
    let report = Report::new(start.settings.output.output, Log::of(&start.variables));
    let stop = Stop::on_signals().context("failed to listen for signals")?;
    if start.settings.check.check {
        return check::deploy(&start, &stop, &report).await;
    }
    let going = Going::default();
    let deployed = stop.unless(deploy(&start, &going, &report)).await;
    match deployed {
        Ok(ending) => ending,
        Err(_) => {
            report.note(&going.stopped());
            Ok(stop.ending(Ending::Failed))
        }
    }
}

/// What goes on without us, and where it is seen.
#[derive(Debug, Default)]
struct Going(RefCell<Without>);

#[derive(Debug, Default)]
enum Without {
    /// Nothing was asked for.
    #[default]
    Nothing,
    /// GitHub is being asked, and may have heard it.
    Perhaps(String),
    /// A deploy is queued.
    Deploy(String),
}

impl Going {
    fn perhaps(&self, url: &str) {
        self.0.replace(Without::Perhaps(url.to_owned()));
    }

    fn at(&self, url: &str) {
        self.0.replace(Without::Deploy(url.to_owned()));
    }

    fn stopped(&self) -> String {
        match &*self.0.borrow() {
            Without::Nothing => "stopped: nothing is queued".to_owned(),
            Without::Perhaps(url) => {
                format!("stopped while the deploy was being queued: whether it was, see {url}")
            }
            Without::Deploy(url) => format!("stopped waiting: the deploy goes on at {url}"),
        }
    }
}

async fn deploy(start: &Start<Deploy>, going: &Going, report: &Report) -> anyhow::Result<Ending> {
    let target = Target::find(start, report).await?;
    if target.is_changed {
        let commit = target.order.commit.short();
        report.warn(&format!(
            "uncommitted changes are not deployed: what is deployed is {commit}, as it was pushed"
        ));
    }
    let mut steps = Checklist::new(report);
    let outcome = take(start, &target, going, &mut steps).await;
    match &outcome {
        Ok((Ending::Done, ..)) => steps.done(),
        Ok(_) | Err(_) => steps.failed(),
    }
    let (ending, state, deployment, message) = outcome?;
    let Order { branch, commit, .. } = &target.order;
    let result = report::Queued {
        branch: branch.to_string(),
        commit: commit.to_string(),
        state,
        deployment,
        url: target.url.clone(),
        message: message.clone(),
    };
    report.result(ending, &message, &result);
    Ok(ending)
}

/// How it ended: the status to end with, a word for machines, the deployment, a sentence for people.
type Outcome = (Ending, &'static str, Option<u64>, String);

async fn take(
    start: &Start<Deploy>,
    target: &Target,
    going: &Going,
    steps: &mut Checklist<'_>,
) -> anyhow::Result<Outcome> {
    if let Some(gate) = &target.gate {
        let commit = target.order.commit.short();
        steps.begin(&format!("Waiting for the base image of {commit}"));
        let waited = gate.wait(|news| match news {
            gate::News::Waiting(waiting) => steps.tell(&waiting.words),
            gate::News::Silent(trouble) => steps.warn(trouble),
        });
        let (ending, gated) = gate.result(waited.await?);
        if ending != Ending::Done {
            return Ok((ending, gated.state, None, gated.message));
        }
    }
    steps.begin("Queueing deploy");
    let queue = Queue {
        github: &target.github,
        place: target.place(),
        order: &target.order,
        on_purpose: target.on_purpose,
        deployed_by: deployed_by(start).await,
    };
    let queued = match queue.decide().await? {
        Decision::Make { git_ref } => {
            going.perhaps(&target.pages.deployments());
            queue.make(&git_ref).await?
        }
        Decision::Leave(queued) => queued,
    };
    let id = match queued {
        Queued::New(id) => id,
        Queued::Joined(id) => {
            steps.tell(&format!("deployment {id} is under way already: joined"));
            id
        }
        Queued::Superseded(reason) => {
            return Ok((Ending::Superseded, "superseded", None, reason));
        }
    };
    going.at(&target.pages.deployments());
    steps.begin(BUILD);
    let hooks = target.pages.hooks();
    let mut build = Build::default();
    let stage = follow(
        &target.github,
        id,
        start.settings.timeout,
        |news| match news {
            News::Stage(stage) => build.has_come_to(stage, going, steps),
            News::NoBuild(lasted) => steps.warn(&follow::no_build(lasted, &hooks)),
            News::Silent(error) => steps.warn(&error),
        },
    );
    let (ending, state, message) = report::end_of(&stage.await?);
    Ok((ending, state, Some(id), message))
}

/// What was told of the deploy build.
#[derive(Debug, Default)]
struct Build {
    log: Option<String>,
    answering: bool,
}

impl Build {
    fn has_come_to(&mut self, stage: &Stage, going: &Going, steps: &mut Checklist<'_>) {
        let log = match stage {
            Stage::Building { log } | Stage::Landing { log, .. } | Stage::Answering { log } => log,
            Stage::Queued | Stage::Passed { .. } | Stage::Up { .. } => &None,
            Stage::Superseded(_) | Stage::Failed { .. } => &None,
        };
        // Of several builds that the webhooks start, the one that lands it is known in time.
        let known = self.log.as_deref().map(build_of);
        if let Some(log) = log.as_ref().filter(|log| Some(build_of(log)) != known) {
            going.at(log);
            steps.tell(log);
            self.log = Some(log.clone());
        }
        if matches!(stage, Stage::Answering { .. }) && !self.answering {
            self.answering = true;
            steps.begin(ANSWER);
        }
    }
}

/// Whoever types the command, by the name that Git or the machine knows.
async fn deployed_by(start: &Start<Deploy>) -> Option<String> {
    let user = || start.variables.get("USER").cloned();
    git::user().await.or_else(user)
}
