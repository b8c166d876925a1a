use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What names an object in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// As in `apps/v1`.
    #[serde(rename = "v")]
    pub api_version: String,
    /// As in `Deployment`.
    #[serde(rename = "k")]
    pub kind: String,
    /// Its name.
    #[serde(rename = "n")]
    pub name: String,
    /// The namespace that the manifest names; left out, it is the release's.
    #[serde(rename = "ns", default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The StatefulSet for which Kubernetes made a volume claim, by one of the set's templates; none
    /// for what a manifest names.
    #[serde(rename = "set", default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
}

impl ObjectKey {
    /// An object of the release's own namespace.
    pub fn new(
        api_version: impl Into<String>,
        kind: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            api_version: api_version.into(),
            kind: kind.into(),
            name: name.into(),
            namespace: None,
            set: None,
        }
    }
}

impl std::fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// An object as a manifest describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// What names it.
    pub key: ObjectKey,
    /// All of it.
    pub body: Value,
}

/// How an Ingress says who serves it (Kubernetes: "Ingress class").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IngressClass<'a> {
    /// By the name of an object.
    Named(&'a str),
    /// By the annotation from before there were such objects: a controller may know the word by itself.
    Annotated(&'a str),
    /// Not at all: the cluster's default is meant.
    Default,
}

impl Object {
    /// The value of an annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.body["metadata"]["annotations"][name].as_str()
    }

    /// How it says who serves it, where it is an Ingress.
    pub fn ingress_class(&self) -> Option<IngressClass<'_>> {
        let named = self.body["spec"]["ingressClassName"].as_str();
        let annotated = self.annotation("kubernetes.io/ingress.class");
        let class = match (named, annotated) {
            (Some(name), _) => IngressClass::Named(name),
            (None, Some(name)) => IngressClass::Annotated(name),
            (None, None) => IngressClass::Default,
        };
        (self.key.kind == "Ingress").then_some(class)
    }

    /// The Secrets by which its pods pull their images.
    pub fn pull_secrets(&self) -> impl Iterator<Item = &str> {
        let spec = &self.body["spec"];
        let holder = match self.key.kind.as_str() {
            "ServiceAccount" => &self.body,
            "Pod" => spec,
            "CronJob" => &spec["jobTemplate"]["spec"]["template"]["spec"],
            _ => &spec["template"]["spec"],
        };
        let named = holder["imagePullSecrets"].as_array().into_iter().flatten();
        named.filter_map(|secret| secret["name"].as_str())
    }

    /// Whether the chart asks that the object outlives its release.
    pub fn is_kept(&self) -> bool {
        self.annotation("helm.sh/resource-policy") == Some("keep")
    }
}

/// The objects of a manifest of Helm's: YAML documents, Lists taken apart, empty documents passed over.
///
/// Fails on text that is no YAML and on an object without a name: what cannot be read cannot be
/// proven gone.
pub fn objects(manifest: &str) -> Result<Vec<Object>, String> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(manifest).map_err(|error| error.to_string())?;
    let mut objects = Vec::new();
    for document in documents {
        collect(document, &mut objects)?;
    }
    Ok(objects)
}

fn collect(body: Value, objects: &mut Vec<Object>) -> Result<(), String> {
    if body.is_null() {
        return Ok(());
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let (Some(kind), Value::Array(items)) = (text(&body["kind"]), &body["items"])
        && kind.ends_with("List")
    {
        return items
            .iter()
            .try_for_each(|item| collect(item.clone(), objects));
    }
    let key = (|| {
        Some(ObjectKey {
            api_version: text(&body["apiVersion"])?,
            kind: text(&body["kind"])?,
            name: text(&body["metadata"]["name"])?,
            namespace: text(&body["metadata"]["namespace"]),
            set: None,
        })
    })();
    let key = key.ok_or("a manifest holds an object without apiVersion, kind or name")?;
    objects.push(Object { key, body });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_as_helm_writes_it() {
        let manifest = "---\n# Source: app/templates/a.yaml\napiVersion: v1\nkind: Service\n\
             metadata:\n  name: hey\n  annotations:\n    helm.sh/resource-policy: keep\n---\n\
             # Source: app/templates/empty.yaml\n---\napiVersion: v1\nkind: List\nitems:\n\
             - apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: one, namespace: other}\n";
        let objects = objects(manifest).unwrap();
        let names: Vec<_> = objects
            .iter()
            .map(|object| object.key.to_string())
            .collect();
        assert_eq!(names, ["Service/hey", "ConfigMap/one"]);
        assert!(objects[0].is_kept() && !objects[1].is_kept());
        assert_eq!(objects[1].key.namespace.as_deref(), Some("other"));
    }

    #[test]
    fn an_empty_manifest_has_no_objects() {
        assert_eq!(objects("").unwrap(), []);
        assert_eq!(objects("---\n---\n").unwrap(), []);
    }

    #[test]
    fn pull_secrets_are_found_wherever_pods_are_described() {
        let of = |kind: &str, body: &str| {
            let head = format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: x}}\n");
            let objects = objects(&format!("{head}{body}\n")).unwrap();
            objects[0]
                .pull_secrets()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let named = "imagePullSecrets: [{name: one}, {name: two}]";
        for (kind, body) in [
            ("ServiceAccount", named.to_owned()),
            ("Pod", format!("spec: {{{named}}}")),
            (
                "StatefulSet",
                format!("spec: {{template: {{spec: {{{named}}}}}}}"),
            ),
            (
                "CronJob",
                format!("spec: {{jobTemplate: {{spec: {{template: {{spec: {{{named}}}}}}}}}}}"),
            ),
        ] {
            assert_eq!(of(kind, &body), ["one", "two"], "{kind}");
        }
        assert_eq!(of("Service", "spec: {}"), [""; 0]);
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        assert!(objects("a: [").is_err());
        assert!(objects("kind: Service").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_manifest_makes_it_panic(
            object in crate::hostile::json(&["kind", "apiVersion", "metadata", "name", "items"]),
            text in "(?s).*",
        ) {
            let _ = objects(&object.to_string());
            let _ = objects(&text);
        }
    }
}
