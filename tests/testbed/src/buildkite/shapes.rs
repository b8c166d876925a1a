//! Pipelines, builds and jobs as the REST API shows them.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{
    ORGANIZATION,
    stored::{BuildData, JobData, PipelineData},
};

/// Which parts of a build are shown.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub jobs: bool,
    pub retried_jobs: bool,
    pub pipeline: bool,
}

/// The page of a build for people.
pub fn web_url(pipeline: &PipelineData, build: &BuildData) -> String {
    let slug = &pipeline.slug;
    format!(
        "https://buildkite.com/{ORGANIZATION}/{slug}/builds/{}",
        build.number
    )
}

/// A pipeline.
pub fn pipeline(url: &str, pipeline: &PipelineData) -> Value {
    let api = api(url, pipeline);
    let slug = &pipeline.slug;
    json!({
        "id": pipeline.id,
        "graphql_id": graphql_id("Pipeline", &pipeline.id),
        "url": api,
        "web_url": format!("https://buildkite.com/{ORGANIZATION}/{slug}"),
        "name": slug,
        "slug": slug,
        "description": null,
        "repository": pipeline.repository,
        "branch_configuration": null,
        "default_branch": "main",
        "provider": {
            "id": "github",
            // Only who may write pipelines sees it.
            "webhook_url": "",
            "settings": {
                "trigger_mode": pipeline.trigger.name(),
                "build_tags": pipeline.build_tags,
                "build_deployment_status_created": pipeline.builds_statuses,
                "publish_commit_status": true,
            },
        },
        "skip_queued_branch_builds": pipeline.skip_queued,
        "skip_queued_branch_builds_filter": null,
        "cancel_running_branch_builds": false,
        "cancel_running_branch_builds_filter": null,
        "builds_url": format!("{api}/builds"),
        "created_at": time(pipeline.created_at),
        "steps": pipeline.steps.iter().map(|step| json!({
            "type": "script",
            "name": step.label,
            "command": step.command,
            "env": step.env,
        })).collect::<Vec<_>>(),
    })
}

/// A build.
pub fn build(url: &str, owner: &PipelineData, build: &BuildData, parts: Parts) -> Value {
    let own = format!("{}/builds/{}", api(url, owner), build.number);
    let mut shape = json!({
        "id": build.id,
        "graphql_id": graphql_id("Build", &build.id),
        "url": own,
        "web_url": web_url(owner, build),
        "number": build.number,
        "state": build.state,
        "blocked": build.blocked,
        "cancel_reason": build.cancel_reason,
        "message": build.message,
        "commit": build.commit,
        "branch": build.branch,
        "tag": build.tag,
        "env": build.env,
        "source": build.source,
        "creator": creator(),
        "created_at": time(build.created_at),
        "scheduled_at": time(build.created_at),
        "started_at": build.started_at.map(time),
        "failing_at": build.failing_at.map(time),
        "finished_at": build.finished_at.map(time),
        "meta_data": build.meta_data,
        "pull_request": null,
        "rebuilt_from": build.rebuilt_from.as_ref().map(|(id, number)| json!({
            "id": id,
            "number": number,
            "url": format!("{}/builds/{number}", api(url, owner)),
        })),
    });
    if parts.jobs {
        let jobs = build.jobs.iter();
        let shown = jobs.filter(|job| parts.retried_jobs || job.retried_in.is_none());
        let jobs: Vec<_> = shown.map(|one| job(url, owner, build, one)).collect();
        shape["jobs"] = jobs.into();
    }
    if parts.pipeline {
        shape["pipeline"] = pipeline(url, owner);
    }
    shape
}

/// A job.
pub fn job(url: &str, owner: &PipelineData, build: &BuildData, job: &JobData) -> Value {
    let own = format!(
        "{}/builds/{}/jobs/{}",
        api(url, owner),
        build.number,
        job.id
    );
    let page = web_url(owner, build);
    let (index, total) = job.parallel.unzip();
    json!({
        "id": job.id,
        "graphql_id": graphql_id("Job", &job.id),
        "type": "script",
        "name": job.step.label,
        "step_key": job.step.key,
        "step": { "id": job.step_id, "signature": null },
        "priority": { "number": 0 },
        "agent_query_rules": [],
        "state": job.state,
        "build_url": format!("{}/builds/{}", api(url, owner), build.number),
        "web_url": format!("{page}#{}", job.id),
        "log_url": format!("{own}/log"),
        "raw_log_url": format!("{own}/log.txt"),
        "artifacts_url": format!("{own}/artifacts"),
        "command": job.step.command,
        "soft_failed": job.soft_failed,
        "exit_status": job.exit_status,
        "signal": job.signal,
        "signal_reason": job.signal.as_ref().map(|_| "cancel"),
        "artifact_paths": null,
        "agent": null,
        "created_at": time(job.created_at),
        "scheduled_at": time(build.created_at),
        "runnable_at": job.started_at.map(time),
        "started_at": job.started_at.map(time),
        "finished_at": job.finished_at.map(time),
        "retried": job.retried_in.is_some(),
        "retried_in_job_id": job.retried_in,
        "retries_count": (job.retries > 0).then_some(job.retries),
        "retry_type": job.retried_in.as_ref().map(|_| "manual"),
        "parallel_group_index": index,
        "parallel_group_total": total,
        "matrix": null,
        "cluster_id": null,
        "cluster_queue_id": null,
    })
}

fn api(url: &str, pipeline: &PipelineData) -> String {
    let slug = &pipeline.slug;
    format!("{url}/v2/organizations/{ORGANIZATION}/pipelines/{slug}")
}

fn creator() -> Value {
    json!({
        "id": "00000000-0000-4000-8000-000000000001",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "avatar_url": "https://www.gravatar.com/avatar/0",
        "created_at": "2015-05-22T12:36:45.309Z",
    })
}

fn graphql_id(kind: &str, id: &str) -> String {
    STANDARD.encode(format!("{kind}---{id}"))
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
