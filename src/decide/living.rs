use std::collections::BTreeSet;

use crate::model::{Dependent, ObjectKey};

/// Whether the object is of a kind of Kubernetes' own, in the release's own namespace, whose pods are
/// looked for by their owners.
pub fn has_pods(key: &ObjectKey) -> bool {
    let is_set = matches!(key.kind.as_str(), "Deployment" | "StatefulSet");
    is_set && key.api_version.starts_with("apps/") && key.namespace.is_none()
}

/// What still lives by these objects, each once.
///
/// By names, not by uids: a run that was killed leaves the names alone, and a pod may outlive the
/// ReplicaSet that tells whose it is. Such a set is named by its Deployment and the hash that both bear.
pub fn still_live(dependents: &[Dependent], owners: &[&ObjectKey]) -> BTreeSet<ObjectKey> {
    let owners = owners.iter().filter(|key| has_pods(key));
    let owners: BTreeSet<_> = owners
        .map(|key| (key.kind.as_str(), key.name.as_str()))
        .collect();
    let lives_by_one = |it: &&Dependent| {
        let of_deployment = || it.owner.strip_suffix(&format!("-{}", it.hash));
        let owner = match it.owner_kind.as_str() {
            "ReplicaSet" => of_deployment().map(|name| ("Deployment", name)),
            kind => Some((kind, it.owner.as_str())),
        };
        owner.is_some_and(|owner| owners.contains(&owner))
    };
    let living = dependents.iter().filter(lives_by_one);
    living.map(|it| it.key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(name: &str, owner_kind: &str, owner: &str) -> Dependent {
        Dependent {
            key: ObjectKey::new("v1", "Pod", name),
            owner_kind: owner_kind.into(),
            owner: owner.into(),
            hash: "6f7d".into(),
        }
    }

    #[test]
    fn pods_live_by_a_stateful_set_or_by_the_deployment_of_their_replica_set() {
        let set = Dependent {
            key: ObjectKey::new("apps/v1", "ReplicaSet", "web-6f7d"),
            ..pod("", "Deployment", "web")
        };
        let all = vec![
            set.clone(),
            pod("web-6f7d-x", "ReplicaSet", "web-6f7d"),
            pod("web-6f7d-x", "ReplicaSet", "web-6f7d"),
            pod("web-two-6f7d-x", "ReplicaSet", "web-two-6f7d"),
            pod("web-0", "StatefulSet", "web"),
            pod("redis-0", "StatefulSet", "redis"),
            pod("job-x", "Job", "web"),
            pod("other", "ReplicaSet", "web"),
        ];
        let owners = [
            ObjectKey::new("apps/v1", "Deployment", "web"),
            ObjectKey::new("apps/v1", "StatefulSet", "redis"),
            ObjectKey::new("v1", "Service", "web-two"),
            ObjectKey::new("batch/v1", "Job", "web"),
        ];
        let owners: Vec<_> = owners.iter().collect();
        let living: Vec<_> = still_live(&all, &owners).into_iter().collect();
        let pod = |name| ObjectKey::new("v1", "Pod", name);
        assert_eq!(living, [set.key, pod("redis-0"), pod("web-6f7d-x")]);
    }

    #[test]
    fn only_what_was_named_counts() {
        let all = vec![pod("web-6f7d-x", "ReplicaSet", "web-6f7d")];
        assert_eq!(still_live(&all, &[]), BTreeSet::new());
    }
}
