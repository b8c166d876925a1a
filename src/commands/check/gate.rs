//! Asks for what a wait for an image needs: the registry, and who builds it.

use super::{Here, buildkite, fact};
use crate::{
    clients::{
        agent,
        registry::{Registry, RegistryError},
    },
    commands::gate::{self, Code, Teller},
    decide::check,
    model::{Branch, Commit, Fact, Line},
    settings::{Ci, GateOptions, UsageError},
};

/// In place of a commit and a branch where nobody tells them: only whether somebody would answer is
/// asked.
const SOME_COMMIT: &str = "0000000000000000000000000000000000000000";
const SOME_BRANCH: &str = "main";

/// What would be waited for: what is given, what the CI tells, or anything.
pub(super) fn code(
    branch: Option<&Branch>,
    commit: Option<&Commit>,
    ci: &Ci,
) -> anyhow::Result<Code> {
    let some = |reason: String| anyhow::Error::from(UsageError(reason));
    let commit = match commit.cloned().or_else(|| ci.commit().ok()) {
        Some(commit) => commit,
        None => SOME_COMMIT.parse().map_err(some)?,
    };
    let branch = match branch.cloned().or_else(|| ci.branch().ok()) {
        Some(branch) => branch,
        None => SOME_BRANCH.parse().map_err(some)?,
    };
    Ok(Code {
        commit,
        branch: Ok(branch),
    })
}

/// Who is asked about the image.
pub(super) struct Asked<'a> {
    registry: Option<(String, Registry)>,
    teller: Teller<'a>,
    options: &'a GateOptions,
}

/// Who would be asked.
///
/// # Errors
/// In usage, as a run does.
pub(super) fn of<'a>(
    options: &'a GateOptions,
    code: &Code,
    here: &Here<'_>,
) -> anyhow::Result<Asked<'a>> {
    Ok(Asked {
        registry: gate::registry(options, code, here)?,
        teller: gate::teller(options, code, &here.ci)?,
        options,
    })
}

/// The lines about registry and builders.
pub(super) async fn lines(asked: Asked<'_>, here: &Here<'_>) -> Vec<Line> {
    let (image, builders) = tokio::join!(
        image(asked.registry),
        builders(asked.teller, asked.options, here)
    );
    [image, builders].concat()
}

async fn image(registry: Option<(String, Registry)>) -> Vec<Line> {
    let Some((name, registry)) = registry else {
        return Vec::new();
    };
    let found = fact(registry.image(false).await, RegistryError::may_pass);
    vec![check::registry(&name, &found.map(|image| image.is_some()))]
}

async fn builders(teller: Teller<'_>, options: &GateOptions, here: &Here<'_>) -> Vec<Line> {
    let access = &options.buildkite.access;
    match teller {
        Teller::Nobody => Vec::new(),
        Teller::Agent => {
            let key = options.buildkite.step.as_deref().unwrap_or_default();
            vec![check::step(key, &step(key).await)]
        }
        Teller::Pipeline(pipeline) => {
            buildkite::builds(pipeline, access, &["read_builds"], here).await
        }
    }
}

async fn step(key: &str) -> Fact<()> {
    match agent::step(key, "state").await {
        Ok(Some(_)) => Fact::Told(()),
        // A later step of the pipeline may still be uploaded.
        Ok(None) => Fact::Silent("no step of this build has the key yet".into()),
        Err(error) if agent::is_missing(&error) => Fact::Refused(format!("{error:#}")),
        Err(error) => Fact::Silent(format!("{error:#}")),
    }
}
