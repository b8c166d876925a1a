//! What the account may do, asked without doing it.

use k8s_openapi::api::{
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
    coordination::v1::Lease,
    core::v1::{Namespace, Secret},
    networking::v1::IngressClass,
};
use kube::{
    Api, Client, Resource, ResourceExt as _,
    api::{ListParams, ObjectMeta, PostParams},
};
use serde::de::DeserializeOwned;

use super::ClusterError;

/// The annotation of the Ingress class that is meant where an Ingress names none.
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

/// What the account may do.
#[derive(Clone)]
pub struct Rights {
    client: Client,
    namespace: String,
}

impl Rights {
    pub(super) fn new(client: Client, namespace: &str) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
        }
    }

    /// The releases' namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether the account may do `verb` to objects of a kind: of the core's where the group is empty,
    /// in this namespace, or in all and none. A part of them stands behind a slash, as in `pods/log`.
    pub async fn has(
        &self,
        group: &str,
        resource: &str,
        verb: &str,
        namespace: Option<&str>,
    ) -> Result<bool, ClusterError> {
        let (resource, part) = match resource.split_once('/') {
            Some((resource, part)) => (resource, Some(part.to_owned())),
            None => (resource, None),
        };
        let attributes = ResourceAttributes {
            group: Some(group.to_owned()),
            resource: Some(resource.to_owned()),
            subresource: part,
            verb: Some(verb.to_owned()),
            namespace: namespace.map(str::to_owned),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            metadata: ObjectMeta::default(),
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            status: None,
        };
        let api: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let answer = api.create(&PostParams::default(), &review).await;
        let answer =
            answer.map_err(|error| ClusterError::new("ask what the account may do", error))?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }

    /// Lists at most one Lease, which every account needs that is of use: the proof of what it may do where
    /// it may not even ask.
    ///
    /// # Errors
    /// It may not, or the cluster did not tell.
    pub async fn look(&self) -> Result<(), ClusterError> {
        let namespace = &self.namespace;
        let api: Api<Lease> = Api::namespaced(self.client.clone(), namespace);
        let listed = api.list_metadata(&ListParams::default().limit(1)).await;
        let action = format!("list leases in namespace {namespace}");
        listed
            .map(drop)
            .map_err(|error| ClusterError::new(action, error))
    }

    /// Whether the namespace is there.
    pub async fn has_namespace(&self) -> Result<bool, ClusterError> {
        is_there::<Namespace>(Api::all(self.client.clone()), &self.namespace).await
    }

    /// Whether there is an Ingress class of this name.
    pub async fn has_ingress_class(&self, name: &str) -> Result<bool, ClusterError> {
        is_there::<IngressClass>(Api::all(self.client.clone()), name).await
    }

    /// Whether an Ingress class is the cluster's default.
    pub async fn has_default_ingress_class(&self) -> Result<bool, ClusterError> {
        let api: Api<IngressClass> = Api::all(self.client.clone());
        let listed = api.list_metadata(&ListParams::default()).await;
        let listed =
            listed.map_err(|error| ClusterError::new("list the Ingress classes", error))?;
        Ok(listed.items.iter().any(|class| {
            let default = class.annotations().get(DEFAULT_CLASS);
            default.is_some_and(|value| value == "true")
        }))
    }

    /// Whether the namespace has a Secret of this name; what it holds is not read.
    pub async fn has_secret(&self, name: &str) -> Result<bool, ClusterError> {
        let api = Api::namespaced(self.client.clone(), &self.namespace);
        is_there::<Secret>(api, name).await
    }
}

async fn is_there<K>(api: Api<K>, name: &str) -> Result<bool, ClusterError>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
{
    let action = format!("read the {} {name}", K::kind(&()));
    let found = api.get_metadata_opt(name).await;
    let found = found.map_err(|error| ClusterError::new(action, error))?;
    Ok(found.is_some())
}
