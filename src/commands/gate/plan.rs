//! What a gate waits for, by the settings, and how it ends.

use std::{path::PathBuf, time::Duration};

use super::{
    super::{forge, here::Here},
    Builders, Outcome, Watch,
};
use crate::{
    clients::{
        buildkite::Buildkite,
        registry::{DockerConfig, Registry},
    },
    decide::{Gate, Proof, Wanted},
    model::{Branch, Commit, Ending, Facts, ImageName, Pipeline},
    report::{self, elapsed},
    settings::{Ci, GateOptions, Sources, UsageError, Variables},
};

/// What is built.
pub(in super::super) struct Code {
    pub commit: Commit,
    /// The branch, or why there is none.
    pub branch: Result<Branch, UsageError>,
}

/// The gate of `code`: all that can be wrong with the settings is found before anybody is asked.
pub(in super::super) fn of(
    options: &GateOptions,
    code: &Code,
    timeout: Duration,
    here: &Here<'_>,
) -> anyhow::Result<Watch> {
    let registry = registry(options, code, here)?;
    let builders = builders(options, code, (&here.ci, here.variables))?;
    let (image, registry) = registry.unzip();
    Ok(Watch {
        wanted: Wanted {
            image,
            platform: options.platform.clone(),
            step: options.buildkite.step.clone(),
            grace: options.grace,
        },
        commit: code.commit.clone(),
        registry,
        builders,
        timeout,
    })
}

/// The image's name for this commit, and the registry that tells of it.
pub(in super::super) fn registry(
    options: &GateOptions,
    code: &Code,
    here: &Here<'_>,
) -> anyhow::Result<Option<(String, Registry)>> {
    let Some(image) = image(options, here.sources, code)? else {
        return Ok(None);
    };
    let docker = DockerConfig::in_folder(docker_folder(here.variables));
    let name = image.to_string();
    let patience = forge::patience("the registry", here.report);
    let registry = Registry::new(image, docker, patience)?;
    Ok(Some((name, registry)))
}

impl Watch {
    /// What is waited for, in one line.
    pub(in super::super) fn heading(&self) -> String {
        let what = match (&self.wanted.image, &self.wanted.step) {
            (Some(image), _) => image.as_str(),
            (None, Some(step)) => step,
            (None, None) => "the build",
        };
        format!("Waiting for {what} of {}", self.commit.short())
    }

    /// How it ends, and what `--output json` prints.
    pub(in super::super) fn result(&self, outcome: Outcome) -> (Ending, report::Gated) {
        let gated = |state, message| report::Gated {
            commit: self.commit.to_string(),
            state,
            image: self.wanted.image.clone(),
            digest: None,
            build: None,
            message,
        };
        let at = |why: &str, build: &str| format!("{why}: {build}");
        match outcome {
            Outcome::Decided(Gate::Open(Proof::Digest(digest))) => {
                let name = self.wanted.image.as_deref().unwrap_or_default();
                let message = format!("{name} is there: {digest}");
                let digest = Some(digest);
                let result = gated("open", message);
                (Ending::Done, report::Gated { digest, ..result })
            }
            Outcome::Decided(Gate::Open(Proof::Passed(build))) => {
                let what = self.wanted.step.as_deref().unwrap_or("the build");
                let result = gated("open", at(&format!("{what} has passed"), &build));
                let build = Some(build);
                (Ending::Done, report::Gated { build, ..result })
            }
            Outcome::Decided(Gate::Closed { why, build }) => {
                let message = build
                    .as_deref()
                    .map_or(why.clone(), |build| at(&why, build));
                let result = gated("closed", message);
                (Ending::Failed, report::Gated { build, ..result })
            }
            Outcome::Decided(Gate::Superseded { why, build }) => {
                let result = gated("superseded", at(&why, &build));
                let build = Some(build);
                (Ending::Superseded, report::Gated { build, ..result })
            }
            Outcome::Decided(Gate::Wait(waiting)) => self.timed_out(gated, &waiting.words),
            Outcome::TimedOut(last) => self.timed_out(gated, &last),
        }
    }

