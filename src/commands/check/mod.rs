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
    Start, forge,
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
        lines: impl Future<Output = anyhow::Result<Vec<Line>>>,
    ) -> anyhow::Result<Ending> {
        self.report
            .heading(&format!("Looking for what {program} needs"));
        let Ok(lines) = stop.unless(lines).await else {
            return Ok(stop.ending(Ending::Failed));
        };
        let checks = lines?;
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
    let lines = gate::lines(&settings.gate, &code, &here);
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
    let lines = async {
        let needs = github::Needs {
            rights: forge::DEPLOYING,
            hooks: true,
        };
        let (github, builds) = tokio::join!(
            github::lines(&settings.github, &needs, &repository, &here),
            buildkite::deploy_pipeline(
                settings.deploy_pipeline.deploy_pipeline.as_ref(),
                &settings.buildkite,
                &repository,
                &here,
            ),
        );
        Ok([github?, builds?].concat())
    };
    here.look("queue-deploy", stop, lines).await
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
    let lines = async {
        let needs = github::Needs {
            rights: forge::DEPLOYING,
            hooks: true,
        };
        let image = async {
            match settings.gate.is_empty() {
                true => Ok(Vec::new()),
                false => gate::lines(&settings.gate, &code, &here).await,
            }
        };
        let (github, image, builds) = tokio::join!(
            github::lines(&settings.github, &needs, &repository, &here),
            image,
            buildkite::deploy_pipeline(
                settings.deploy_pipeline.deploy_pipeline.as_ref(),
                &settings.gate.buildkite.access,
                &repository,
                &here,
            ),
        );
        Ok([github?, image?, builds?].concat())
    };
    here.look("deploy", stop, lines).await
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
