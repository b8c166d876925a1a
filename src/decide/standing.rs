//! What of a release stood when Helm began with it, and stands so still: Helm has yet to come to it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{Object, Scene};

/// What of a release stood in the cluster when Helm began with it.
#[derive(Debug, Default)]
pub struct Standing {
    /// By kind and name.
    noted: BTreeMap<(String, String), State>,
    has_looked: bool,
}

/// Which object it is, and how often what is wanted of it was changed: the API server counts that.
#[derive(Debug, PartialEq, Eq)]
struct State {
    uid: Option<String>,
    generation: Option<u64>,
}

impl Standing {
    /// Notes what stands at the first look, and what did then and is seen later.
    pub fn look(&mut self, scene: &Scene, objects: &[Object]) {
        for object in objects {
            let (kind, name) = (&object.key.kind, &object.key.name);
            let live = scene.object(kind, name);
            if let Some(live) = live.filter(|live| !self.has_looked || scene.is_old(live)) {
                let noted = self.noted.entry((kind.clone(), name.clone()));
                noted.or_insert_with(|| state(live));
            }
        }
        self.has_looked = true;
    }

    /// Whether an object stands as it did, and other than its chart has it now.
    pub fn awaits_helm(&self, scene: &Scene, object: &Object) -> bool {
        let (kind, name) = (&object.key.kind, &object.key.name);
        let live = scene.object(kind, name);
        let noted = self.noted.get(&(kind.clone(), name.clone()));
        live.zip(noted).is_some_and(|(live, noted)| {
            let (wanted, is_of) = (&object.body, &live["metadata"]["annotations"]);
            let is_as_wanted = holds(is_of, &wanted["metadata"]["annotations"])
                && holds(&live["spec"], &wanted["spec"]);
            state(live) == *noted && !is_as_wanted
        })
    }
}

fn state(live: &Value) -> State {
    let metadata = &live["metadata"];
    State {
        uid: metadata["uid"].as_str().map(str::to_owned),
        generation: metadata["generation"].as_u64(),
    }
}

/// Whether `live` has all that is wanted: the API server adds what is left out.
fn holds(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (_, Value::Null) => true,
        (Value::Object(live), Value::Object(wanted)) => wanted.iter().all(|(key, wanted)| {
            // The API server writes quantities in its own way.
            let is_quantity = matches!(key.as_str(), "requests" | "limits");
            is_quantity || holds(live.get(key).unwrap_or(&Value::Null), wanted)
        }),
        (Value::Array(live), Value::Array(wanted)) => {
            let pairs = || live.iter().zip(wanted);
            live.len() >= wanted.len() && pairs().all(|(live, wanted)| holds(live, wanted))
        }
        // The API server leaves out what is empty.
        (Value::Null, wanted) => is_empty(wanted),
        (live, wanted) => live == wanted,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Change, ObjectKey};

    fn key() -> (String, String) {
        ("Deployment".into(), "web".into())
    }

    fn live(uid: &str, generation: u64, image: &str) -> Value {
        let container = json!({"name": "web", "image": image, "imagePullPolicy": "Always",
            "resources": {"limits": {"cpu": "500m"}}});
        json!({"metadata": {"uid": uid, "generation": generation},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [container]}}}})
    }

    fn wanted(image: &str) -> [Object; 1] {
        let limits = json!({"limits": {"cpu": 0.5}});
        let container = json!({"name": "web", "image": image, "resources": limits});
        [Object {
            key: ObjectKey::new("apps/v1", "Deployment", "web"),
            body: json!({"spec": {"template": {"spec": {"containers": [container]}}}}),
        }]
    }

    #[test]
    fn what_stands_as_it_did_and_other_than_it_is_wanted_awaits_helm() {
        let (mut scene, mut standing) = (Scene::default(), Standing::default());
        let objects = wanted("web:2");
        let awaits = |scene: &Scene, standing: &Standing, objects: &[Object]| {
            standing.awaits_helm(scene, &objects[0])
        };
        scene.apply(Change::There(key(), live("1", 1, "web:1")));
        standing.look(&scene, &objects);
        assert!(awaits(&scene, &standing, &objects));
        assert!(
            !awaits(&scene, &standing, &wanted("web:1")),
            "it is as it is wanted"
        );
        scene.apply(Change::There(key(), live("1", 2, "mirror/web:2")));
        standing.look(&scene, &objects);
        assert!(!awaits(&scene, &standing, &objects), "Helm came to it");
        scene.apply(Change::There(key(), live("2", 1, "mirror/web:2")));
        assert!(!awaits(&scene, &standing, &objects), "Helm made it anew");
    }

    #[test]
    fn what_is_seen_late_stood_if_it_was_there_before_and_is_helms_else() {
        let objects = wanted("web:2");
        for (change, expected) in [
            (Change::Found(key(), live("1", 1, "web:1")), true),
            (Change::There(key(), live("1", 1, "web:1")), false),
        ] {
            let (mut scene, mut standing) = (Scene::default(), Standing::default());
            standing.look(&scene, &objects);
            scene.apply(change);
            standing.look(&scene, &objects);
            assert_eq!(standing.awaits_helm(&scene, &objects[0]), expected);
        }
    }

    #[test]
    fn what_the_api_server_adds_is_no_difference() {
        for (live, wanted, expected) in [
            (json!({"a": 1, "b": 2}), json!({"a": 1}), true),
            (
                json!({"a": 1}),
                json!({"a": 1, "b": null, "c": {}, "d": [], "e": "", "f": 0, "g": false}),
                true,
            ),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), false),
            (json!([1, 2]), json!([1]), true),
            (json!([1]), json!([1, 2]), false),
            (
                json!({"requests": {"cpu": "500m"}}),
                json!({"requests": {"cpu": 0.5}}),
                true,
            ),
            (json!("a"), json!("b"), false),
        ] {
            assert_eq!(holds(&live, &wanted), expected, "{live} {wanted}");
        }
    }
}
