use serde::Serialize;

use super::{
    Explanation,
    markdown::{cell, escape, link},
};

/// What `helm-apply --output json` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deployed {
    /// The environment's name, `<app>-<slug>`.
    pub environment: String,
    /// The branch.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// `success`, `up`, `superseded`, `failed` or `planned`.
    pub state: &'static str,
    /// GitHub's deployment.
    pub deployment: Option<u64>,
    /// The address.
    pub url: Option<String>,
    /// Names in Helm of the releases that are up at this commit.
    pub releases: Vec<String>,
    /// What a person should know of it.
    pub message: String,
    /// Why what failed did so, as far as the cluster tells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Explanation>,
}

impl Deployed {
    /// What a person wants to know of it on the page of the job.
    pub fn markdown(&self) -> String {
        let commit = self.commit.get(..7).unwrap_or(&self.commit);
        let rows = [
            ("Address", self.url.as_deref().map(link)),
            ("Branch", Some(cell(&self.branch))),
            ("Commit", Some(cell(commit))),
            ("Environment", Some(cell(&self.environment))),
            ("Deployment", self.deployment.map(|id| id.to_string())),
        ];
        let failures = self.failures.iter().map(Explanation::markdown);
        let failures: String = failures.collect();
        page(&self.message, &rows) + &failures
    }
}

/// A sentence, and what there is to know beside it.
fn page(sentence: &str, rows: &[(&str, Option<String>)]) -> String {
    let rows = rows.iter();
    let rows: String = rows
        .filter_map(|(name, value)| Some(format!("| {name} | {} |\n", value.as_ref()?)))
        .collect();
    format!("{}\n\n| | |\n| - | - |\n{rows}", escape(sentence))
}

/// What `queue-deploy --output json` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Queued {
    /// The branch.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// `queued`, `joined`, `superseded`, `skipped` or `planned`; with `--wait` also `success` or
    /// `failed`.
    pub state: &'static str,
    /// GitHub's deployment.
    pub deployment: Option<u64>,
    /// The address, where it is known.
    pub url: Option<String>,
    /// What a person should know of it.
    pub message: String,
}

/// What `build-gate --output json` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gated {
    /// The commit.
    pub commit: String,
    /// `open`, `closed`, `superseded` or `timed-out`.
    pub state: &'static str,
    /// The image that was looked for.
    pub image: Option<String>,
    /// The image's digest, where the registry has it.
    pub digest: Option<String>,
    /// The page of the build that told.
    pub build: Option<String>,
    /// What a person should know of it.
    pub message: String,
}

/// What `sweep-deleted --output json` prints.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Removed {
    /// The environment's name; none where there is nothing to do.
    pub environment: Option<String>,
    /// The branch or tag that was deleted.
    pub branch: String,
    /// `removed`, `nothing`, `kept`, `failed` or `planned`; `queued` while a build does it.
    pub state: &'static str,
    /// Objects that were seen gone.
    pub removed: Vec<String>,
    /// Objects that their chart asks to keep.
    pub kept: Vec<String>,
    /// Objects that are still there.
    pub left: Vec<String>,
    /// What a person should know of it.
    pub message: String,
}

impl Removed {
    /// The names of the environments that were removed, as a JSON list.
    pub fn names(&self) -> String {
        let removed = self.environment.iter();
        let removed = removed.filter(|_| self.state == "removed").cloned();
        serde_json::Value::from_iter(removed).to_string()
    }

    /// What a person wants to know of it on the page of the job.
    pub fn markdown(&self) -> String {
        let list = |keys: &[String]| {
            let keys: Vec<_> = keys.iter().map(|key| cell(key)).collect();
            (!keys.is_empty()).then(|| keys.join("<br>"))
        };
        let rows = [
            ("Branch", Some(cell(&self.branch))),
            ("Environment", self.environment.as_deref().map(cell)),
            ("Kept by its chart", list(&self.kept)),
            ("Not ours, left alone", list(&self.left)),
        ];
        page(&self.message, &rows)
    }
}
