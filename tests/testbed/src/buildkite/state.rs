//! All that one Buildkite knows.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Instant,
};

use tokio::sync::mpsc::UnboundedSender;

use super::{
    PATIENCE,
    limits::Limits,
    recorder::Request,
    runner::Running,
    statuses::Post,
    stored::{BuildData, JobData, PipelineData},
    tokens::Token,
};
use crate::{faults::Faults, run_folder::RunFolder};

/// Requests a minute of the whole organization.
const OF_THE_ORGANIZATION: u32 = 200;

/// One Buildkite, shared by its server, its handles and its jobs.
#[derive(Debug)]
pub struct Shared {
    /// The base URL, without a trailing slash.
    pub url: String,
    pub faults: Faults,
    state: Mutex<State>,
    changed: Condvar,
}

/// What changes.
pub struct State {
    pub pipelines: Vec<PipelineData>,
    pub tokens: Vec<Token>,
    pub limits: Limits,
    pub requests: Vec<Request>,
    /// Whether there are agents to run jobs.
    pub agents: bool,
    /// Variables of the agents, as their machine has them.
    pub agent_env: BTreeMap<String, String>,
    /// Folders of programs, before those of `PATH`.
    pub agent_path: Vec<PathBuf>,
    /// The jobs that run, by id.
    pub running: HashMap<String, Running>,
    /// Where jobs run; made for the first of them.
    pub folder: Option<Arc<RunFolder>>,
    /// Statuses of deployments on their way to GitHub.
    pub statuses: UnboundedSender<Post>,
    /// Whether the end has come: nothing starts any more.
    pub ended: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("pipelines", &self.pipelines)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub fn new(url: &str, statuses: UnboundedSender<Post>) -> Self {
        let state = State {
            pipelines: vec![],
            tokens: vec![],
            limits: Limits::of_a_minute(OF_THE_ORGANIZATION),
            requests: vec![],
            agents: true,
            agent_env: BTreeMap::new(),
            agent_path: vec![],
            running: HashMap::new(),
            folder: None,
            statuses,
            ended: false,
        };
        Self {
            url: url.to_owned(),
            faults: Faults::default(),
            state: state.into(),
            changed: Condvar::new(),
        }
    }

    /// The state, even if a test panicked while it held it: others still want to report.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Tells those who wait that something happened.
    pub fn changed(&self) {
        self.changed.notify_all();
    }

    /// Waits until `find` finds what it looks for.
    ///
    /// # Panics
    /// When it was not found in time.
    pub fn wait<T>(&self, what: &str, mut find: impl FnMut(&mut State) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.lock();
        loop {
            if let Some(found) = find(&mut state) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let seen = state.overview();
                drop(state);
                panic!("waited {PATIENCE:?} in vain until {what}; the builds are:\n{seen}");
            }
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }
}

impl State {
    /// The place of a pipeline, which is made if it is new.
    pub fn pipeline_or_new(&mut self, slug: &str) -> usize {
        let known = self.pipelines.iter().position(|one| one.slug == slug);
        known.unwrap_or_else(|| {
            self.pipelines.push(PipelineData::new(slug));
            self.pipelines.len() - 1
        })
    }

    /// A build that a handle holds.
    pub fn build(&mut self, pipeline: usize, number: u64) -> &mut BuildData {
        self.pipelines[pipeline]
            .build(number)
            .expect("builds are never removed")
    }

    /// The build and the job of an id, by the place of its pipeline.
    pub fn find_job(&mut self, id: &str) -> Option<(usize, u64)> {
        let holds = |build: &&BuildData| build.jobs.iter().any(|job| job.id == id);
        let mut pipelines = self.pipelines.iter().enumerate();
        pipelines.find_map(|(place, pipeline)| {
            let build = pipeline.builds.iter().find(holds)?;
            Some((place, build.number))
        })
    }

    /// All builds and jobs with their states, for who waited in vain.
    fn overview(&self) -> String {
        let job = |job: &JobData| format!(" {}={}", job.step.key, job.state);
        let mut text = String::new();
        for pipeline in &self.pipelines {
            for build in &pipeline.builds {
                let jobs: String = build.jobs.iter().map(job).collect();
                let (slug, number, state) = (&pipeline.slug, build.number, &build.state);
                text += &format!("{slug} #{number} {state}:{jobs}\n");
            }
        }
        text
    }
}
