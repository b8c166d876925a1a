use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Branch, Commit, Environment, ObjectKey, RecordedRelease};

/// The version of the record that this program writes. One of a newer version is left alone.
pub const RECORD_VERSION: u32 = 1;

/// What the cluster remembers of an environment: the text in its Lease's annotation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`RECORD_VERSION`] of the program that wrote it.
    pub version: u32,
    /// Where the environment stands.
    pub phase: Phase,
    /// The repository's name when it was written, for people; its id is what counts.
    pub repository: String,
    /// The repository's numeric id.
    pub repository_id: u64,
    /// The branch as Git spells it.
    pub branch: Branch,
    /// The commit of the last deploy that began.
    pub commit: Option<Commit>,
    /// The address; none for an app without one.
    pub url: Option<String>,
    /// Every release that may be there, each after those that it needs.
    pub releases: Vec<RecordedRelease>,
    /// Ids of our deployments on GitHub that are not inactive yet.
    #[serde(default)]
    pub deployments: Vec<u64>,
    /// Those of them that did not land: GitHub shows none of them as reachable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<u64>,
    /// The deployment that is up; none while none landed.
    pub deployed: Option<u64>,
    /// Who asked for the last deploy.
    pub deployed_by: Option<String>,
    /// Age removes nothing before.
    pub keep_until: Option<DateTime<Utc>>,
    /// Why it is kept until then, and who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_because: Option<String>,
    /// While the environment is removed: what is still to be seen gone once Helm forgot it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remains: Vec<ObjectKey>,
}

/// Where an environment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// A deploy has begun and did not end yet, or was killed.
    Deploying,
    /// The last deploy landed.
    Up,
    /// The last deploy failed.
    Failed,
    /// A removal has begun, and did not see everything gone yet.
    Removing,
}

impl Record {
    /// The record of an environment that nothing is known of yet.
    pub fn new(environment: &Environment, repository: &str) -> Self {
        Self {
            version: RECORD_VERSION,
            phase: Phase::Deploying,
            repository: repository.to_owned(),
            repository_id: environment.repository_id,
            branch: environment.branch.clone(),
            commit: None,
            url: None,
            releases: Vec::new(),
            deployments: Vec::new(),
            failed: Vec::new(),
            deployed: None,
            deployed_by: None,
            keep_until: None,
            kept_because: None,
            remains: Vec::new(),
        }
    }

    /// Reads a record, and refuses one that a newer program wrote.
    pub fn read(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } =
            serde_json::from_str(text).map_err(|error| format!("it cannot be read: {error}"))?;
        if version > RECORD_VERSION {
            return Err(format!(
                "it is of version {version}, this program knows {RECORD_VERSION}: \
                 use the newer branch-deploys"
            ));
        }
        serde_json::from_str(text).map_err(|error| format!("it cannot be read: {error}"))
    }

    /// Begins with a deployment.
    pub fn add_deployment(&mut self, id: u64) {
        self.failed.retain(|failed| *failed != id);
        self.add_deployments([id]);
    }

    /// Adds deployments that are not inactive.
    pub fn add_deployments(&mut self, ids: impl IntoIterator<Item = u64>) {
        self.deployments.extend(ids);
        self.deployments.sort_unstable();
        self.deployments.dedup();
    }

    /// Forgets deployments, since they are inactive.
    pub fn forget_deployments(&mut self, ids: &[u64]) {
        self.deployments.retain(|id| !ids.contains(id));
        self.failed.retain(|id| !ids.contains(id));
    }

    /// Adds releases that the record does not list yet; what it lists stays, for the teardown.
    pub fn add_releases(&mut self, releases: impl IntoIterator<Item = RecordedRelease>) {
        for release in releases {
            match self
                .releases
                .iter_mut()
                .find(|known| known.name == release.name)
            {
                Some(known) => *known = release,
                None => self.releases.push(release),
            }
        }
    }
}

/// Who holds the lock, for those who wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The program, as in `helm-apply`.
    pub program: String,
    /// Where its log is.
    pub log_url: Option<String>,
    /// The deployment that it lands, if it has one.
    pub deployment: Option<u64>,
}

/// What somebody who waits wants of the holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// To land this deployment.
    Deploy(u64),
    /// To remove the environment, since its branch is gone.
    Remove,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let environment = Environment {
            app: "hey".parse().unwrap(),
            tier: "beta".into(),
            branch: "feature/Ünïcode".parse().unwrap(),
            repository_id: 7,
        };
        Record::new(&environment, "acme/hey")
    }

    #[test]
    fn what_is_written_is_read() {
        let text = serde_json::to_string(&record()).unwrap();
        assert_eq!(Record::read(&text).unwrap(), record());
    }

    /// As it was written before `kept_because`, `remains` and the list of deployments were there: its
    /// environments are up, and whoever comes later has to know them.
    #[test]
    fn a_record_of_the_first_days_is_read() {
        let text = include_str!("../../tests/fixtures/first-record.json");
        let read = Record::read(text).unwrap();
        assert_eq!(read.phase, Phase::Up);
        assert_eq!(read.branch.as_str(), "new");
        assert_eq!(read.releases[1].needs, ["hey-new--redis"]);
        assert_eq!(read.deployed, Some(5));
        assert!(read.keep_until.is_some());
        assert!(read.deployments.is_empty() && read.remains.is_empty());
    }

    #[test]
    fn a_newer_record_is_refused_whatever_else_it_holds() {
        let error = Record::read(r#"{"version":2,"phase":"asleep"}"#).unwrap_err();
        assert!(error.contains("version 2"), "{error}");
    }

    #[test]
    fn text_that_is_no_record_is_refused() {
        for text in ["", "{}", "[]", r#"{"version":1}"#, r#"{"version":"1"}"#] {
            assert!(Record::read(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_record_makes_it_panic(
            record in crate::hostile::json(&["version", "phase", "branch", "releases", "remains"]),
            text in ".*",
        ) {
            let _ = Record::read(&record.to_string());
            let _ = Record::read(&text);
        }
    }
}
