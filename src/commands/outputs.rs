//! What later steps of the CI's job or build can use.

use std::path::Path;

use crate::{
    clients::agent,
    report::{Report, append},
    settings::{Ci, Variables},
};

/// Hands `outputs` on: to GitHub's runner by its file, to a Buildkite build as meta-data
/// `branch-deploys:<name>`. What cannot be handed on is told, and fails nothing.
pub(super) async fn publish(
    outputs: &[(&str, String)],
    ci: &Ci,
    variables: &Variables,
    report: &Report,
) {
    let file = variables
        .get("GITHUB_OUTPUT")
        .filter(|path| !path.is_empty());
    if let Some(path) = file
        && let Err(error) = append(Path::new(path), outputs)
    {
        report.warn(&format!("the step has no outputs: {error:#}"));
    }
    if ci.buildkite.is_job() {
        for (name, value) in outputs {
            keep(&format!("branch-deploys:{name}"), value, report).await;
        }
    }
}

/// Tells a deploy build what its own last status on the deployment is to carry: Buildkite posts one
/// when the build ends, after ours (Buildkite's docs, "Deployments with GitHub").
pub(super) async fn tell_build(tier: &str, url: Option<&str>, report: &Report) {
    keep("github_deployment_status:environment", tier, report).await;
    if let Some(url) = url {
        keep("github_deployment_status:environment_url", url, report).await;
    }
}

async fn keep(key: &str, value: &str, report: &Report) {
    if let Err(error) = agent::set_meta_data(key, value).await {
        report.warn(&format!("the build has no meta-data {key}: {error:#}"));
    }
}
