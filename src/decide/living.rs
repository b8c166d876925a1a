use std::collections::BTreeSet;

use crate::model::{Dependent, ObjectKey};

/// Whether the object is a Deployment in the release's own namespace, whose ReplicaSets and pods are
/// looked for by their owners.
pub fn is_own_deployment(key: &ObjectKey) -> bool {
    key.kind == "Deployment" && key.api_version.starts_with("apps/") && key.namespace.is_none()
}

/// What still lives by these objects, each once.
///
/// By names, not by uids: a run that was killed leaves the names alone, and a pod may outlive the
/// ReplicaSet that tells whose it is. Such a set is named by its Deployment and the hash that both bear.
pub fn still_live(dependents: Vec<Dependent>, gone: &[ObjectKey]) -> BTreeSet<ObjectKey> {
    let deployments = gone.iter().filter(|key| is_own_deployment(key));
    let names: BTreeSet<&str> = deployments.map(|key| key.name.as_str()).collect();
    let lives_by_one = |it: &Dependent| {
        let deployment = match it.owner_kind.as_str() {
            "Deployment" => Some(it.owner.as_str()),
            "ReplicaSet" => it.owner.strip_suffix(&format!("-{}", it.hash)),
            _ => None,
        };
        deployment.is_some_and(|name| names.contains(name))
    };
    let living = dependents.into_iter().filter(lives_by_one);
    living.map(|it| it.key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(api_version: &str, kind: &str, name: &str) -> ObjectKey {
        ObjectKey {
            api_version: api_version.into(),
            kind: kind.into(),
            name: name.into(),
            namespace: None,
            set: None,
        }
    }

    fn pod(name: &str, owner_kind: &str, owner: &str) -> Dependent {
        Dependent {
            key: key("v1", "Pod", name),
            owner_kind: owner_kind.into(),
            owner: owner.into(),
            hash: "6f7d".into(),
        }
    }

    #[test]
    fn pods_live_by_the_deployment_of_their_replica_set() {
        let set = Dependent {
            key: key("apps/v1", "ReplicaSet", "web-6f7d"),
            ..pod("", "Deployment", "web")
        };
        let all = vec![
            set.clone(),
            pod("web-6f7d-x", "ReplicaSet", "web-6f7d"),
            pod("web-6f7d-x", "ReplicaSet", "web-6f7d"),
            pod("web-two-6f7d-x", "ReplicaSet", "web-two-6f7d"),
            pod("web-0", "StatefulSet", "web"),
            pod("other", "ReplicaSet", "web"),
        ];
        let gone = [
            key("apps/v1", "Deployment", "web"),
            key("v1", "Service", "web-two"),
        ];
        let living: Vec<_> = still_live(all, &gone).into_iter().collect();
        assert_eq!(living, [set.key, key("v1", "Pod", "web-6f7d-x")]);
    }

    #[test]
    fn only_what_was_seen_gone_counts() {
        let all = vec![pod("web-6f7d-x", "ReplicaSet", "web-6f7d")];
        assert_eq!(still_live(all, &[]), BTreeSet::new());
    }
}
