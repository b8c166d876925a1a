//! Whether the image of a commit is there, will come, or never will.

mod step;

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::{Branch, Build, Commit, Image, Pipeline, Platform};
use step::Progress;

/// What is waited for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The image, as people read it; none where the registry is not asked.
    pub image: Option<String>,
    /// What it has to run on; anything, where none is given.
    pub platform: Option<Platform>,
    /// The key of the step that makes it; the whole build, where none is given.
    pub step: Option<String>,
    /// How long no build, or no image of a step that passed, is believed to be only late.
    pub grace: Duration,
}

/// What the builders of the image say.
#[derive(Debug, Clone)]
pub enum Builds {
    /// They are not asked.
    NotAsked,
    /// They could not answer just now.
    Silent,
    /// A pipeline's builds of a commit and branch, newest first.
    Of(Pipeline, Commit, Branch, Vec<Build>),
    /// What the agent says of a step of the build that we are in.
    Here(StepState),
}

/// A step, as Buildkite's agent tells it.
#[derive(Debug, Clone)]
pub struct StepState {
    /// As in `running`; none for a key that no step of this build has.
    pub state: Option<String>,
    /// As in `passed`, of a step that is finished.
    pub outcome: String,
    /// The build's page.
    pub build: String,
}

/// All that is known at one time.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The image, where the registry has it.
    pub image: Option<Image>,
    /// Whether the registry could not answer just now: it has not said that there is none.
    pub is_registry_silent: bool,
    /// What the builders say.
    pub builds: Builds,
    /// When we began to ask.
    pub since: DateTime<Utc>,
    /// When the step was first seen to have passed, if it was.
    pub passed_since: Option<DateTime<Utc>>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// Go on: the image is there.
    Open(Proof),
    /// Ask again later.
    Wait(Waiting),
    /// The image will never be there.
    Closed {
        /// Why, for people.
        why: String,
        /// The page of the build that would have made it.
        build: Option<String>,
    },
    /// A newer commit is built in place of ours.
    Superseded {
        /// Why, for people.
        why: String,
        /// The page of the build that was skipped.
        build: String,
    },
}

/// What proves that the image is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The registry has it, with this digest.
    Digest(String),
    /// What makes it has passed, in the build with this page.
    Passed(String),
}

/// What is waited for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waiting {
    /// In words, which stay the same for as long as nothing changes.
    pub words: String,
    /// Since when, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// Whether the step has passed, and only the registry does not show its image yet.
    pub passed: bool,
}

/// Whether the gate opens.
///
/// An image that is there opens it, whatever its builders say. Otherwise they decide; if nobody
/// asks them, it is waited for.
pub fn gate(wanted: &Wanted, evidence: &Evidence, now: DateTime<Utc>) -> Gate {
    if let Some(image) = &evidence.image {
        return shown(wanted, image);
    }
    let built = match &evidence.builds {
        Builds::NotAsked | Builds::Silent => {
            return wait(match &wanted.image {
                Some(image) => format!("{image} is not in the registry yet"),
                None => "Buildkite has not answered yet".to_owned(),
            });
        }
        // A step may be uploaded by another one that has not run yet.
        Builds::Here(StepState { state: None, .. })
            if is_within(wanted.grace, evidence.since, now) =>
        {
            return wait(format!("this build has no step {} yet", step::name(wanted)));
        }
        Builds::Here(step) => step::here(wanted, step),
        Builds::Of(pipeline, commit, branch, builds) => {
            let builds = builds
                .iter()
                .filter(|build| build.commit == commit.as_str() && build.branch == branch.as_str());
            match step::newest(wanted, builds) {
                Some(progress) => progress,
                None => return unseen(wanted, (pipeline, commit, branch), evidence, now),
            }
        }
    };
    match (built, &wanted.image) {
        (Progress::Waits(words, since), _) => Gate::Wait(Waiting {
            words,
            since,
            passed: false,
        }),
        (Progress::Failed(why, build), _) => Gate::Closed { why, build },
        (Progress::Skipped(why, build), _) => Gate::Superseded { why, build },
        (Progress::Passed(build), None) => Gate::Open(Proof::Passed(build)),
        (Progress::Passed(build), Some(image)) => missing(wanted, image, build, evidence, now),
    }
}

/// How long to wait until everybody is asked again, after so many `rounds`: 2 s once, since what is
/// cached is built in no time, and then 12 to 15 s, so that in no minute there are more than six
/// requests. `jitter` is from 0 to 1, and a time that a server asked for is waited for in any case.
pub fn pace(rounds: u32, jitter: f64, asked: Option<Duration>) -> Duration {
    let own = match rounds {
        0 | 1 => Duration::from_secs(2),
        _ => Duration::from_secs_f64(12.0 + 3.0 * jitter.clamp(0.0, 1.0)),
    };
    own.max(asked.unwrap_or_default())
}

fn shown(wanted: &Wanted, image: &Image) -> Gate {
    let unfit = wanted.platform.as_ref().filter(|wanted| {
        let mut made_for = image.platforms.iter();
        !made_for.any(|platform| platform.serves(wanted))
    });
    let Some(platform) = unfit else {
        return Gate::Open(Proof::Digest(image.digest.clone()));
    };
    let has: Vec<String> = image.platforms.iter().map(ToString::to_string).collect();
    let has = match &has[..] {
        [] => "no platform that it tells".to_owned(),
        has => has.join(", "),
    };
    let name = wanted.image.as_deref().unwrap_or("the image");
    Gate::Closed {
        why: format!("{name} is there, but not for {platform}: it is for {has}"),
        build: None,
    }
}

/// No build of the commit: GitHub's webhook may be on its way.
fn unseen(
    wanted: &Wanted,
    (pipeline, commit, branch): (&Pipeline, &Commit, &Branch),
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Gate {
    let short = commit.short();
    if is_within(wanted.grace, evidence.since, now) {
        return wait(format!("{pipeline} has no build of {short} yet"));
    }
    Gate::Closed {
        why: format!(
            "{pipeline} has no build of {short} on {branch}: was the commit pushed, and to this \
             branch?"
        ),
        build: None,
    }
}

/// The step has passed, but the registry does not have what it should have pushed.
fn missing(
    wanted: &Wanted,
    image: &str,
    build: String,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Gate {
    let name = step::name(wanted);
    let passed_since = evidence.passed_since.unwrap_or(now);
    if evidence.is_registry_silent || is_within(wanted.grace, passed_since, now) {
        return Gate::Wait(Waiting {
            words: format!("{name} has passed, and {image} is not in the registry yet: {build}"),
            since: None,
            passed: true,
        });
    }
    Gate::Closed {
        why: format!(
            "{name} has passed, but {image} is not in the registry: is it what the build pushes?"
        ),
        build: Some(build),
    }
}

fn is_within(grace: Duration, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    // A clock that was set back has waited no time.
    (now - since).to_std().unwrap_or_default() < grace
}

fn wait(words: String) -> Gate {
    Gate::Wait(Waiting {
        words,
        ..Waiting::default()
    })
}

#[cfg(test)]
mod tests;
