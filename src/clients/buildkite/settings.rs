use serde::Deserialize;

/// What starts the builds of a pipeline, and what ends them.
#[derive(Debug, Clone, Deserialize)]
pub struct PipelineSettings {
    /// The clone address.
    pub repository: String,
    /// Where its code is.
    #[serde(default)]
    pub provider: Provider,
    /// Whether a build that waits is skipped for a newer one.
    #[serde(default)]
    pub skip_queued_branch_builds: bool,
    /// Whether a build that runs is cancelled for a newer one.
    #[serde(default)]
    pub cancel_running_branch_builds: bool,
}

/// Where a pipeline's code is.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Provider {
    /// What is done with its events.
    #[serde(default)]
    pub settings: ProviderSettings,
}

/// What is done with the events of a pipeline's repository.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ProviderSettings {
    /// As in `code` or `deployment`.
    pub trigger_mode: Option<String>,
    /// Whether statuses of deployments start builds.
    pub build_deployment_status_created: Option<bool>,
}
