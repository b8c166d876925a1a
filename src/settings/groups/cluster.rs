//! Which cluster, which Helm, and how an environment's lock is held.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::settings::Ci;

/// Which cluster.
#[derive(Debug, Clone, Args)]
pub struct ClusterOptions {
    /// Namespace of the environments and their records
    #[arg(long, value_parser = namespace)]
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

/// Helm counts whole seconds.
fn helm_timeout(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time < Duration::from_secs(1) {
        return Err("Helm needs a second at least".into());
    }
    Ok(time)
}

/// A namespace's name is a DNS label.
fn namespace(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edges = !name.starts_with('-') && !name.ends_with('-');
    if (1..=63).contains(&name.len()) && edges && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err("a namespace is at most 63 of a-z, 0-9 and `-`, as in betas".into())
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
    /// Helm to run, version 3 or 4: a path, or a name on PATH
    #[arg(long, default_value = "helm", value_name = "PATH")]
    pub helm: PathBuf,
    /// How long one Helm command may take, its hooks and rollout included
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = helm_timeout)]
    pub helm_timeout: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_a_dns_label() {
        let longest = "a".repeat(63);
        for good in ["betas", "b-1", "1", &longest] {
            assert!(namespace(good).is_ok(), "{good}");
        }
        let too_long = "a".repeat(64);
        for bad in ["", "Betas", "a.b", "-a", "a-", "a/b", "ä", &too_long] {
            assert!(namespace(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_lock_lasts_whole_seconds() {
        assert!(lock_duration("30s").is_ok());
        for bad in ["1s", "3500ms", "2h", "x"] {
            assert!(lock_duration(bad).is_err(), "{bad}");
        }
    }
}
