//! `build-gate`: waits until the base image of a commit is there, or says why it never will be.

use std::path::PathBuf;

use anyhow::Context as _;
use chrono::Utc;

use super::{
    Start,
    gate::{Builders, News, Outcome, Watch},
    stop::{Reason, Stop},
};
use crate::{
    clients::{
        buildkite::Buildkite,
        registry::{DockerConfig, Registry},
    },
    decide::{self, Gate, Proof, Wanted},
    model::{Branch, Commit, Ending, Facts, ImageName},
    report::{self, Report, elapsed},
    settings::{BuildGate, Ci, Sources, UsageError, Variables},
};

pub(super) async fn run(start: Start<BuildGate>) -> anyhow::Result<Ending> {
    let report = Report::new(start.settings.output.output);
    let stop = Stop::on_signals().context("failed to listen for signals")?;
    let plan = Plan::of(&start)?;
    report.heading(&plan.heading());
    let waited = plan.watch.wait(|news| tell(news, &report));
    let Ok(outcome) = stop.unless(waited).await else {
        report.note("stopped waiting");
        return Ok(match stop.reason() {
            Some(Reason::Signal(number)) => Ending::Signal(number),
            _ => Ending::Failed,
        });
    };
    let (ending, result) = plan.result(outcome?);
    report.result(&result.message, &result);
    Ok(ending)
}

/// One line for each change.
fn tell(news: News<'_>, report: &Report) {
    match news {
        News::Waiting(waiting) => {
            let since = waiting.since.and_then(|at| (Utc::now() - at).to_std().ok());
            let since = since.map(|time| format!(", since {}", elapsed(time)));
            report.note(&format!("{}{}", waiting.words, since.unwrap_or_default()));
        }
        News::Silent(trouble) => report.warn(trouble),
    }
}

/// What is waited for, and how.
struct Plan {
    commit: Commit,
    image: Option<ImageName>,
    watch: Watch,
}

impl Plan {
    /// Finds all that can be wrong with the settings, before anybody is asked.
    fn of(start: &Start<BuildGate>) -> Result<Self, anyhow::Error> {
        let Start {
            settings,
            sources,
            variables,
        } = start;
        let ci = Ci::read(variables)?;
        let options = &settings.buildkite;
        if settings.image.is_none() && options.pipeline.is_none() && options.step.is_none() {
            let reason = "nothing to wait for: give --image, --pipeline or --step";
            return Err(UsageError(reason.into()).into());
        }
        let commit = settings.commit.clone().map_or_else(|| ci.commit(), Ok)?;
        // A tag's build has none, and may wait for an image all the same.
        let branch = settings.branch.clone().map_or_else(|| ci.branch(), Ok);
        let image = image(settings, sources, &commit, &branch)?;
        let builders = builders(settings, &ci, variables, &commit, branch)?;
        let docker = DockerConfig::in_folder(docker_folder(variables));
        let registry = image
            .clone()
            .map(|name| Registry::new(name, docker, decide::retry));
        let wanted = Wanted {
            image: image.as_ref().map(ToString::to_string),
            platform: settings.platform.clone(),
            step: options.step.clone(),
            grace: settings.grace,
        };
        Ok(Self {
            commit,
            image,
            watch: Watch {
                wanted,
                registry: registry.transpose()?,
                builders,
                timeout: settings.timeout,
            },
        })
    }

    fn heading(&self) -> String {
        let what = match (&self.image, &self.watch.wanted.step) {
            (Some(image), _) => image.to_string(),
            (None, Some(step)) => step.clone(),
            (None, None) => "the build".to_owned(),
        };
        format!("Waiting for {what} of {}", self.commit.short())
    }

    /// How it ends, and what `--output json` prints.
    fn result(&self, outcome: Outcome) -> (Ending, report::Gated) {
        let gated = |state, message| report::Gated {
            commit: self.commit.to_string(),
            state,
            image: self.image.as_ref().map(ToString::to_string),
            digest: None,
            build: None,
            message,
        };
        let at = |why: &str, build: &str| format!("{why}: {build}");
        match outcome {
            Outcome::Decided(Gate::Open(Proof::Digest(digest))) => {
                let name = self.watch.wanted.image.as_deref().unwrap_or_default();
                let message = format!("{name} is there: {digest}");
                let digest = Some(digest);
                let result = gated("open", message);
                (Ending::Done, report::Gated { digest, ..result })
            }
            Outcome::Decided(Gate::Open(Proof::Passed(build))) => {
                let what = self.watch.wanted.step.as_deref().unwrap_or("the build");
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
        let waited = elapsed(self.watch.timeout);
        let message = format!("Waited {waited} in vain: {last}");
        (Ending::TimedOut, gated("timed-out", message))
    }
}

/// The image's name for this commit.
fn image(
    settings: &BuildGate,
    sources: &Sources,
    commit: &Commit,
    branch: &Result<Branch, UsageError>,
) -> Result<Option<ImageName>, UsageError> {
    let Some(template) = &settings.image else {
        return Ok(None);
    };
    let facts = Facts::of_code(branch.as_ref().ok(), commit);
    let name = template.fill(&facts).and_then(|name| name.parse());
    let mistake = |reason| UsageError(format!("{}: {reason}", sources.spell("image")));
    name.map(Some).map_err(mistake)
}

/// Who is asked about the build: in a job of the very build its agent, which needs no token.
fn builders(
    settings: &BuildGate,
    ci: &Ci,
    variables: &Variables,
    commit: &Commit,
    branch: Result<Branch, UsageError>,
) -> anyhow::Result<Builders> {
    let (options, job) = (&settings.buildkite, &ci.buildkite);
    let own = ci.commit().ok().as_ref() == Some(commit)
        && settings
            .branch
            .as_ref()
            .is_none_or(|branch| branch.as_str() == job.branch);
    let in_job = !job.job_id.is_empty();
    let here = || Builders::Here(job.build_url.clone());
    match (&options.pipeline, &options.step) {
        (None, None) => Ok(Builders::Nobody),
        (None, Some(_)) if in_job && own => Ok(here()),
        (None, Some(_)) => {
            let reason = if in_job {
                "--pipeline is missing: the step is not of this build's commit and branch"
            } else {
                "--pipeline is missing: only in a job of Buildkite's is --step a step of its build"
            };
            Err(UsageError(reason.into()).into())
        }
        (Some(pipeline), Some(_))
            if in_job
                && own
                && pipeline.organization == job.organization_slug
                && pipeline.slug == job.pipeline_slug =>
        {
            Ok(here())
        }
        (Some(pipeline), _) => {
            let token = options.token(variables)?;
            let buildkite = Buildkite::new(&options.buildkite_url, token.secret())?;
            let pipeline = pipeline.clone();
            Ok(Builders::Pipeline(
                buildkite,
                pipeline,
                commit.clone(),
                branch?,
            ))
        }
    }
}

/// Where Docker's configuration is.
fn docker_folder(variables: &Variables) -> Option<PathBuf> {
    let given = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let home = || Some(PathBuf::from(given("HOME")?).join(".docker"));
    given("DOCKER_CONFIG").map(PathBuf::from).or_else(home)
}
