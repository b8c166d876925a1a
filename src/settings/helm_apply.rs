use std::time::Duration;

use clap::Parser;

use super::{
    AddressOptions, AppOptions, CheckOption, Ci, ClusterOptions, GitHubOptions, HelmOptions,
    LockOptions, RunOptions,
};
use crate::model::{Branch, Commit, ReleaseSettings, Template};

/// Makes the environment of a branch: releases, rollouts, address, and the deployment's statuses
#[derive(Debug, Parser)]
#[command(name = "helm-apply", version, max_term_width = 100)]
pub struct HelmApply {
    #[command(flatten)]
    pub(crate) app: AppOptions,
    #[command(flatten)]
    pub(crate) github: GitHubOptions,
    /// GitHub deployment to land [default: the one that started this build or workflow]
    #[arg(long, value_name = "ID")]
    pub(crate) deployment: Option<u64>,
    /// Branch to deploy without a deployment [default: the CI's]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) branch: Option<Branch>,
    /// Commit to deploy without a deployment, in full [default: the CI's]
    #[arg(long)]
    pub(crate) commit: Option<Commit>,
    /// Helm release as YAML or JSON, {name, chart, values, needs, …}, or the main chart alone; repeat it, or give a list
    #[arg(long, visible_alias = "release", value_name = "RELEASE", required = true, value_parser = release)]
    pub(crate) releases: Vec<ReleaseSettings>,
    /// Address, as in https://{slug}.beta.example.com; leave it out for an app without one
    #[arg(long)]
    pub(crate) url: Option<Template>,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
    #[command(flatten)]
    pub(crate) lock: LockOptions,
    #[command(flatten)]
    pub(crate) helm: HelmOptions,
    #[command(flatten)]
    pub(crate) address: AddressOptions,
    /// Most environments that may be up in the namespace [default: no limit]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_environments: Option<usize>,
    /// Run the chart's migrations: sets global.branchDeploy.migrate
    #[arg(long)]
    pub(crate) migrate: bool,
    /// Take over releases of these names that somebody else made
    #[arg(long)]
    pub(crate) adopt: bool,
    /// How long age removes nothing, as in 14d [default: the deployment's]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) keep_for: Option<Duration>,
    /// Revisions that Helm keeps of each release
    #[arg(long, default_value = "10", value_name = "NUMBER")]
    pub(crate) history_max: u32,
    /// How often a container may crash and be started again until its release is given up
    #[arg(long, default_value = "3", value_name = "NUMBER")]
    pub(crate) max_restarts: u64,
    /// Halves Helm's time, and finds mistyped fields of a manifest later
    #[arg(long)]
    pub(crate) skip_openapi_validation: bool,
    #[command(flatten)]
    pub(crate) check: CheckOption,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// A release as text: a map in YAML (JSON is YAML too), or the path of the main release's chart.
fn release(text: &str) -> Result<ReleaseSettings, String> {
    let value: serde_json::Value = serde_saphyr::from_str(text)
        .map_err(|error| format!("it is no YAML: {}", first_line(&error.to_string())))?;
    let settings = match value {
        serde_json::Value::String(chart) => serde_json::json!({ "chart": chart }),
        value => value,
    };
    if !settings.is_object() {
        return Err("a release is a map, as in {name: redis, chart: charts/redis}".into());
    }
    serde_json::from_value(settings).map_err(|error| error.to_string())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// What is landed.
#[derive(Debug, Clone, PartialEq)]
pub enum Landing {
    /// A deployment of GitHub's, by its id.
    Deployment(u64),
    /// A commit of a branch, without a deployment and so without statuses.
    Commit(Branch, Commit),
}

impl HelmApply {
    /// What is landed: the deployment that is given or that started this run; without one, branch
    /// and commit.
    pub fn landing(&self, ci: &Ci) -> anyhow::Result<Landing> {
        let event = (ci.github.event_name == "deployment")
            .then(|| ci.event())
            .transpose()?
            .flatten();
        let from_event = event
            .and_then(|event| event.deployment)
            .map(|deployment| deployment.id);
        let started_by = ci.buildkite.github_deployment_id.or(from_event);
        // What the user asks for wins over what started the build.
        let started_by = started_by.filter(|_| self.branch.is_none() && self.commit.is_none());
        if let Some(id) = self.deployment.or(started_by) {
            return Ok(Landing::Deployment(id));
        }
        let branch = self.branch.clone().map_or_else(|| ci.branch(), Ok)?;
        let commit = self.commit.clone().map_or_else(|| ci.commit(), Ok)?;
        Ok(Landing::Commit(branch, commit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_yaml_json_or_a_chart() {
        assert_eq!(release("charts/app").unwrap().chart, "charts/app");
        assert_eq!(
            release("{name: redis, chart: r}").unwrap().name.as_deref(),
            Some("redis")
        );
        assert!(
            !release(r#"{"chart":"a","branch-values":false}"#)
                .unwrap()
                .branch_values
        );
    }

    #[test]
    fn a_mistake_in_a_release_is_named() {
        for (text, says) in [
            ("{chart: a, vales: []}", "unknown field `vales`"),
            ("{name: redis}", "missing field `chart`"),
            ("3", "a release is a map"),
            ("{chart: [", "no YAML"),
        ] {
            let error = release(text).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
