//! How a build comes to be.

use std::{collections::BTreeMap, sync::Arc};

use chrono::Utc;

use super::{
    ids, progress,
    state::{Shared, State},
    step::Step,
    stored::{BuildData, Deployment, JobData, PipelineData},
};

/// A build that is to be made.
#[derive(Clone, Debug)]
pub struct NewBuild {
    pub branch: String,
    pub tag: Option<String>,
    pub commit: String,
    pub message: String,
    pub source: &'static str,
    pub env: BTreeMap<String, String>,
    pub meta_data: BTreeMap<String, String>,
    pub deployment: Option<Deployment>,
    pub rebuilt_from: Option<(String, u64)>,
    /// Whether a test alone moves it; it has no jobs then but those that the test gives it.
    pub by_hand: bool,
}

impl NewBuild {
    pub fn of(branch: &str, commit: &str) -> Self {
        Self {
            branch: branch.to_owned(),
            tag: None,
            commit: commit.to_owned(),
            message: String::new(),
            source: "ui",
            env: BTreeMap::new(),
            meta_data: BTreeMap::new(),
            deployment: None,
            rebuilt_from: None,
            by_hand: false,
        }
    }

    /// The same once more. Meta-data is not copied.
    pub fn again(build: &BuildData, source: &'static str) -> Self {
        Self {
            tag: build.tag.clone(),
            message: build.message.clone(),
            source,
            env: build.env.clone(),
            deployment: build.deployment.clone(),
            rebuilt_from: Some((build.id.clone(), build.number)),
            by_hand: build.by_hand,
            ..Self::of(&build.branch, &build.commit)
        }
    }
}

/// Makes a build, sets it going, and tells its number.
pub fn create(shared: &Arc<Shared>, state: &mut State, place: usize, new: NewBuild) -> u64 {
    let pipeline = &mut state.pipelines[place];
    if pipeline.skip_queued {
        skip_queued(pipeline, &new.branch);
    }
    let number = pipeline.builds.len() as u64 + 1;
    let build = BuildData {
        tag: new.tag,
        message: new.message,
        source: new.source,
        env: new.env,
        meta_data: new.meta_data,
        deployment: new.deployment,
        rebuilt_from: new.rebuilt_from,
        by_hand: new.by_hand,
        jobs: if new.by_hand {
            vec![]
        } else {
            pipeline.steps.iter().flat_map(jobs).collect()
        },
        ..BuildData::new(number, &new.branch, &new.commit)
    };
    pipeline.builds.push(build);
    progress::advance(shared, state, place, number);
    shared.changed();
    number
}

/// The jobs of a step.
fn jobs(step: &Step) -> Vec<JobData> {
    let id = ids::uuid();
    match step.parallelism {
        None => vec![JobData::new(step, &id, None)],
        Some(total) => (0..total)
            .map(|index| JobData::new(step, &id, Some((index, total))))
            .collect(),
    }
}

/// Builds of the branch of which nothing ran yet give way to a newer one.
fn skip_queued(pipeline: &mut PipelineData, branch: &str) {
    let queued = |build: &&mut BuildData| build.branch == branch && build.state == "scheduled";
    for build in pipeline.builds.iter_mut().filter(queued) {
        build.state = "skipped".to_owned();
        build.finished_at = Some(Utc::now());
        for job in &mut build.jobs {
            job.state = "skipped".to_owned();
        }
    }
}
