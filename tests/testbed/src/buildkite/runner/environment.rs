//! The variables of a job, as Buildkite and its agent set them.

use std::{env, fs, path::Path};

use serde_json::Value;

use super::super::{
    ORGANIZATION, shapes,
    state::{Shared, State},
    stored::{BuildData, JobData, PipelineData},
};

/// What the agent keeps out of logs by default.
const REDACTED: &str = "*_PASSWORD,*_SECRET,*_TOKEN,*_PRIVATE_KEY,*_ACCESS_KEY,*_SECRET_KEY,\
                        *_CONNECTION_STRING,*_API_KEY";

type Variables = Vec<(String, String)>;

/// All variables of a job; nothing else of this process reaches it.
pub fn of(shared: &Shared, state: &State, which: (usize, u64, &str), folder: &Path) -> Variables {
    let (place, number, id) = which;
    let pipeline = &state.pipelines[place];
    let mut builds = pipeline.builds.iter();
    let build = builds.find(|build| build.number == number);
    let build = build.expect("builds are never removed");
    let mut jobs = build.jobs.iter();
    let job = jobs.find(|job| job.id == id).expect("a job of this build");
    let mut all = of_the_machine(state, folder);
    all.extend(own(&state.agent_env));
    all.extend(own(&build.env));
    all.extend(own(&job.step.env));
    all.extend(of_the_agent(shared, job, folder));
    all.extend(of_the_build(pipeline, build));
    all.extend(of_the_job(job));
    all
}

fn own(variables: &std::collections::BTreeMap<String, String>) -> Variables {
    variables.clone().into_iter().collect()
}

fn named<const N: usize>(variables: [(&str, String); N]) -> Variables {
    let variables = variables.into_iter();
    variables
        .map(|(name, value)| (format!("BUILDKITE_{name}"), value))
        .collect()
}

/// A machine without anything of the one that the tests run on but its programs.
fn of_the_machine(state: &State, folder: &Path) -> Variables {
    let home = folder.join("home");
    fs::create_dir_all(&home).expect("a folder in our own one");
    let inherited = env::var_os("PATH").unwrap_or_default();
    let folders = state.agent_path.iter().cloned();
    let path = env::join_paths(folders.chain(env::split_paths(&inherited)));
    let path = path.expect("folders without a colon");
    vec![
        ("HOME".to_owned(), home.display().to_string()),
        ("PATH".to_owned(), path.to_string_lossy().into_owned()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("CI".to_owned(), "true".to_owned()),
        ("BUILDKITE".to_owned(), "true".to_owned()),
    ]
}

fn of_the_agent(shared: &Shared, job: &JobData, folder: &Path) -> Variables {
    let below = |name: &str| folder.join(name).display().to_string();
    named([
        ("AGENT_ENDPOINT", format!("{}/v3", shared.url)),
        ("AGENT_ACCESS_TOKEN", job.token.clone()),
        ("AGENT_NAME", "testbed-1".to_owned()),
        ("BUILD_PATH", below(&format!("builds/{}", job.id))),
        ("HOOKS_PATH", below("hooks")),
        ("PLUGINS_PATH", below("plugins")),
        // Short, because the path of a socket may have 107 bytes.
        ("SOCKETS_PATH", below("s")),
        ("SHELL", "/bin/sh -e -c".to_owned()),
        ("PTY", "false".to_owned()),
        ("SSH_KEYSCAN", "false".to_owned()),
        ("COMMAND_EVAL", "true".to_owned()),
        ("PLUGINS_ENABLED", "true".to_owned()),
        ("LOCAL_HOOKS_ENABLED", "true".to_owned()),
        ("REDACTED_VARS", REDACTED.to_owned()),
        ("CANCEL_GRACE_PERIOD", "10".to_owned()),
        ("SIGNAL_GRACE_PERIOD_SECONDS", "9".to_owned()),
        ("SKIP_CHECKOUT", (!job.step.checkout).to_string()),
    ])
}

fn of_the_build(pipeline: &PipelineData, build: &BuildData) -> Variables {
    let mut all = named([
        ("BUILD_ID", build.id.clone()),
        ("BUILD_NUMBER", build.number.to_string()),
        ("BUILD_URL", shapes::web_url(pipeline, build)),
        ("BUILD_CREATOR", "Ada Lovelace".to_owned()),
        ("BRANCH", build.branch.clone()),
        ("TAG", build.tag.clone().unwrap_or_default()),
        ("COMMIT", build.commit.clone()),
        ("MESSAGE", build.message.clone()),
        ("SOURCE", build.source.to_owned()),
        ("PULL_REQUEST", "false".to_owned()),
        ("REPO", pipeline.repository.clone()),
        ("ORGANIZATION_SLUG", ORGANIZATION.to_owned()),
        ("PIPELINE_ID", pipeline.id.clone()),
        ("PIPELINE_NAME", pipeline.slug.clone()),
        ("PIPELINE_SLUG", pipeline.slug.clone()),
        ("PIPELINE_PROVIDER", "github".to_owned()),
        ("PIPELINE_DEFAULT_BRANCH", "main".to_owned()),
    ]);
    if let Some((id, number)) = &build.rebuilt_from {
        all.extend(named([
            ("REBUILT_FROM_BUILD_ID", id.clone()),
            ("REBUILT_FROM_BUILD_NUMBER", number.to_string()),
        ]));
    }
    all
}

fn of_the_job(job: &JobData) -> Variables {
    let mut all = named([
        ("JOB_ID", job.id.clone()),
        ("STEP_ID", job.step_id.clone()),
        ("STEP_KEY", job.step.key.clone()),
        ("LABEL", job.step.label.clone()),
        ("COMMAND", job.step.command.clone()),
        ("RETRY_COUNT", job.retries.to_string()),
    ]);
    if let Some((index, total)) = job.parallel {
        all.extend(named([
            ("PARALLEL_JOB", index.to_string()),
            ("PARALLEL_JOB_COUNT", total.to_string()),
        ]));
    }
    let plugins = job.step.plugins.as_ref().map(Value::to_string);
    all.extend(plugins.map(|plugins| ("BUILDKITE_PLUGINS".to_owned(), plugins)));
    all
}
