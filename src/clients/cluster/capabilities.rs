//! What charts may ask of a cluster.

use kube::core::discovery::v2::APIGroupDiscovery;

use super::{Cluster, ClusterError};

/// What charts may ask of a cluster, in Helm's words (`.Capabilities`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The API server's version, as in `v1.37.2`.
    pub kube_version: String,
    /// What it serves: as in `apps/v1`, and in `apps/v1/Deployment`.
    pub api_versions: Vec<String>,
}

impl Cluster {
    /// What charts may ask of the cluster.
    ///
    /// # Errors
    /// The cluster does not tell: an API server before 1.27 has no list of all that it serves.
    pub async fn capabilities(&self) -> Result<Capabilities, ClusterError> {
        let (version, core, groups) = tokio::try_join!(
            self.client.apiserver_version(),
            self.client.list_core_api_versions_aggregated(),
            self.client.list_api_groups_aggregated(),
        )
        .map_err(|error| ClusterError::new("ask the cluster what it serves", error))?;
        let groups = core.items.iter().chain(&groups.items);
        Ok(Capabilities {
            kube_version: version.git_version,
            api_versions: groups.flat_map(served).collect(),
        })
    }
}

/// The versions of a group, each followed by its kinds.
fn served(group: &APIGroupDiscovery) -> Vec<String> {
    let name = group.metadata.as_ref().and_then(|it| it.name.as_deref());
    let name = name.unwrap_or_default();
    let mut served = Vec::new();
    for version in &group.versions {
        let Some(number) = &version.version else {
            continue;
        };
        let version_of_group = match name {
            "" => number.clone(),
            name => format!("{name}/{number}"),
        };
        let kinds = version.resources.iter();
        let kinds = kinds.filter_map(|it| it.response_kind.as_ref()?.kind.as_ref());
        let kinds: Vec<_> = kinds
            .map(|kind| format!("{version_of_group}/{kind}"))
            .collect();
        served.push(version_of_group);
        served.extend(kinds);
    }
    served
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_and_kinds_are_named_as_helm_names_them() {
        let of = |group: &str, kind: &str| {
            let resources = json!([{"resource": "x", "responseKind": {"kind": kind}}]);
            let versions = json!([{"version": "v1", "resources": resources}, {"resources": []}]);
            let group = json!({"metadata": {"name": group}, "versions": versions});
            served(&serde_json::from_value(group).unwrap())
        };
        assert_eq!(of("", "Pod"), ["v1", "v1/Pod"]);
        let named = ["policy/v1", "policy/v1/PodDisruptionBudget"];
        assert_eq!(of("policy", "PodDisruptionBudget"), named);
    }
}
