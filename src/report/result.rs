use serde::Serialize;

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
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Removed {
    /// The environment's name; none where there is nothing to do.
    pub environment: Option<String>,
    /// The branch or tag that was deleted.
    pub branch: String,
    /// `removed`, `nothing`, `kept`, `failed` or `planned`.
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
