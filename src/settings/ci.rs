use serde::{Deserialize, de::DeserializeOwned};

use super::{UsageError, Variables};

/// What Buildkite tells a job, by variables that begin with `BUILDKITE_`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BuildkiteJob {
    /// The job's id; empty outside Buildkite.
    pub job_id: String,
    /// The branch; on a tag build, the tag.
    pub branch: String,
    /// The tag of a tag build.
    pub tag: String,
    /// The commit, which may be `HEAD`.
    pub commit: String,
    /// The clone address.
    pub repo: String,
    /// The build's page.
    pub build_url: String,
    /// Who started the build.
    pub build_creator: String,
    /// The deployment that started a deploy build.
    pub github_deployment_id: Option<u64>,
}

/// What GitHub Actions tells a step, by variables that begin with `GITHUB_`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GitHubRun {
    /// `owner/name`.
    pub repository: String,
    /// The API's address, GitHub Enterprise's too.
    pub api_url: String,
    /// GitHub's own address.
    pub server_url: String,
    /// What started the workflow.
    pub event_name: String,
    /// The file that holds the event.
    pub event_path: String,
    /// The run's number.
    pub run_id: String,
    /// `branch` or `tag`.
    pub ref_type: String,
    /// The branch or tag.
    pub ref_name: String,
    /// The commit.
    pub sha: String,
    /// Who started the workflow.
    pub actor: String,
}

/// What the CI that runs us tells, of both kinds; empty on a laptop.
#[derive(Debug, Clone, Default)]
pub struct Ci {
    /// Buildkite's.
    pub buildkite: BuildkiteJob,
    /// GitHub Actions'.
    pub github: GitHubRun,
}

impl Ci {
    /// Reads both kinds of variables. Empty ones are not given.
    pub fn read(variables: &Variables) -> Result<Self, UsageError> {
        let given = || variables.iter().filter(|(_, value)| !value.is_empty());
        let pairs = || given().map(|(name, value)| (name.clone(), value.clone()));
        Ok(Self {
            buildkite: read("BUILDKITE_", pairs())?,
            github: read("GITHUB_", pairs())?,
        })
    }

    /// Where the log of this job or run is.
    pub fn log_url(&self) -> Option<String> {
        let (buildkite, github) = (&self.buildkite, &self.github);
        if !buildkite.build_url.is_empty() {
            return Some(format!("{}#{}", buildkite.build_url, buildkite.job_id));
        }
        let (server, repository) = (&github.server_url, &github.repository);
        (!github.run_id.is_empty())
            .then(|| format!("{server}/{repository}/actions/runs/{}", github.run_id))
    }

    /// The branch that is built; none outside a CI.
    ///
    /// Fails on a tag build, where Buildkite's branch is the tag.
    pub fn branch(&self) -> anyhow::Result<Option<String>> {
        let (buildkite, github) = (&self.buildkite, &self.github);
        if !buildkite.tag.is_empty() || github.ref_type == "tag" {
            anyhow::bail!("this is the build of a tag: give the branch by --branch");
        }
        let branches = [&buildkite.branch, &github.ref_name];
        Ok(branches
            .into_iter()
            .find(|branch| !branch.is_empty())
            .cloned())
    }

    /// The commit that is built; none outside a CI.
    ///
    /// Fails on Buildkite's `HEAD`, which names no commit.
    pub fn commit(&self) -> anyhow::Result<Option<String>> {
        let commits = [&self.buildkite.commit, &self.github.sha];
        match commits.into_iter().find(|commit| !commit.is_empty()) {
            Some(commit) if commit == "HEAD" => {
                anyhow::bail!("BUILDKITE_COMMIT is HEAD: give the commit by --commit")
            }
            commit => Ok(commit.cloned()),
        }
    }

    /// Who started this.
    pub fn creator(&self) -> Option<String> {
        let names = [&self.buildkite.build_creator, &self.github.actor];
        names.into_iter().find(|name| !name.is_empty()).cloned()
    }

    /// The event that started a GitHub workflow; none elsewhere.
    pub fn event(&self) -> Result<Option<Event>, UsageError> {
        let path = &self.github.event_path;
        if path.is_empty() {
            return Ok(None);
        }
        let event = std::fs::read(path)
            .map_err(anyhow::Error::from)
            .and_then(|bytes| serde_json::from_slice(&bytes).map_err(Into::into));
        event.map(Some).map_err(|error| {
            UsageError(format!(
                "the event in {path}, of GITHUB_EVENT_PATH: {error}"
            ))
        })
    }
}

fn read<T: DeserializeOwned>(
    prefix: &str,
    pairs: impl Iterator<Item = (String, String)>,
) -> Result<T, UsageError> {
    envy::prefixed(prefix).from_iter(pairs).map_err(|error| {
        // envy names a variable without its prefix.
        let prefixed = format!("provided by {prefix}");
        UsageError(error.to_string().replace("provided by ", &prefixed))
    })
}

/// What we read of a GitHub event's file.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    /// The deleted ref of a `delete` event.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    /// `branch` or `tag`.
    pub ref_type: Option<String>,
    /// The deployment of a `deployment` event.
    pub deployment: Option<EventDeployment>,
}

/// The deployment in an event.
#[derive(Debug, Clone, Deserialize)]
pub struct EventDeployment {
    /// Its number.
    pub id: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ci(pairs: &[(&str, &str)]) -> Ci {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Ci::read(&pairs.collect()).unwrap()
    }

    #[test]
    fn a_deploy_build_tells_its_deployment_and_log() {
        let ci = ci(&[
            ("BUILDKITE_JOB_ID", "j"),
            (
                "BUILDKITE_BUILD_URL",
                "https://buildkite.com/acme/d/builds/8",
            ),
            ("BUILDKITE_GITHUB_DEPLOYMENT_ID", "42"),
            ("BUILDKITE_TAG", ""),
        ]);
        assert_eq!(ci.buildkite.github_deployment_id, Some(42));
        assert_eq!(
            ci.log_url().as_deref(),
            Some("https://buildkite.com/acme/d/builds/8#j")
        );
    }

    #[test]
    fn tags_and_head_are_no_branch_and_no_commit() {
        assert!(
            ci(&[("BUILDKITE_BRANCH", "v1"), ("BUILDKITE_TAG", "v1")])
                .branch()
                .is_err()
        );
        assert!(
            ci(&[("GITHUB_REF_NAME", "v1"), ("GITHUB_REF_TYPE", "tag")])
                .branch()
                .is_err()
        );
        assert!(ci(&[("BUILDKITE_COMMIT", "HEAD")]).commit().is_err());
        assert_eq!(ci(&[]).branch().unwrap(), None);
    }
}
