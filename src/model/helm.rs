use std::fmt;

use chrono::{DateTime, Utc};

use super::OurLabels;

/// The status of one revision of a release, as Helm's storage Secret is labelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The revision that is up.
    Deployed,
    /// Replaced by a later revision.
    Superseded,
    /// An install, upgrade or rollback that ended in an error.
    Failed,
    /// Removed, its history kept.
    Uninstalled,
    /// Being removed, or a removal that was killed.
    Uninstalling,
    /// Being installed, or an install that was killed.
    PendingInstall,
    /// Being upgraded, or an upgrade that was killed.
    PendingUpgrade,
    /// Being rolled back, or a rollback that was killed or failed in a hook.
    PendingRollback,
    /// Helm's own `unknown`, or a word that we do not know.
    Unknown(String),
}

impl From<&str> for Status {
    fn from(word: &str) -> Self {
        match word {
            "deployed" => Self::Deployed,
            "superseded" => Self::Superseded,
            "failed" => Self::Failed,
            "uninstalled" => Self::Uninstalled,
            "uninstalling" => Self::Uninstalling,
            "pending-install" => Self::PendingInstall,
            "pending-upgrade" => Self::PendingUpgrade,
            "pending-rollback" => Self::PendingRollback,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deployed => "deployed",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Uninstalled => "uninstalled",
            Self::Uninstalling => "uninstalling",
            Self::PendingInstall => "pending-install",
            Self::PendingUpgrade => "pending-upgrade",
            Self::PendingRollback => "pending-rollback",
            Self::Unknown(word) => word,
        })
    }
}

/// One revision of a release, by the metadata of its storage Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The release's name in Helm.
    pub release: String,
    /// Counted from 1; the highest is the newest, whatever its status.
    pub version: u32,
    /// Its status.
    pub status: Status,
    /// Those of the Secret's labels that are ours.
    pub labels: OurLabels,
    /// The Secret's name.
    pub secret: String,
    /// What tells the Secret from another of its name.
    pub uid: Option<String>,
    /// When the Secret was made: for an install, upgrade or rollback, within a second of its begin.
    pub created: Option<DateTime<Utc>>,
}

/// What a storage Secret holds of a revision, as far as we need it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRelease {
    /// The release's name in Helm.
    pub name: String,
    /// The revision.
    pub version: u32,
    /// Its status as the body tells.
    pub status: Status,
    /// Helm's own sentence about it.
    pub description: String,
    /// When the install, upgrade or rollback began; none for a time that Helm left out.
    pub last_deployed: Option<DateTime<Utc>>,
    /// Whether it was removed, its history kept: its status may have changed since.
    pub removed: bool,
    /// The objects of the chart, hooks not among them, as YAML documents.
    pub manifest: String,
    /// The chart's hooks.
    pub hooks: Vec<Hook>,
    /// `global.branchDeploy.branch` of the values it was deployed with.
    pub branch: Option<String>,
}

/// One hook of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its object's kind.
    pub kind: String,
    /// Its object's name.
    pub name: String,
    /// Its object, as one YAML document.
    pub manifest: String,
    /// When Helm runs it, as in `pre-install`.
    pub events: Vec<String>,
    /// Whether Helm waits for it at this moment (or was killed while it did).
    pub running: bool,
}
