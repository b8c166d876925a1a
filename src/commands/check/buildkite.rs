//! Asks Buildkite for what a program needs there.

use super::{Here, fact};
use crate::{
    clients::buildkite::{Buildkite, BuildkiteError, PipelineSettings},
    decide::check::{self, BuildkiteFacts, DeployPipeline},
    model::{Fact, Line, Pipeline, Repository},
    settings::{BuildkiteAccess, Token},
};

/// By this meta-data no build was started.
const NO_BUILD: (&str, &str) = ("branch-deploys", "check");

const NO_TOKEN: &str = "BUILDKITE_API_TOKEN is not set";

/// The lines about a pipeline whose builds are read or started, by a token with these scopes.
pub(super) async fn builds(
    pipeline: &Pipeline,
    access: &BuildkiteAccess,
    needed: &'static [&'static str],
    here: &Here<'_>,
) -> Vec<Line> {
    let facts = |scopes, shown| BuildkiteFacts {
        pipeline: pipeline.to_string(),
        scopes,
        needed,
        shown,
    };
    let buildkite = match door(access, here) {
        Fact::Told(Some(buildkite)) => buildkite,
        Fact::Told(None) => return check::buildkite(&unasked(facts, NO_TOKEN)),
        Fact::Refused(why) | Fact::Silent(why) => return check::buildkite(&unasked(facts, &why)),
    };
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
    check::buildkite(&facts(scopes, shown))
}

/// Buildkite, for who has its token; none where nobody gave one.
fn door(access: &BuildkiteAccess, here: &Here<'_>) -> Fact<Option<Buildkite>> {
    let token = access.given(here.variables).map_err(anyhow::Error::from);
    let door = token.and_then(|token| {
        let of = |token: Token| Buildkite::new(access.url(), token.secret());
        token.map(of).transpose()
    });
    match door {
        Ok(door) => Fact::Told(door),
        Err(error) => Fact::Refused(format!("{error:#}")),
    }
}

fn unasked(
    facts: impl Fn(Fact<Vec<String>>, Fact<()>) -> BuildkiteFacts,
    why: &str,
) -> BuildkiteFacts {
    let shown = Fact::Silent("not asked: there is no token".into());
    facts(Fact::Refused(why.to_owned()), shown)
}

/// The lines about the pipeline that GitHub's deployments start, where it is named. The program itself
/// needs nothing of what is asked here, so that a token that may not see it is no failure.
pub(super) async fn deploy_pipeline(
    pipeline: Option<&Pipeline>,
    access: &BuildkiteAccess,
    repository: &Repository,
    here: &Here<'_>,
) -> Vec<Line> {
    let Some(pipeline) = pipeline else {
        let why = "not asked: --deploy-pipeline does not name it";
        return vec![Line::unknown("Buildkite: deploy pipeline", why)];
    };
    let name = pipeline.to_string();
    let buildkite = match door(access, here) {
        Fact::Told(Some(buildkite)) => buildkite,
        Fact::Told(None) => {
            let why = format!("not asked: {NO_TOKEN}, a token with the scope read_pipelines");
            return check::deploy_pipeline(&name, &Fact::Silent(why));
        }
        Fact::Refused(why) | Fact::Silent(why) => return vec![check::useless(&name, &why)],
    };
    let found = match told(buildkite.scopes(pipeline).await) {
        Fact::Told(scopes) if !scopes.iter().any(|it| it == "read_pipelines") => {
            Fact::Silent("not asked: the token lacks the scope read_pipelines".into())
        }
        Fact::Told(_) => told(buildkite.settings(pipeline).await).map(|it| read(&it, repository)),
        Fact::Refused(why) => return vec![check::useless(&name, &why)],
        Fact::Silent(why) => Fact::Silent(why),
    };
    check::deploy_pipeline(&name, &found)
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
