//! Which cluster, which Helm, and how an environment's lock is held.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::settings::Ci;

/// Which cluster.
#[derive(Debug, Clone, Args)]
pub struct ClusterOptions {
    /// Namespace of the environments and their records
    #[arg(long)]
    pub namespace: String,
    /// Kubeconfig file [default: KUBECONFIG, ~/.kube/config, or the pod's own account]
    #[arg(long, value_name = "PATH")]
    pub kubeconfig: Option<PathBuf>,
    /// Context in the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME")]
    pub kube_context: Option<String>,
}

/// How an environment's lock is held, and what those who wait for it are told.
#[derive(Debug, Clone, Args)]
pub struct LockOptions {
    /// How long a lock stands unrenewed until its holder is taken for dead
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = lock_duration)]
    pub lock_duration: Duration,
    /// How long to wait for a lock that another job holds
    #[arg(long, default_value = "30m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub lock_timeout: Duration,
    /// Address of this run's log [default: the CI's]
    #[arg(long, value_name = "URL")]
    log_url: Option<String>,
}

impl LockOptions {
    /// Where this run's log is: as given, or as the CI tells.
    pub fn log_url(&self, ci: &Ci) -> Option<String> {
        self.log_url.clone().or_else(|| ci.log_url())
    }
}

/// A Lease counts whole seconds; below three there is no room for a slow answer.
fn lock_duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match duration.as_secs() {
        3..=3600 if duration.subsec_nanos() == 0 => Ok(duration),
        _ => Err("it is whole seconds, from 3s to 1h".into()),
    }
}

/// Which Helm, and how long it may take.
#[derive(Debug, Clone, Args)]
pub struct HelmOptions {
    /// Helm to run, version 3 or 4 [default: helm on PATH]
    #[arg(
        long,
        default_value = "helm",
        hide_default_value = true,
        value_name = "PATH"
    )]
    pub helm: PathBuf,
    /// How long one Helm command may take, its hooks and rollout included
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub helm_timeout: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_lasts_whole_seconds() {
        assert!(lock_duration("30s").is_ok());
        for bad in ["1s", "3500ms", "2h", "x"] {
            assert!(lock_duration(bad).is_err(), "{bad}");
        }
    }
}
