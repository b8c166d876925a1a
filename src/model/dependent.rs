use super::ObjectKey;

/// A ReplicaSet or pod that controllers of Kubernetes made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// What names it.
    pub key: ObjectKey,
    /// What it lives by, as in `Deployment`.
    pub owner_kind: String,
    /// The name of that.
    pub owner: String,
    /// Its label `pod-template-hash`: a ReplicaSet of a Deployment is named by both.
    pub hash: String,
}
