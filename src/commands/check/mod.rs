//! `--check`: what a program needs here and whether it is there, with nothing changed.

mod buildkite;
mod charts;
mod cluster;
mod dns;
mod gate;
mod github;
mod in_cluster;

use std::future::Future;

pub(super) use self::in_cluster::{environments, helm_apply, sweep_deleted, sweep_stale};

use super::{
    Start,
    gate::Code,
    here::Here,
    link::link,
    stop::Stop,
    work_tree::{app_of, repository_of},
};
use crate::{
    decide::check,
    model::{App, Ending, Fact, Line, Template},
    report::{Checked, Report},
    settings::{BuildGate, Deploy, QueueDeploy, Sources, UsageError},
};

impl Here<'_> {
    /// Looks until it is told, or a signal comes.
    async fn look(
        &self,
        program: &'static str,
        stop: &Stop,
        lines: impl Future<Output = Vec<Line>>,
    ) -> anyhow::Result<Ending> {
        self.report
            .heading(&format!("Looking for what {program} needs"));
        let Ok(checks) = stop.unless(lines).await else {
            return Ok(stop.ending(Ending::Failed));
        };
        let ending = check::ending(&checks);
        let checked = Checked { program, checks };
        self.report.checked(&checked);
        self.report.result(ending, &checked.sentence(), &checked);
        Ok(ending)
    }
}

/// What `build-gate` needs.
pub(super) async fn build_gate(
    start: &Start<BuildGate>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let here = Here::of(start, report)?;
    let settings = &start.settings;
    settings.gate.must_wait()?;
    let code = gate::code(settings.branch.as_ref(), settings.commit.as_ref(), &here.ci)?;
    let gate = gate::of(&settings.gate, &code, &here)?;
    let lines = gate::lines(gate, &here);
    here.look("build-gate", stop, lines).await
}

/// What `queue-deploy` needs.
pub(super) async fn queue_deploy(
    start: &Start<QueueDeploy>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let here = Here::of(start, report)?;
    let settings = &start.settings;
    let repository = settings.github.repository(&here.ci)?;
    let order = (
        settings.order.branch.as_ref(),
        settings.order.commit.as_ref(),
    );
    let code = gate::code(order.0, order.1, &here.ci)?;
    let place = settings.app.place();
    told_beforehand(settings.url.as_ref(), place, &code, here.sources)?;
    let needs = github::Needs::to_queue();
    let github = github::lines(&settings.github, &needs, &repository, &here);
    let pipeline = settings.deploy_pipeline.deploy_pipeline.as_ref();
    let builds = buildkite::deploy_pipeline(pipeline, &settings.buildkite, &repository, &here);
    here.look("queue-deploy", stop, at_once(github, builds))
        .await
}

/// What `deploy` needs.
pub(super) async fn deploy(
    start: &Start<Deploy>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let here = Here::of(start, report)?;
    let settings = &start.settings;
    let repository = repository_of(settings, &here.ci).await?;
    let (branch, commit) = (&settings.order.branch, &settings.order.commit);
    let code = gate::code(branch.as_ref(), commit.as_ref(), &here.ci)?;
    let place = (&app_of(settings, &repository)?, settings.tier());
    told_beforehand(settings.url.as_ref(), place, &code, here.sources)?;
    let needs = github::Needs::to_queue();
    let github = github::lines(&settings.github, &needs, &repository, &here);
    let gate = (!settings.gate.is_empty())
        .then(|| gate::of(&settings.gate, &code, &here))
        .transpose()?;
    let image = async {
        match gate {
            Some(gate) => gate::lines(gate, &here).await,
            None => Vec::new(),
        }
    };
    let pipeline = settings.deploy_pipeline.deploy_pipeline.as_ref();
    let access = &settings.gate.buildkite.access;
    let builds = buildkite::deploy_pipeline(pipeline, access, &repository, &here);
    let lines = at_once(github, at_once(image, builds));
    here.look("deploy", stop, lines).await
}

/// The lines of two questions that are asked at once, in their order. None fails: what cannot even be
/// asked is a line of its own, beside which all others stand.
async fn at_once(
    one: impl Future<Output = Vec<Line>>,
    other: impl Future<Output = Vec<Line>>,
) -> Vec<Line> {
    let (one, other) = tokio::join!(one, other);
    [one, other].concat()
}

/// Refuses an address that a run would refuse to tell beforehand.
fn told_beforehand(
    template: Option<&Template>,
    place: (&App, &str),
    code: &Code,
    sources: &Sources,
) -> Result<(), UsageError> {
    let branch = code.branch.clone()?;
    link(template, place, (&branch, &code.commit), sources).map(drop)
}

/// A client's answer, whose error tells by `may_pass` whether it would be another one later.
fn fact<T, E: ToString>(asked: Result<T, E>, may_pass: impl Fn(&E) -> bool) -> Fact<T> {
    match asked {
        Ok(answer) => Fact::Told(answer),
        Err(error) if may_pass(&error) => Fact::Silent(error.to_string()),
        Err(error) => Fact::Refused(error.to_string()),
    }
}
