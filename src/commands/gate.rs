//! Waiting for the image of a commit, of whatever command.

mod plan;

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, Utc};

pub(super) use self::plan::{Code, Teller, of, registry, teller};
use crate::{
    clients::{agent, buildkite::Buildkite, registry::Registry},
    decide::{self, Builds, Evidence, Gate, StepState, Waiting, Wanted},
    model::{Branch, Commit, Halt, Image, Pipeline},
};

/// Who knows how far the image has come.
#[derive(Debug)]
pub(super) enum Builders {
    /// Nobody but the registry.
    Nobody,
    /// A pipeline at Buildkite, of whose builds those of a commit and branch count.
    Pipeline(Buildkite, Pipeline, Commit, Branch),
    /// The build that we are in, with this page.
    Here(String),
}

/// What is waited for, and who is asked about it.
#[derive(Debug)]
pub(super) struct Watch {
    /// What is waited for.
    pub wanted: Wanted,
    /// Whose image it is.
    pub commit: Commit,
    /// The registry, where an image is looked for.
    pub registry: Option<Registry>,
    /// Who else knows.
    pub builders: Builders,
    /// How long to wait.
    pub timeout: Duration,
}

/// What whoever waits is told, once for each change.
pub(super) enum News<'a> {
    /// This is waited for.
    Waiting(&'a Waiting),
    /// Somebody does not answer at present.
    Silent(&'a str),
}

/// How waiting came out.
pub(super) enum Outcome {
    /// The gate is open or closed, for good.
    Decided(Gate),
    /// The time is over, with this as the last that was known.
    TimedOut(String),
}

impl Watch {
    /// Asks until it is decided, or the time is over.
    ///
    /// Fails where asking again would not help: a token that is refused, a registry that does not
    /// let us in.
    pub(super) async fn wait(&self, mut tell: impl FnMut(News<'_>)) -> anyhow::Result<Outcome> {
        let (begun, since) = (Instant::now(), Utc::now());
        let (mut told, mut trouble) = (Waiting::default(), String::new());
        let mut passed_since: Option<DateTime<Utc>> = None;
        let mut rounds = 0;
        loop {
            let asked = self.ask().await?;
            let evidence = Evidence {
                image: asked.image,
                is_registry_silent: asked.is_registry_silent,
                builds: asked.builds,
                since,
                passed_since,
            };
            let waiting = match decide::gate(&self.wanted, &evidence, Utc::now()) {
                Gate::Wait(waiting) => waiting,
                decided => return Ok(Outcome::Decided(decided)),
            };
            passed_since = waiting
                .passed
                .then(|| passed_since.unwrap_or_else(Utc::now));
            if asked.trouble != trouble && !asked.trouble.is_empty() {
                tell(News::Silent(&asked.trouble));
            } else if waiting.words != told.words && asked.trouble.is_empty() {
                tell(News::Waiting(&waiting));
                told = waiting;
            }
            trouble = asked.trouble;
            let left = self.timeout.saturating_sub(begun.elapsed());
            rounds += 1;
            let pause = decide::pace(rounds, rand::random(), asked.wait);
            if left.is_zero() {
                let last = [trouble, told.words].into_iter().find(|it| !it.is_empty());
                return Ok(Outcome::TimedOut(last.unwrap_or_default()));
            }
            tokio::time::sleep(pause.min(left)).await;
        }
    }

    async fn ask(&self) -> anyhow::Result<Asked> {
        let mut asked = Asked {
            image: None,
            is_registry_silent: false,
            builds: Builds::NotAsked,
            wait: None,
            trouble: String::new(),
        };
        if let Some(registry) = &self.registry {
            match registry.image(self.wanted.platform.is_some()).await {
                Ok(image) => asked.image = image,
                Err(error) if error.may_pass() => {
                    asked.is_registry_silent = true;
                    asked.trouble = error.to_string();
                }
                Err(error) => return Err(error.into()),
            }
        }
        // What is there needs no builder's word.
        if asked.image.is_none() {
            self.ask_builders(&mut asked).await?;
        }
        Ok(asked)
    }

    async fn ask_builders(&self, asked: &mut Asked) -> anyhow::Result<()> {
        match &self.builders {
            Builders::Nobody => {}
            Builders::Pipeline(buildkite, pipeline, commit, branch) => {
                match buildkite.builds(pipeline, commit, branch).await {
                    Ok(listing) => {
                        let (pipeline, commit) = (pipeline.clone(), commit.clone());
                        asked.wait = listing.wait;
                        asked.builds = Builds::Of(pipeline, commit, branch.clone(), listing.builds);
                    }
                    Err(error) if error.may_pass() => {
                        asked.wait = error.wait();
                        asked.builds = Builds::Silent;
                        asked.trouble = error.to_string();
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Builders::Here(build) => {
                let key = self.wanted.step.as_deref().context("a step has a key")?;
                match step(key, build).await {
                    Ok(step) => asked.builds = Builds::Here(step),
                    Err(error) if agent::is_missing(&error) => {
                        return Err(Halt::usage(format!("{error:#}")).into());
                    }
                    Err(error) => {
                        asked.builds = Builds::Silent;
                        asked.trouble = format!("failed to ask for the step {key}: {error:#}");
                    }
                }
            }
        }
        Ok(())
    }
}

/// What one round of questions came to.
struct Asked {
    image: Option<Image>,
    is_registry_silent: bool,
    builds: Builds,
    /// How long somebody asks us to keep away.
    wait: Option<Duration>,
    /// Who did not answer, and why; empty where everybody did.
    trouble: String,
}

async fn step(key: &str, build: &str) -> anyhow::Result<StepState> {
    let state = agent::step(key, "state").await?;
    // Before its end a step has no outcome that would count.
    let outcome = match state.as_deref() {
        Some("finished") => agent::step(key, "outcome").await?,
        Some(_) | None => None,
    };
    Ok(StepState {
        state,
        outcome: outcome.unwrap_or_default(),
        build: build.to_owned(),
    })
}
