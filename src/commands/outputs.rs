//! What later steps of the CI's job or build can use.

use std::{io::Write as _, path::Path};

use anyhow::Context as _;

use crate::{
    clients::agent,
    model::Ending,
    report::Report,
    settings::{Ci, Variables},
};

/// Hands `outputs` on: to GitHub's runner by its file, to a Buildkite build as meta-data
/// `branch-deploys:<name>`; those without a value are left out. What cannot be handed on is told, and
/// fails nothing.
pub(super) async fn publish(
    outputs: &[(&str, Option<&str>)],
    ci: &Ci,
    variables: &Variables,
    report: &Report,
) {
    let known = outputs
        .iter()
        .filter_map(|(name, value)| Some((*name, (*value)?)));
    let outputs: &[_] = &known.collect::<Vec<_>>();
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

/// Tells later steps of GitHub's job how a command ended that came to no result.
pub(super) fn tell_state(ending: Ending, variables: &Variables) {
    let state = match ending {
        Ending::Superseded => "superseded",
        Ending::TimedOut => "timed-out",
        Ending::Refused => "refused",
        Ending::Done | Ending::Failed | Ending::Usage | Ending::Signal(_) => "failed",
    };
    if let Some(path) = variables
        .get("GITHUB_OUTPUT")
        .filter(|path| !path.is_empty())
    {
        // The error is told already, and this is none beside it.
        let _ = append(Path::new(path), &[("state", state)]);
    }
}

/// What the page of a job or a build shows of what we did.
pub(super) struct Page<'a> {
    /// What it is about: in a Buildkite build it replaces what was shown of the same before.
    pub context: &'a str,
    /// How it ended.
    pub ending: Ending,
    /// What is shown.
    pub markdown: &'a str,
}

impl Page<'_> {
    /// Buildkite's word for how grave it is.
    fn style(&self) -> &'static str {
        match self.ending {
            Ending::Done => "success",
            Ending::Superseded => "info",
            Ending::Refused => "warning",
            Ending::Failed | Ending::Usage | Ending::TimedOut | Ending::Signal(_) => "error",
        }
    }
}

/// Shows `page` where the CI shows what a job comes to: in the summary of GitHub's job, and on the
/// page of a Buildkite build. What cannot be shown is told, and fails nothing.
pub(super) async fn show(page: &Page<'_>, ci: &Ci, variables: &Variables, report: &Report) {
    let file = variables.get("GITHUB_STEP_SUMMARY");
    if let Some(path) = file.filter(|path| !path.is_empty())
        // A job may have several programs; what one says ends no table of another's.
        && let Err(error) = write_to(Path::new(path), &format!("{}\n", page.markdown))
    {
        report.warn(&format!("the job has no summary: {error:#}"));
    }
    if ci.buildkite.is_job()
        && let Err(error) = agent::annotate(page.context, page.style(), page.markdown).await
    {
        report.warn(&format!("the build has no annotation: {error:#}"));
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

/// Appends in the form of several lines, with a delimiter that no value can hold by design: in the
/// other, a value with a line's end in it would be an output of its own.
fn append(path: &Path, outputs: &[(&str, &str)]) -> anyhow::Result<()> {
    let delimiter = format!("end-{:032x}", rand::random::<u128>());
    let text: String = outputs
        .iter()
        .map(|(name, value)| format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
        .collect();
    write_to(path, &text)
}

/// Adds text to a file of GitHub's runner.
fn write_to(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("failed to write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_several_lines_is_one_output() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        append(
            &path,
            &[("url", "https://x\nstate=success"), ("state", "queued")],
        )
        .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let delimiter = text.lines().next().unwrap().split_once("<<").unwrap().1;
        assert_eq!(
            text,
            format!(
                "url<<{delimiter}\nhttps://x\nstate=success\n{delimiter}\n\
                 state<<{delimiter}\nqueued\n{delimiter}\n"
            )
        );
    }
}