    fn timed_out(
        &self,
        gated: impl Fn(&'static str, String) -> report::Gated,
        last: &str,
    ) -> (Ending, report::Gated) {
        let waited = elapsed(self.timeout);
        let message = format!("Waited {waited} in vain: {last}");
        (Ending::TimedOut, gated("timed-out", message))
    }
}

/// The image's name for this commit.
fn image(
    options: &GateOptions,
    sources: &Sources,
    code: &Code,
) -> Result<Option<ImageName>, UsageError> {
    let Some(template) = &options.image else {
        return Ok(None);
    };
    let facts = Facts::of_code(code.branch.as_ref().ok(), &code.commit);
    let name = template.fill(&facts).and_then(|name| name.parse());
    let mistake = |reason| UsageError(format!("{}: {reason}", sources.spell("image")));
    name.map(Some).map_err(mistake)
}

/// Who is asked about the build: in a job of the very build its agent, which needs no token.
fn builders(
    options: &GateOptions,
    code: &Code,
    (ci, variables): (&Ci, &Variables),
) -> anyhow::Result<Builders> {
    match teller(options, code, ci)? {
        Teller::Nobody => Ok(Builders::Nobody),
        Teller::Agent => Ok(Builders::Here(ci.buildkite.build_url.clone())),
        Teller::Pipeline(pipeline) => {
            let access = &options.buildkite.access;
            let token = access.token(variables, "read_builds")?;
            let buildkite = Buildkite::new(access.url(), token.secret())?;
            let branch = code.branch.clone()?;
            Ok(Builders::Pipeline(
                buildkite,
                pipeline.clone(),
                code.commit.clone(),
                branch,
            ))
        }
    }
}

/// Who tells of the build.
pub(in super::super) enum Teller<'a> {
    /// Nobody is asked.
    Nobody,
    /// The agent, of the build that we are in.
    Agent,
    /// Buildkite's API, of a pipeline.
    Pipeline(&'a Pipeline),
}

/// Who tells of the build: in a job of the very build its agent.
pub(in super::super) fn teller<'a>(
    options: &'a GateOptions,
    code: &Code,
    ci: &Ci,
) -> Result<Teller<'a>, UsageError> {
    let (options, job) = (&options.buildkite, &ci.buildkite);
    // A tag's build has no branch, and is its own all the same.
    let branch = code.branch.as_ref();
    let own = ci.commit().ok().as_ref() == Some(&code.commit)
        && branch.map_or(true, |branch| branch.as_str() == job.branch);
    let in_job = job.is_job();
    match (&options.pipeline, &options.step) {
        (None, None) => Ok(Teller::Nobody),
        (None, Some(_)) if in_job && own => Ok(Teller::Agent),
        (None, Some(_)) => {
            let reason = if in_job {
                "--pipeline is missing: the step is not of this build's commit and branch"
            } else {
                "--pipeline is missing: only in a job of Buildkite's is --step a step of its build"
            };
            Err(UsageError(reason.into()))
        }
        (Some(pipeline), Some(_))
            if in_job
                && own
                && pipeline.organization == job.organization_slug
                && pipeline.slug == job.pipeline_slug =>
        {
            Ok(Teller::Agent)
        }
        (Some(pipeline), _) => Ok(Teller::Pipeline(pipeline)),
    }
}

/// Where Docker's configuration is.
fn docker_folder(variables: &Variables) -> Option<PathBuf> {
    let given = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let home = || Some(PathBuf::from(given("HOME")?).join(".docker"));
    given("DOCKER_CONFIG").map(PathBuf::from).or_else(home)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::settings::BuildGate;

    #[test]
    fn a_tags_build_asks_its_own_agent_too() {
        let commit = "a".repeat(40);
        let variables = [
            ("BUILDKITE_JOB_ID", "j"),
            ("BUILDKITE_BRANCH", "v1"),
            ("BUILDKITE_TAG", "v1"),
            ("BUILDKITE_COMMIT", &commit),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables = Variables::from_iter(variables);
        let ci = Ci::read(&variables).unwrap();
        let settings = BuildGate::try_parse_from(["build-gate", "--step", "base-image"]).unwrap();
        let builders = |branch| {
            let commit = ci.commit().unwrap();
            builders(&settings.gate, &Code { commit, branch }, (&ci, &variables))
        };
        assert!(matches!(builders(ci.branch()), Ok(Builders::Here(_))));
        assert!(builders(Ok("new".parse().unwrap())).is_err());
    }
}
