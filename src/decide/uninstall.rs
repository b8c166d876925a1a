use super::has_pods;
use crate::model::{Hook, ObjectKey, StoredRelease};

/// Who takes a release away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// We delete its objects and then its revisions, as Helm would.
    Ours,
    /// `helm uninstall`, which runs its hooks.
    Helms,
}

/// Who takes away the release whose newest revision this is. Helm is needed for hooks alone, and runs
/// those of the newest revision; what is not known of a hook is Helm's to know.
pub fn hand(newest: Option<&StoredRelease>) -> Hand {
    match newest {
        Some(newest) if !newest.hooks.iter().any(runs_at_deletion) => Hand::Ours,
        Some(_) | None => Hand::Helms,
    }
}

fn runs_at_deletion(hook: &Hook) -> bool {
    let mut events = hook.events.iter();
    hook.events.is_empty() || events.any(|it| it == "pre-delete" || it == "post-delete")
}

/// The kinds in the order in which Helm deletes them, who reaches the app before the app, what the
/// app uses after it. A kind that is not among them comes last.
const ORDER: [&str; 31] = [
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "APIService",
    "Ingress",
    "IngressClass",
    "Service",
    "CronJob",
    "Job",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "Pod",
    "DaemonSet",
    "RoleBinding",
    "Role",
    "ClusterRoleBinding",
    "ClusterRole",
    "CustomResourceDefinition",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "PodDisruptionBudget",
    "LimitRange",
    "ResourceQuota",
    "NetworkPolicy",
    "Namespace",
];

/// The objects in Helm's order, those of one step together.
pub fn steps<'a>(keys: impl IntoIterator<Item = &'a ObjectKey>) -> Vec<Vec<ObjectKey>> {
    let mut keys: Vec<_> = keys.into_iter().cloned().collect();
    keys.sort_by_key(|key| step(&key.kind));
    let steps = keys.chunk_by(|one, next| step(&one.kind) == step(&next.kind));
    steps.map(<[ObjectKey]>::to_vec).collect()
}

fn step(kind: &str) -> usize {
    let place = ORDER.iter().position(|known| *known == kind);
    place.unwrap_or(ORDER.len())
}

/// Whether the object is to stay until what lives by it is gone, as the pods of a Job.
///
/// That makes its controllers write down each step. So it is not asked for where nothing lives by a
/// kind; where it is shadows alone, as the EndpointSlices of a Service, or what others derive from an
/// Ingress; and where [its pods are looked for](has_pods). Of any kind that is not Kubernetes' own it is
/// not known.
pub fn holds_dependents(key: &ObjectKey) -> bool {
    let (group, _) = key.api_version.split_once('/').unwrap_or_default();
    let is_plain = matches!(
        (group, key.kind.as_str()),
        (
            "",
            "ConfigMap" | "Secret" | "Service" | "ServiceAccount" | "PersistentVolumeClaim"
        ) | ("policy", "PodDisruptionBudget")
            | ("rbac.authorization.k8s.io", "Role" | "RoleBinding")
            | ("networking.k8s.io", "Ingress" | "NetworkPolicy")
            | ("autoscaling", "HorizontalPodAutoscaler")
    );
    !is_plain && !has_pods(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Status;

    fn release(events: &[&[&str]]) -> StoredRelease {
        let hook = |events: &&[&str]| Hook {
            kind: "Job".into(),
            name: "x".into(),
            manifest: String::new(),
            events: events.iter().map(ToString::to_string).collect(),
            running: false,
        };
        StoredRelease {
            name: "hey-new".into(),
            version: 1,
            status: Status::Deployed,
            description: String::new(),
            last_deployed: None,
            removed: false,
            manifest: String::new(),
            hooks: events.iter().map(hook).collect(),
            branch: None,
        }
    }

    #[test]
    fn helm_is_needed_for_hooks_of_the_deletion_alone() {
        let of = |events: &[&[&str]]| hand(Some(&release(events)));
        assert_eq!(of(&[]), Hand::Ours);
        assert_eq!(
            of(&[&["pre-install", "pre-upgrade"], &["test"]]),
            Hand::Ours
        );
        for event in ["pre-delete", "post-delete"] {
            assert_eq!(
                of(&[&["pre-install"], &["post-upgrade", event]]),
                Hand::Helms
            );
        }
    }

    #[test]
    fn what_is_not_known_is_left_to_helm() {
        assert_eq!(hand(None), Hand::Helms);
        assert_eq!(hand(Some(&release(&[&[]]))), Hand::Helms);
    }

    #[test]
    fn the_way_to_the_app_goes_before_it_and_what_it_uses_after_it() {
        let keys = [
            ObjectKey::new("v1", "ConfigMap", "c"),
            ObjectKey::new("example.test/v1", "Widget", "w"),
            ObjectKey::new("apps/v1", "Deployment", "one"),
            ObjectKey::new("apps/v1", "Deployment", "two"),
            ObjectKey::new("v1", "Service", "s"),
            ObjectKey::new("networking.k8s.io/v1", "Ingress", "i"),
            ObjectKey::new("batch/v1", "Job", "j"),
        ];
        let steps = steps(&keys);
        let names = steps
            .iter()
            .map(|step| step.iter().map(|key| key.name.as_str()).collect());
        let names: Vec<Vec<&str>> = names.collect();
        let wanted: [&[&str]; 6] = [&["i"], &["s"], &["j"], &["one", "two"], &["c"], &["w"]];
        assert_eq!(names, wanted);
    }

    #[test]
    fn what_lives_by_an_object_is_waited_for_where_it_counts_and_is_not_looked_for() {
        for (api_version, kind) in [
            ("v1", "ConfigMap"),
            ("v1", "Service"),
            ("networking.k8s.io/v1", "Ingress"),
            ("apps/v1", "Deployment"),
            ("apps/v1", "StatefulSet"),
        ] {
            assert!(
                !holds_dependents(&ObjectKey::new(api_version, kind, "x")),
                "{kind}"
            );
        }
        for (api_version, kind) in [
            ("apps/v1", "DaemonSet"),
            ("batch/v1", "Job"),
            ("example.test/v1", "Secret"),
            ("example.test/v1", "Deployment"),
        ] {
            assert!(
                holds_dependents(&ObjectKey::new(api_version, kind, "x")),
                "{kind}"
            );
        }
        let elsewhere = ObjectKey {
            namespace: Some("elsewhere".into()),
            ..ObjectKey::new("apps/v1", "Deployment", "x")
        };
        assert!(holds_dependents(&elsewhere));
    }
}
