//! The handles of a build and of its jobs.

use std::{fs, sync::Arc};

use chrono::Utc;

use super::{
    builds::{self, NewBuild},
    progress, runner, shapes,
    state::Shared,
    step::Step,
    stored::{BuildData, JobData},
};

/// A build. Clones are the same build.
#[derive(Clone, Debug)]
pub struct Build {
    pub(super) shared: Arc<Shared>,
    pub(super) place: usize,
    pub(super) number: u64,
}

impl Build {
    /// All that is known of it now.
    pub fn data(&self) -> BuildData {
        self.with(|build| build.clone())
    }

    /// Its number within the pipeline.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its state now, as Buildkite spells it.
    pub fn state(&self) -> String {
        self.data().state
    }

    /// Its page for people.
    pub fn web_url(&self) -> String {
        let build = self.data();
        shapes::web_url(&self.shared.lock().pipelines[self.place], &build)
    }

    /// What its page shows for `context`: the style and the Markdown.
    pub fn annotation(&self, context: &str) -> Option<(String, String)> {
        self.with(|build| build.annotations.get(context).cloned())
    }

    /// A value of its meta-data.
    pub fn meta_data(&self, key: &str) -> Option<String> {
        self.with(|build| build.meta_data.get(key).cloned())
    }

    /// Puts it into any state, also one that Buildkite does not have. Nothing else follows of it.
    pub fn set_state(&self, state: &str) -> &Self {
        self.with(|build| {
            state.clone_into(&mut build.state);
            build.finished_at = build.is_finished().then(Utc::now);
        });
        self
    }

    /// Says whether it waits at a block step; its state stays what it was.
    pub fn set_blocked(&self, blocked: bool) -> &Self {
        self.with(|build| build.blocked = blocked);
        self
    }

    /// Gives a pretended build a job of this step, in any state.
    pub fn pretend_job(&self, key: &str, state: &str) -> Job {
        let id = self.with(|build| {
            let others = build.jobs.iter();
            let known = others.clone().find(|job| job.step.key == key);
            let step_id = known.map_or_else(super::ids::uuid, |job| job.step_id.clone());
            let job = JobData::new(&Step::new(key), &step_id, None);
            build.jobs.push(job);
            build.jobs.last().expect("it was just pushed").id.clone()
        });
        let job = self.job_of(id);
        job.set_state(state);
        job
    }

    /// The newest job of a step.
    ///
    /// # Panics
    /// When it has none.
    pub fn job(&self, key: &str) -> Job {
        self.jobs(key)
            .pop()
            .unwrap_or_else(|| panic!("no job of {key}"))
    }

    /// All jobs of a step, retried ones first.
    pub fn jobs(&self, key: &str) -> Vec<Job> {
        let all = self.data().jobs.into_iter();
        all.filter(|job| job.step.key == key)
            .map(|job| self.job_of(job.id))
            .collect()
    }

    fn job_of(&self, id: String) -> Job {
        Job {
            build: self.clone(),
            id,
        }
    }

    /// Asks it to end, as the button "Cancel" does.
    pub fn cancel(&self) {
        let mut state = self.shared.lock();
        progress::cancel(&self.shared, &mut state, self.place, self.number, None);
    }

    /// Makes the same build once more, as the button "Rebuild" does.
    pub fn rebuild(&self) -> Self {
        let mut state = self.shared.lock();
        let new = NewBuild::again(state.build(self.place, self.number), "ui");
        let number = builds::create(&self.shared, &mut state, self.place, new);
        drop(state);
        Self {
            number,
            ..self.clone()
        }
    }

    /// Waits until it is in this state.
    ///
    /// # Panics
    /// When it was not in time, or ended in another.
    #[track_caller]
    pub fn await_state(&self, state: &str) {
        let found = self.wait(&format!("build #{} is {state}", self.number), |build| {
            let reached = build.state == state || build.is_finished();
            reached.then(|| build.state.clone())
        });
        assert_eq!(found, state, "{}", self.logs());
    }

    /// Waits until it has ended, and tells its state.
    ///
    /// # Panics
    /// When it had not in time, with the states of all builds and jobs.
    pub fn await_finished(&self) -> String {
        self.wait(&format!("build #{} has ended", self.number), |build| {
            build.is_finished().then(|| build.state.clone())
        })
    }

    /// What all its jobs said, for who looks for why it failed.
    pub fn logs(&self) -> String {
        let all = self.data().jobs.into_iter();
        let one = |job: JobData| {
            let (key, state) = (job.step.key.clone(), job.state.clone());
            format!("--- {key} {state}\n{}\n", self.job_of(job.id).log())
        };
        all.map(one).collect()
    }

    fn wait<T>(&self, what: &str, mut find: impl FnMut(&mut BuildData) -> Option<T>) -> T {
        self.shared
            .wait(what, |state| find(state.build(self.place, self.number)))
    }

    fn with<T>(&self, act: impl FnOnce(&mut BuildData) -> T) -> T {
        let result = act(self.shared.lock().build(self.place, self.number));
        self.shared.changed();
        result
    }
}

/// A job. Clones are the same job.
#[derive(Clone, Debug)]
pub struct Job {
    build: Build,
    id: String,
}

impl Job {
    /// All that is known of it now.
    pub fn data(&self) -> JobData {
        self.with(|job| job.clone())
    }

    /// Its state now, as Buildkite spells it.
    pub fn state(&self) -> String {
        self.data().state
    }

    /// Puts it into any state, also one that Buildkite does not have. Nothing else follows of it.
    pub fn set_state(&self, state: &str) -> &Self {
        self.with(|job| {
            let now = Utc::now();
            state.clone_into(&mut job.state);
            if job.is_running() || job.is_finished() {
                job.started_at.get_or_insert(now);
            }
            job.finished_at = job.is_finished().then_some(now);
            job.exit_status = match state {
                "passed" => Some(0),
                "failed" => Some(1),
                _ => None,
            };
        });
        self
    }

    /// Lets its failure not count.
    pub fn set_soft_failed(&self) -> &Self {
        self.with(|job| job.soft_failed = true);
        self
    }

    /// Makes it one of several side by side.
    pub fn set_parallel(&self, index: u32, total: u32) -> &Self {
        self.with(|job| job.parallel = Some((index, total)));
        self
    }

    /// Repeats it, as the button "Retry" does; a pretended job is `scheduled` then.
    pub fn retry(&self) -> Self {
        let Build {
            shared,
            place,
            number,
        } = &self.build;
        let mut state = shared.lock();
        let id = progress::retry(shared, &mut state, *place, *number, &self.id);
        drop(state);
        self.build.job_of(id)
    }

    /// Waits until it is in this state.
    ///
    /// # Panics
    /// When it was not in time, or ended in another.
    #[track_caller]
    pub fn await_state(&self, state: &str) {
        let what = format!("a job of build #{} is {state}", self.build.number);
        let found = self.build.wait(&what, |build| {
            let job = build.job(&self.id)?;
            (job.state == state || job.is_finished()).then(|| job.state.clone())
        });
        assert_eq!(found, state, "{}", self.log());
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        let folder = self.build.shared.lock().folder.clone();
        let log = folder.map(|folder| runner::log(&folder.path().join("jobs"), &self.id));
        let bytes = log.and_then(|log| fs::read(log).ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn with<T>(&self, act: impl FnOnce(&mut JobData) -> T) -> T {
        self.build
            .with(|build| act(build.job(&self.id).expect("jobs are never removed")))
    }
}
