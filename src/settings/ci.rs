mod event;

use std::str::FromStr;

use serde::{Deserialize, de::DeserializeOwned};

pub use self::event::Event;
use super::{UsageError, Variables};
use crate::model::{Branch, Commit, Repository};

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
    /// The clone address of what a pull request asks to merge: the fork's, if it comes from one.
    pub pull_request_repo: String,
    /// The organization of the pipeline.
    pub organization_slug: String,
    /// The pipeline that is built.
    pub pipeline_slug: String,
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
    /// The branch that a pull request asks to merge; empty elsewhere.
    pub head_ref: String,
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

/// What shows our lines to people, which decides how some of them are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// A terminal, a file, or what we do not know.
    Plain,
    /// Buildkite: groups begin with `---` or `+++`.
    Buildkite,
    /// GitHub Actions: groups and errors are commands between colons.
    Actions,
}

impl Log {
    /// The log of the CI that these variables tell of.
    pub fn of(variables: &Variables) -> Self {
        let is = |name: &str| variables.get(name).is_some_and(|value| !value.is_empty());
        if is("BUILDKITE_JOB_ID") {
            Self::Buildkite
        } else if is("GITHUB_ACTIONS") {
            Self::Actions
        } else {
            Self::Plain
        }
    }
}

impl BuildkiteJob {
    /// Whether this runs in a job of a build, where the agent can be asked.
    pub fn is_job(&self) -> bool {
        !self.job_id.is_empty()
    }
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

    /// The branch that is built.
    ///
    /// Fails outside a CI, and on a tag build, where Buildkite's branch is the tag.
    pub fn branch(&self) -> Result<Branch, UsageError> {
        let (buildkite, github) = (&self.buildkite, &self.github);
        if !buildkite.tag.is_empty() || github.ref_type == "tag" {
            let reason = "this is the build of a tag: give the branch by --branch";
            return Err(UsageError(reason.into()));
        }
        // A pull request's own ref is the one of its merge, as in `12/merge`.
        first(
            [&buildkite.branch, &github.head_ref, &github.ref_name],
            "branch",
        )
    }

    /// The commit that is built.
    ///
    /// Fails outside a CI, and on Buildkite's `HEAD`, which names no commit.
    pub fn commit(&self) -> Result<Commit, UsageError> {
        let (buildkite, github) = (&self.buildkite, &self.github);
        if buildkite.commit == "HEAD" {
            let reason = "BUILDKITE_COMMIT is HEAD: give the commit by --commit";
            return Err(UsageError(reason.into()));
        }
        if buildkite.commit.is_empty() && !github.head_ref.is_empty() {
            // Of a pull request, GITHUB_SHA is a merge that nobody pushed.
            let request = self.event()?.and_then(|event| event.pull_request);
            let head = request.map(|request| request.head.sha).unwrap_or_default();
            return first([&head], "commit");
        }
        first([&buildkite.commit, &github.sha], "commit")
    }

    /// The repository that the code comes from, where it is another one than is built: a fork's
    /// pull request.
    pub fn fork(&self) -> Result<Option<String>, UsageError> {
        let buildkite = &self.buildkite;
        if !buildkite.pull_request_repo.is_empty() {
            let fork = !same_address(&buildkite.pull_request_repo, &buildkite.repo);
            return Ok(fork.then(|| buildkite.pull_request_repo.clone()));
        }
        let event = (!self.github.head_ref.is_empty()).then(|| self.event());
        let Some(request) = event.transpose()?.flatten().and_then(|it| it.pull_request) else {
            return Ok(None);
        };
        // A fork that was deleted has no repository any more.
        let from = request.head.repo.map(|repo| repo.full_name);
        let from = from.unwrap_or_else(|| "that is gone".into());
        let fork = !from.eq_ignore_ascii_case(&self.github.repository);
        Ok(fork.then_some(from))
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
        let event = Event::read(path);
        event.map(Some).map_err(|error| {
            UsageError(format!(
                "the event in {path}, of GITHUB_EVENT_PATH: {error}"
            ))
        })
    }
}

/// The first of several variables that is set.
fn first<T: FromStr<Err = String>, const N: usize>(
    texts: [&String; N],
    what: &str,
) -> Result<T, UsageError> {
    let text = texts.into_iter().find(|text| !text.is_empty());
    let text = text.ok_or_else(|| UsageError(format!("--{what} is missing: the CI tells none")))?;
    text.parse()
        .map_err(|reason| UsageError(format!("the CI's {what} `{text}`: {reason}")))
}

/// Whether two clone addresses are of one repository, whatever way they clone it.
fn same_address(one: &str, other: &str) -> bool {
    let name = |address| Repository::from_clone_address(address).ok();
    match (name(one), name(other)) {
        (Some(one), Some(other)) => one.is(&other),
        _ => one == other,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

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
        let missing = ci(&[]).branch().unwrap_err();
        assert_eq!(missing.0, "--branch is missing: the CI tells none");
    }

    #[test]
    fn a_pull_request_is_its_head_and_not_its_merge() {
        let folder = tempfile::tempdir().unwrap();
        let event = folder.path().join("event.json");
        let fork = |from: &str| {
            let sha = "b".repeat(40);
            let head = json!({"sha": sha, "repo": {"full_name": from}});
            let text = json!({"pull_request": {"head": head}}).to_string();
            std::fs::write(&event, text).unwrap();
            let merge = "a".repeat(40);
            let ci = ci(&[
                ("GITHUB_REPOSITORY", "acme/hey"),
                ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
                ("GITHUB_HEAD_REF", "new"),
                ("GITHUB_REF_NAME", "12/merge"),
                ("GITHUB_SHA", &merge),
            ]);
            assert_eq!(ci.branch().unwrap().as_str(), "new");
            assert_eq!(ci.commit().unwrap().as_str(), sha);
            ci.fork().unwrap()
        };
        assert_eq!(fork("Acme/hey"), None);
        assert_eq!(fork("mallory/hey").as_deref(), Some("mallory/hey"));
    }

    #[test]
    fn a_fork_is_told_by_the_addresses() {
        let fork = |of: &str| {
            let pairs = [
                ("BUILDKITE_REPO", "git@github.com:acme/hey.git"),
                ("BUILDKITE_PULL_REQUEST_REPO", of),
            ];
            ci(&pairs).fork().unwrap()
        };
        assert_eq!(fork(""), None);
        assert_eq!(fork("https://github.com/acme/hey.git"), None);
        for of in ["git://github.com/mallory/hey.git", "/srv/git/hey"] {
            assert_eq!(fork(of).as_deref(), Some(of));
        }
    }
}
