//! A kind of its own, which a cluster may serve or not.

use serde_json::{Value, json};
use testbed::{Cluster, wait_until};

use crate::site::{RIGHTS, Site};

/// The kind `Widget` of this group. The cluster is everybody's, so that each test has its own.
pub struct Widgets(pub &'static str);

impl Widgets {
    /// Rights to them, beside those that each site has.
    pub fn rights(&self) -> String {
        let group = self.0;
        let rule = format!(
            "\n  - apiGroups: [{group}]\n    resources: [widgets]\n    \
             verbs: [get, list, watch, create, patch, delete]\n---\napiVersion: \
             rbac.authorization.k8s.io/v1\nkind: RoleBinding"
        );
        let end = "\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding";
        RIGHTS.replace(end, &rule)
    }

    /// One of them, as a manifest.
    pub fn one(&self, name: &str) -> Value {
        let version = format!("{}/v1", self.0);
        json!({"apiVersion": version, "kind": "Widget", "metadata": {"name": name}})
    }

    /// The cluster serves them from now on.
    pub fn define(&self, site: &Site) {
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": self.definition()},
            "spec": {
                "group": self.0, "scope": "Namespaced",
                "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                "versions": [{
                    "name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }],
            },
        });
        site.namespace.apply(&definition.to_string());
        wait_until("the kind is served", || {
            let definition = site
                .namespace
                .get("CustomResourceDefinition", &self.definition());
            let conditions = definition["status"]["conditions"].as_array().cloned();
            let mut conditions = conditions.unwrap_or_default().into_iter();
            let is_served =
                conditions.any(|it| it["type"] == "Established" && it["status"] == "True");
            (is_served && self.are_told())
                .then_some(())
                .ok_or("it is not")
        });
    }

    /// It serves them no more, and those that there were are gone.
    pub fn undefine(&self, site: &Site) {
        let (kind, name) = ("CustomResourceDefinition", self.definition());
        site.namespace.delete(kind, &name);
        wait_until("the kind is gone", || {
            let is_there = site.namespace.find(kind, &name).is_some() || self.are_told();
            (!is_there).then_some(()).ok_or("it is there")
        });
    }

    /// Whether the API server tells of them to who asks what it serves, as Helm does: that changes a moment
    /// after the definition.
    fn are_told(&self) -> bool {
        let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        let asked = http::Request::get("/apis").header("accept", accept);
        let asked = asked.body(Vec::new()).expect("it is a request");
        let cluster = Cluster::shared();
        let told = cluster.block_on(cluster.client().request_text(asked));
        told.expect("the API server answers").contains(self.0)
    }

    fn definition(&self) -> String {
        format!("widgets.{}", self.0)
    }
}
