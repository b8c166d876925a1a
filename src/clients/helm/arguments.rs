//! What Helm is told, for each major: lists of arguments, never text for a shell.

use std::{collections::BTreeMap, ffi::OsString, time::Duration};

use super::{Helm, Major};
use crate::clients::cluster::Capabilities;

/// A chart, and the values files that are laid over its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// A folder, an archive or an `oci://` address.
    pub reference: String,
    /// The same as it may be shown: an address can hold a user and password.
    pub shown: String,
    /// The version to take from a registry.
    pub version: Option<String>,
    /// Paths, in order.
    pub value_files: Vec<String>,
}

impl std::fmt::Display for Chart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// An install or upgrade.
#[derive(Debug)]
pub struct Upgrade<'a> {
    /// The release's name in Helm.
    pub release: &'a str,
    /// What is installed.
    pub chart: &'a Chart,
    /// What the storage Secret is labelled with.
    pub labels: &'a BTreeMap<String, String>,
    /// How many revisions are kept.
    pub history_max: u32,
    /// Whether the check against the cluster's OpenAPI document is left out.
    pub skip_openapi_validation: bool,
    /// Whether objects that another release owns are taken over.
    pub take_ownership: bool,
}

/// A rollback only repairs: the ordinary time limit would be spent on what is broken.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(60);

impl Helm {
    pub(super) fn template_arguments(&self, release: &str, chart: &Chart) -> Vec<OsString> {
        let mut arguments = texts(&["template", release, &chart.reference]);
        arguments.extend(texts(&["--namespace", &self.target.namespace]));
        arguments.extend(chart_arguments(chart));
        let Capabilities {
            kube_version,
            api_versions,
        } = &self.capabilities;
        if !kube_version.is_empty() {
            arguments.extend(texts(&["--kube-version", kube_version]));
        }
        for version in api_versions {
            arguments.extend(texts(&["--api-versions", version]));
        }
        arguments
    }

    pub(super) fn upgrade_arguments(&self, upgrade: &Upgrade<'_>) -> Vec<OsString> {
        let mut arguments = texts(&["upgrade", "--install", upgrade.release]);
        arguments.extend(texts(&[&upgrade.chart.reference]));
        arguments.extend(self.where_to());
        arguments.extend(chart_arguments(upgrade.chart));
        // Without it, an upgrade without values copies the old revision's.
        arguments.extend(texts(&["--reset-values"]));
        arguments.extend(texts(&[match self.major {
            Major::Three => "--wait",
            Major::Four => "--wait=watcher",
        }]));
        arguments.extend(self.limit(self.timeout));
        arguments.extend(texts(&["--history-max", &upgrade.history_max.to_string()]));
        let labels = upgrade
            .labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"));
        arguments.extend(texts(&["--labels", &labels.collect::<Vec<_>>().join(",")]));
        arguments.extend(self.force());
        if upgrade.skip_openapi_validation {
            arguments.extend(texts(&["--disable-openapi-validation"]));
        }
        if upgrade.take_ownership {
            arguments.extend(texts(&["--take-ownership"]));
        }
        arguments
    }

    pub(super) fn rollback_arguments(&self, release: &str, revision: u32) -> Vec<OsString> {
        let mut arguments = texts(&["rollback", release, &revision.to_string()]);
        arguments.extend(self.where_to());
        // A hook that fails or hangs in a rollback leaves one more pending-rollback.
        arguments.extend(texts(&["--no-hooks"]));
        arguments.extend(self.limit(ROLLBACK_TIMEOUT));
        arguments.extend(self.force());
        arguments
    }

    pub(super) fn uninstall_arguments(&self, release: &str, hooks: bool) -> Vec<OsString> {
        let mut arguments = texts(&["uninstall", release]);
        arguments.extend(self.where_to());
        // Whoever asks for it looks for each object until it is gone, and sooner than Helm, which looks
        // each two seconds. An object of which pods are left is there as long as they are.
        arguments.extend(texts(&["--cascade", "foreground"]));
        arguments.extend(self.limit(self.timeout));
        if !hooks {
            arguments.extend(texts(&["--no-hooks"]));
        }
        arguments
    }

