use std::collections::BTreeSet;

use serde_json::Value;

use super::Object;

/// As much as a pod's name holds of its owner's, in bytes: five more make it one of its own.
const OF_OWNER: usize = 58;

/// What of a namespace may belong to certain objects: by their names, which stand in those of all that
/// controllers make for them. Of a thousand environments in it, this leaves one.
#[derive(Debug, Clone, Default)]
pub struct Interest {
    names: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Interest {
    /// In these objects, and in the volume claims that they name.
    pub fn in_all<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Self {
        let mut interest = Self::default();
        for object in objects {
            interest.names.insert(object.key.name.clone());
            interest.kinds.insert(object.key.kind.clone());
            claims(&object.body, &mut interest.names);
        }
        interest
    }

    /// Whether one of them is of this kind.
    pub fn has_kind(&self, kind: &str) -> bool {
        self.kinds.contains(kind)
    }

    /// Whether something of this name may belong to one of them, as `web-6f7d-x` to `web`, and
    /// `data-web-0`.
    pub fn concerns(&self, name: &str) -> bool {
        let ends = || name.match_indices('-').map(|(end, _)| end);
        let begins = [0].into_iter().chain(ends().map(|end| end + 1));
        let mut parts = begins.flat_map(|begin| {
            let ends = ends().chain([name.len()]).filter(move |end| *end >= begin);
            ends.map(move |end| &name[begin..end])
        });
        parts.any(|part| self.names.contains(part)) || self.is_cut(name)
    }

    fn is_cut(&self, name: &str) -> bool {
        let Some(owner) = name.get(..OF_OWNER) else {
            return false;
        };
        let mut names = self.names.iter();
        names.any(|it| it.starts_with(owner))
    }
}

/// The names under `claimName`, wherever they stand.
fn claims(body: &Value, names: &mut BTreeSet<String>) {
    match body {
        Value::Object(fields) => {
            let claim = fields.get("claimName").and_then(Value::as_str);
            names.extend(claim.map(str::to_owned));
            fields.values().for_each(|value| claims(value, names));
        }
        Value::Array(values) => values.iter().for_each(|value| claims(value, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::objects;

    fn interest(manifests: &[Value]) -> Interest {
        let texts: Vec<_> = manifests.iter().map(ToString::to_string).collect();
        Interest::in_all(&objects(&texts.join("\n---\n")).unwrap())
    }

    fn deployment(name: &str) -> Value {
        let volumes = json!([{"persistentVolumeClaim": {"claimName": "shared"}}]);
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"template": {"spec": {"volumes": volumes}}}})
    }

    #[test]
    fn what_controllers_make_bears_the_name_of_its_owner() {
        let interest = interest(&[deployment("hey-new")]);
        for name in [
            "hey-new",
            "hey-new-6f7d5",
            "hey-new-6f7d5-abcde",
            "data-hey-new-0",
            "shared",
        ] {
            assert!(interest.concerns(name), "{name}");
        }
        for name in ["hey-newer", "they-new-6f7d5", "hey-old-6f7d5", "new", ""] {
            assert!(!interest.concerns(name), "{name}");
        }
        assert!(interest.has_kind("Deployment") && !interest.has_kind("Job"));
    }

    #[test]
    fn a_pod_holds_the_beginning_of_a_long_name() {
        let long = "a-long-name-of-a-branch-that-somebody-has-thought-of-for-hours";
        let interest = interest(&[deployment(long)]);
        assert!(interest.concerns(&format!("{}x7k2p", &long[..OF_OWNER])));
        assert!(!interest.concerns(&format!("{}x7k2p", &long[..OF_OWNER - 1])));
    }
}
