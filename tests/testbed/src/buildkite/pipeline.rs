//! The handle of a pipeline.

use std::sync::Arc;

use serde_json::Value;

use super::{
    build::Build,
    builds::{self, NewBuild},
    state::Shared,
    step::Step,
    stored::{BuildData, PipelineData, Trigger},
};
use crate::github::{Repository, Webhook};

/// A pipeline of one Buildkite. Clones are the same pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    pub(super) shared: Arc<Shared>,
    pub(super) place: usize,
    pub(super) webhook: Option<Webhook>,
}

impl Pipeline {
    /// Builds what is pushed to the repository: its webhook delivers `push` from now on.
    pub fn on_pushes(self, repository: &Repository) -> Self {
        self.on(Trigger::Code, "push", repository)
    }

    /// Builds the deployments of the repository, and posts statuses of its own on them: the webhook
    /// delivers `deployment` from now on.
    pub fn on_deployments(self, repository: &Repository) -> Self {
        self.on(Trigger::Deployment, "deployment", repository)
    }

    fn on(self, trigger: Trigger, event: &str, repository: &Repository) -> Self {
        let deliver = self.with(|pipeline| {
            pipeline.trigger = trigger;
            pipeline.repository = format!("https://github.com/{}.git", repository.full_name());
            pipeline.deliver.clone()
        });
        let url = format!("{}/deliver/{deliver}", self.shared.url);
        Self {
            webhook: Some(repository.webhook(&url, &[event], "")),
            ..self
        }
    }

    /// Starts builds only for webhooks of which this holds, as a pipeline's `if` does.
    pub fn only_if(self, holds: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Self {
        self.with(|pipeline| pipeline.condition = Some(Box::new(holds)));
        self
    }

    /// Adds a step. Steps run side by side unless one says after which, or [`Self::wait`] does.
    pub fn step(self, step: Step) -> Self {
        self.with(|pipeline| {
            let barrier: Vec<&str> = pipeline.barrier.iter().map(String::as_str).collect();
            let step = step.after(&barrier);
            pipeline.steps.push(step);
        });
        self
    }

    /// A wait step: what comes after it begins when all before it has passed. Unlike Buildkite's,
    /// it is no job.
    pub fn wait(self) -> Self {
        self.with(|pipeline| {
            let keys = pipeline.steps.iter().map(|step| step.key.clone());
            pipeline.barrier = keys.collect();
        });
        self
    }

    /// Builds tags, too.
    pub fn build_tags(self) -> Self {
        self.with(|pipeline| pipeline.build_tags = true);
        self
    }

    /// "Skip intermediate builds": a build of which nothing ran yet is skipped for a newer one of
    /// its branch.
    pub fn skip_queued(self) -> Self {
        self.with(|pipeline| pipeline.skip_queued = true);
        self
    }

    /// "Build when deployment statuses are created", as its settings tell it.
    pub fn on_statuses(self) -> Self {
        self.with(|pipeline| pipeline.builds_statuses = true);
        self
    }

    /// The address that jobs clone, in place of the repository's at GitHub, which has no files.
    pub fn clones(self, address: &str) -> Self {
        self.with(|pipeline| address.clone_into(&mut pipeline.repository));
        self
    }

    /// The webhook that starts its builds, to lose, double or delay what it brings.
    ///
    /// # Panics
    /// When nothing starts its builds.
    pub fn webhook(&self) -> &Webhook {
        self.webhook.as_ref().expect("a pipeline with a repository")
    }

    /// Its slug, after that of the organization.
    pub fn path(&self) -> String {
        self.with(|pipeline| format!("{}/{}", super::ORGANIZATION, pipeline.slug))
    }

    /// Makes a build as the button "New Build" does; its jobs run.
    pub fn start_build(&self, branch: &str, commit: &str) -> Build {
        self.create(NewBuild::of(branch, commit))
    }

    /// Makes a build of which nothing runs, `scheduled` and without jobs: the test says what
    /// becomes of it.
    pub fn pretend_build(&self, branch: &str, commit: &str) -> Build {
        self.create(NewBuild {
            by_hand: true,
            ..NewBuild::of(branch, commit)
        })
    }

    fn create(&self, new: NewBuild) -> Build {
        let mut state = self.shared.lock();
        let number = builds::create(&self.shared, &mut state, self.place, new);
        self.build(number)
    }

    /// All builds, oldest first.
    pub fn builds(&self) -> Vec<Build> {
        let numbers: Vec<_> =
            self.with(|pipeline| pipeline.builds.iter().map(|build| build.number).collect());
        numbers
            .into_iter()
            .map(|number| self.build(number))
            .collect()
    }

    /// Waits for a build that is as `wanted` says, the oldest of them.
    ///
    /// # Panics
    /// When there is none in time.
    pub fn await_build(&self, wanted: impl Fn(&BuildData) -> bool) -> Build {
        let number = self.shared.wait("a build comes", |state| {
            let builds = &state.pipelines[self.place].builds;
            let found = builds.iter().find(|build| wanted(build));
            found.map(|build| build.number)
        });
        self.build(number)
    }

    pub(super) fn build(&self, number: u64) -> Build {
        Build {
            shared: Arc::clone(&self.shared),
            place: self.place,
            number,
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut PipelineData) -> T) -> T {
        let result = act(&mut self.shared.lock().pipelines[self.place]);
        self.shared.changed();
        result
    }
}