    /// The cluster, told in full: Helm's own variables are withheld.
    fn where_to(&self) -> Vec<OsString> {
        let mut arguments = texts(&["--namespace", &self.target.namespace]);
        if let Some(path) = &self.target.kubeconfig {
            arguments.extend([
                OsString::from("--kubeconfig"),
                path.clone().into_os_string(),
            ]);
        }
        if let Some(context) = &self.target.context {
            arguments.extend(texts(&["--kube-context", context]));
        }
        arguments
    }

    fn limit(&self, time: Duration) -> Vec<OsString> {
        texts(&["--timeout", &format!("{}s", time.as_secs().max(1))])
    }

    /// Server-side apply refuses fields that somebody edited by hand; the chart's word counts. It
    /// is asked for by name: a release of Helm 3's is otherwise applied as Helm 3 did, and there
    /// Helm 4 refuses to force anything.
    fn force(&self) -> Vec<OsString> {
        match self.major {
            Major::Three => Vec::new(),
            Major::Four => texts(&["--server-side=true", "--force-conflicts"]),
        }
    }
}

/// The chart's version and values; our own document, on standard input, is the last.
fn chart_arguments(chart: &Chart) -> Vec<OsString> {
    let mut arguments = Vec::new();
    if let Some(version) = &chart.version {
        arguments.extend(texts(&["--version", version]));
    }
    for file in &chart.value_files {
        arguments.extend(texts(&["--values", file]));
    }
    arguments.extend(texts(&["--values", "-"]));
    arguments
}

fn texts(texts: &[&str]) -> Vec<OsString> {
    texts.iter().map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::cluster::Target;
    use crate::model::Secrets;

    fn helm(major: Major) -> Helm {
        Helm {
            secrets: Secrets::default(),
            program: "helm".into(),
            major,
            minor: 0,
            version: String::new(),
            target: Target {
                kubeconfig: Some("/k".into()),
                context: Some("c".into()),
                namespace: "betas".into(),
            },
            timeout: Duration::from_secs(600),
            uninstalls: std::sync::Arc::new(tokio::sync::Semaphore::new(1)),
            capabilities: Capabilities::default(),
        }
    }

    fn line(arguments: &[OsString]) -> String {
        arguments
            .iter()
            .map(|text| text.to_str().unwrap())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn upgrade(major: Major) -> String {
        let chart = Chart {
            reference: "charts/app".into(),
            shown: "charts/app".into(),
            version: None,
            value_files: vec!["beta.yaml".into()],
        };
        let labels = BTreeMap::from([("branch-deploys/app".to_owned(), "hey".to_owned())]);
        line(&helm(major).upgrade_arguments(&Upgrade {
            release: "hey-new",
            chart: &chart,
            labels: &labels,
            history_max: 10,
            skip_openapi_validation: true,
            take_ownership: false,
        }))
    }

    #[test]
    fn an_upgrade_names_cluster_values_and_labels() {
        assert_eq!(
            upgrade(Major::Three),
            "upgrade --install hey-new charts/app --namespace betas --kubeconfig /k \
             --kube-context c --values beta.yaml --values - --reset-values --wait --timeout 600s \
             --history-max 10 --labels branch-deploys/app=hey --disable-openapi-validation"
        );
        assert!(upgrade(Major::Four).contains("--wait=watcher"));
        assert!(upgrade(Major::Four).contains("--force-conflicts"));
    }

    #[test]
    fn a_rollback_names_its_revision_and_runs_no_hooks() {
        assert_eq!(
            line(&helm(Major::Four).rollback_arguments("hey-new", 3)),
            "rollback hey-new 3 --namespace betas --kubeconfig /k --kube-context c --no-hooks \
             --timeout 60s --server-side=true --force-conflicts"
        );
    }

    #[test]
    fn what_is_uninstalled_is_there_as_long_as_its_pods() {
        for major in [Major::Three, Major::Four] {
            let arguments = line(&helm(major).uninstall_arguments("r", true));
            assert!(arguments.contains("--cascade foreground"), "{arguments}");
            assert!(!arguments.contains("--wait"), "{arguments}");
            let arguments = line(&helm(major).uninstall_arguments("r", false));
            assert!(arguments.ends_with("--no-hooks"), "{arguments}");
        }
    }
}
