//! Asks Buildkite for what a program needs there.

use super::{Here, fact};
use crate::{
    clients::buildkite::{Buildkite, BuildkiteError, PipelineSettings},
    decide::check::{self, BuildkiteFacts, DeployPipeline},
    model::{Fact, Line, Pipeline, Repository},
    settings::BuildkiteAccess,
};

/// By this meta-data no build was started.
const NO_BUILD: (&str, &str) = ("branch-deploys", "check");

/// The lines about a pipeline whose builds are read or started, by a token with these scopes.
pub(super) async fn builds(
    pipeline: &Pipeline,
    access: &BuildkiteAccess,
    needed: &'static [&'static str],
    here: &Here<'_>,
) -> anyhow::Result<Vec<Line>> {
    let facts = |scopes, shown| BuildkiteFacts {
        pipeline: pipeline.to_string(),
        scopes,
        needed,
        shown,
    };
    let Some(token) = access.given(here.variables)? else {
        let shown = Fact::Silent("not asked: there is no token".into());
        let none = Fact::Refused("BUILDKITE_API_TOKEN is not set".into());
        return Ok(check::buildkite(&facts(none, shown)));
    };
    let buildkite = Buildkite::new(access.url(), token.secret())?;
    let scopes = told(buildkite.scopes(pipeline).await);
    let may_read =
        matches!(&scopes, Fact::Told(scopes) if scopes.iter().any(|it| it == "read_builds"));
    let shown = match may_read {
        true => {
            let (key, value) = NO_BUILD;
            told(buildkite.started(pipeline, key, value).await).map(drop)
        }
        false => Fact::Silent("not asked: the token may not read builds".into()),
    };
    Ok(check::buildkite(&facts(scopes, shown)))
}

/// The lines about the pipeline that GitHub's deployments start, where it is named.
pub(super) async fn deploy_pipeline(
    pipeline: Option<&Pipeline>,
    access: &BuildkiteAccess,
    repository: &Repository,
    here: &Here<'_>,
) -> anyhow::Result<Vec<Line>> {
    let Some(pipeline) = pipeline else {
        let why = "not asked: --deploy-pipeline does not name it";
        return Ok(vec![Line::unknown("Buildkite: deploy pipeline", why)]);
    };
    let found = match access.given(here.variables)? {
        None => Fact::Silent(
            "not asked: BUILDKITE_API_TOKEN is not set, a token with the scope read_pipelines"
                .into(),
        ),
        Some(token) => {
            let buildkite = Buildkite::new(access.url(), token.secret())?;
            shown(&buildkite, pipeline)
                .await
                .map(|it| read(&it, repository))
        }
    };
    Ok(check::deploy_pipeline(&pipeline.to_string(), &found))
}

/// The settings of a pipeline. The program itself does not need them, so that a token that may not see
/// them is no failure; a pipeline that is not there is one.
async fn shown(buildkite: &Buildkite, pipeline: &Pipeline) -> Fact<PipelineSettings> {
    match told(buildkite.scopes(pipeline).await) {
        Fact::Told(scopes) if !scopes.iter().any(|it| it == "read_pipelines") => {
            Fact::Silent("not asked: the token lacks the scope read_pipelines".into())
        }
        Fact::Told(_) => told(buildkite.settings(pipeline).await),
        Fact::Refused(words) | Fact::Silent(words) => Fact::Silent(words),
    }
}

fn read(settings: &PipelineSettings, repository: &Repository) -> DeployPipeline {
    let provider = &settings.provider.settings;
    let of = Repository::from_clone_address(&settings.repository).ok();
    DeployPipeline {
        trigger_mode: provider.trigger_mode.clone(),
        builds_on_statuses: provider.build_deployment_status_created,
        drops_builds: settings.skip_queued_branch_builds || settings.cancel_running_branch_builds,
        is_of_repository: of.map(|of| of.is(repository)),
    }
}

fn told<T>(asked: Result<T, BuildkiteError>) -> Fact<T> {
    fact(asked, BuildkiteError::may_pass)
}
