//! Pipelines, builds and jobs as the server keeps them.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{ORGANIZATION, ids, step::Step};

/// Decides by a webhook's payload whether a build starts, as a pipeline's `if` does.
pub type Condition = Box<dyn Fn(&Value) -> bool + Send + Sync>;

/// What starts the builds of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Pushes.
    Code,
    /// GitHub's deployments.
    Deployment,
}

impl Trigger {
    /// As `provider.settings.trigger_mode` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Deployment => "deployment",
        }
    }
}

/// A pipeline with all its builds.
pub struct PipelineData {
    pub id: String,
    pub slug: String,
    /// The clone address.
    pub repository: String,
    pub trigger: Trigger,
    pub build_tags: bool,
    pub skip_queued: bool,
    /// Whether it says that statuses of deployments start builds; none start here.
    pub builds_statuses: bool,
    pub condition: Option<Condition>,
    pub steps: Vec<Step>,
    /// Steps that the next ones wait for.
    pub barrier: Vec<String>,
    /// Oldest first.
    pub builds: Vec<BuildData>,
    /// The secret part of the webhook's address.
    pub deliver: String,
    pub created_at: DateTime<Utc>,
}

impl PipelineData {
    pub fn new(slug: &str) -> Self {
        Self {
            id: ids::uuid(),
            slug: slug.to_owned(),
            repository: format!("https://github.com/{ORGANIZATION}/{slug}.git"),
            trigger: Trigger::Code,
            build_tags: false,
            skip_queued: false,
            builds_statuses: false,
            condition: None,
            steps: vec![],
            barrier: vec![],
            builds: vec![],
            deliver: ids::secret(""),
            created_at: Utc::now(),
        }
    }

    pub fn build(&mut self, number: u64) -> Option<&mut BuildData> {
        let mut builds = self.builds.iter_mut();
        builds.find(|build| build.number == number)
    }
}

impl fmt::Debug for PipelineData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineData")
            .field("slug", &self.slug)
            .field("builds", &self.builds)
            .finish_non_exhaustive()
    }
}

/// GitHub's deployment that a build is for.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Its numeric id.
    pub id: u64,
    /// Where its statuses are posted.
    pub statuses_url: String,
}

/// A build.
#[derive(Clone, Debug)]
pub struct BuildData {
    /// Its UUID.
    pub id: String,
    /// Its number within the pipeline, from 1.
    pub number: u64,
    /// As Buildkite spells it; tests may put in one that it does not know.
    pub state: String,
    /// Whether it waits at a block step; the state does not tell.
    pub blocked: bool,
    /// The branch, or the tag on a tag's build.
    pub branch: String,
    /// The tag; none on a branch's build.
    pub tag: Option<String>,
    /// The commit's SHA, or `HEAD`.
    pub commit: String,
    /// The commit's message, or what was given.
    pub message: String,
    /// `webhook`, `api`, `ui` …
    pub source: &'static str,
    /// Variables of all its jobs.
    pub env: BTreeMap<String, String>,
    /// What its jobs keep for each other.
    pub meta_data: BTreeMap<String, String>,
    /// Annotations by their context: style and body.
    pub annotations: BTreeMap<String, (String, String)>,
    /// In the order of the steps; retried ones before what they were retried in.
    pub jobs: Vec<JobData>,
    /// The deployment whose statuses it posts.
    pub deployment: Option<Deployment>,
    /// Id and number of the build that it repeats.
    pub rebuilt_from: Option<(String, u64)>,
    /// Why it was canceled.
    pub cancel_reason: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its first job began.
    pub started_at: Option<DateTime<Utc>>,
    /// When a job failed for good.
    pub failing_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Whether a test alone moves it: nothing of it runs.
    pub by_hand: bool,
}

impl BuildData {
    pub fn new(number: u64, branch: &str, commit: &str) -> Self {
        Self {
            id: ids::uuid(),
            number,
            state: "scheduled".to_owned(),
            blocked: false,
            branch: branch.to_owned(),
            tag: None,
            commit: commit.to_owned(),
            message: String::new(),
            source: "ui",
            env: BTreeMap::new(),
            meta_data: BTreeMap::new(),
            annotations: BTreeMap::new(),
            jobs: vec![],
            deployment: None,
            rebuilt_from: None,
            cancel_reason: None,
            created_at: Utc::now(),
            started_at: None,
            failing_at: None,
            finished_at: None,
            by_hand: false,
        }
    }

    /// Whether nothing happens to it any more, unless somebody retries a job.
    pub fn is_finished(&self) -> bool {
        ["passed", "failed", "canceled", "skipped", "not_run"].contains(&self.state.as_str())
    }

    pub fn job(&mut self, id: &str) -> Option<&mut JobData> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }
}

/// A job: one run of one step.
#[derive(Clone, Debug)]
pub struct JobData {
    /// Its UUID.
    pub id: String,
    /// The step it is a run of.
    pub step: Step,
    /// The UUID of the step within its build.
    pub step_id: String,
    /// As Buildkite spells it; tests may put in one that it does not know.
    pub state: String,
    /// The command's exit status.
    pub exit_status: Option<i32>,
    /// The signal that ended it, as `SIGTERM`.
    pub signal: Option<String>,
    /// Whether its failure does not count.
    pub soft_failed: bool,
    /// The job that repeats it.
    pub retried_in: Option<String>,
    /// How often its step was retried before it.
    pub retries: u32,
    /// Which of how many it is, from 0.
    pub parallel: Option<(u32, u32)>,
    /// By which it asks the Agent API.
    pub token: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl JobData {
    pub fn new(step: &Step, step_id: &str, parallel: Option<(u32, u32)>) -> Self {
        Self {
            id: ids::uuid(),
            step: step.clone(),
            step_id: step_id.to_owned(),
            state: "waiting".to_owned(),
            exit_status: None,
            signal: None,
            soft_failed: false,
            retried_in: None,
            retries: 0,
            parallel,
            token: ids::secret("bkaj_"),
            created_at: Utc::now(),
            started_at: None,
            finished_at: None,
        }
    }

    /// Whether it runs, or is about to end.
    pub fn is_running(&self) -> bool {
        ["assigned", "accepted", "running", "canceling", "timing_out"]
            .contains(&self.state.as_str())
    }

    /// Whether it will not move any more.
    pub fn is_finished(&self) -> bool {
        [
            "passed",
            "failed",
            "timed_out",
            "canceled",
            "skipped",
            "broken",
            "expired",
        ]
        .contains(&self.state.as_str())
    }

    /// Whether it stands in the way of what comes after it.
    pub fn has_failed(&self) -> bool {
        self.is_finished() && self.state != "passed" && !self.soft_failed
    }
}
