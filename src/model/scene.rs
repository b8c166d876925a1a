use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Event, QUOTA};

/// An object's kind and name.
pub type Key = (String, String);

/// The most events that are kept of a namespace: the oldest go first.
const EVENTS: usize = 20_000;

/// What is seen of a namespace's workloads.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// Objects as the cluster has them, by kind and name.
    pub objects: BTreeMap<Key, Value>,
    /// Jobs, their pods, and pods that nobody else made, which were seen and are gone: a chart may have a hook
    /// removed when it failed.
    pub past: BTreeMap<Key, Value>,
    /// The uids of those that were there when it was first looked at.
    pub before: BTreeSet<String>,
    /// The uids of those that were changed since.
    pub changed: BTreeSet<String>,
    /// What the cluster says of them.
    pub events: Vec<Event>,
    /// What could not be seen, and why.
    pub unseen: Vec<String>,
}

/// What changes in a [`Scene`].
#[derive(Debug, Clone)]
pub enum Change {
    /// An object that is there when it is first looked at.
    Found(Key, Value),
    /// An object is there, or is other than it was.
    There(Key, Value),
    /// It is gone.
    Gone(Key, Value),
    /// Something was said.
    Said(Event),
    /// Something cannot be seen, and why.
    Unseen(String),
}

impl Scene {
    /// The object of this kind and name; a Job, or a pod that a chart may have made, also after it is gone.
    pub fn object(&self, kind: &str, name: &str) -> Option<&Value> {
        let key = (kind.to_owned(), name.to_owned());
        self.objects.get(&key).or_else(|| self.past.get(&key))
    }

    /// All objects of a kind that are there.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        of_kind(&self.objects, kind)
    }

    /// All objects of a kind that were there and are gone.
    pub fn past_of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        of_kind(&self.past, kind)
    }

    /// Whether an object was there before it was looked at.
    pub fn is_old(&self, object: &Value) -> bool {
        let uid = object["metadata"]["uid"].as_str();
        uid.is_some_and(|uid| self.before.contains(uid))
    }

    /// Whether an object stands as it was when it was first looked at.
    pub fn is_as_before(&self, object: &Value) -> bool {
        let uid = object["metadata"]["uid"].as_str();
        self.is_old(object) && uid.is_none_or(|uid| !self.changed.contains(uid))
    }

    /// Takes a change in.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Found(key, object) => {
                let uid = object["metadata"]["uid"].as_str().map(str::to_owned);
                self.before.extend(uid);
                self.objects.insert(key, object);
            }
            Change::There(key, object) => {
                self.past.remove(&key);
                let known = self.objects.get(&key);
                if known.is_some_and(|old| is_other(old, &object)) {
                    let uid = object["metadata"]["uid"].as_str().map(str::to_owned);
                    self.changed.extend(uid);
                    self.forget(|event| event.kind == key.0 && event.object == key.1);
                }
                self.objects.insert(key, object);
            }
            Change::Gone(key, object) => {
                self.objects.remove(&key);
                if key.0 == "Pod" && !is_done(&object) {
                    self.make_room();
                }
                if key.0 == "Job" || (key.0 == "Pod" && may_be_of_hook(&object)) {
                    self.past.insert(key, object);
                }
            }
            Change::Said(event) => {
                if self.events.len() >= EVENTS {
                    self.events.drain(..EVENTS / 2);
                }
                self.events.push(event);
            }
            Change::Unseen(what) => self.unseen.push(what),
        }
    }

    /// A pod went: who was refused another for a quota asks again, and until then it is not known to be full.
    /// The controllers' pauses grow with the time that they were refused.
    fn make_room(&mut self) {
        self.forget(|event| event.message.contains(QUOTA));
    }

    /// What was said so far in these events proves nothing any more.
    fn forget(&mut self, is_of: impl Fn(&Event) -> bool) {
        let those = self.events.iter_mut().filter(|event| is_of(event));
        those.for_each(|event| event.outdated = true);
    }
}

fn of_kind<'a>(objects: &'a BTreeMap<Key, Value>, kind: &str) -> impl Iterator<Item = &'a Value> {
    let those = objects.range((kind.to_owned(), String::new())..);
    let kind = kind.to_owned();
    let those = those.take_while(move |((it, _), _)| *it == kind);
    those.map(|(_, object)| object)
}

/// Whether what is wanted of an object was changed: its spec, which is counted, or its annotations.
fn is_other(old: &Value, new: &Value) -> bool {
    let [old, new] = [old, new].map(|it| &it["metadata"]);
    old["generation"] != new["generation"] || old["annotations"] != new["annotations"]
}

/// Whether a pod has come to its end: it counts for no quota any more.
fn is_done(pod: &Value) -> bool {
    matches!(
        pod["status"]["phase"].as_str(),
        Some("Succeeded" | "Failed")
    )
}

/// Whether it is a Job's pod, or one that a chart may have made.
fn may_be_of_hook(pod: &Value) -> bool {
    let owners = pod["metadata"]["ownerReferences"].as_array();
    owners.is_none_or(|owners| owners.iter().all(|it| it["kind"] == "Job"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(kind: &str, name: &str) -> Key {
        (kind.to_owned(), name.to_owned())
    }

    #[test]
    fn what_may_be_a_hooks_is_known_when_they_are_gone_and_nothing_else_is() {
        let mut scene = Scene::default();
        let owners = json!({"ownerReferences": [{"kind": "Job"}], "uid": "1"});
        let pod = json!({"metadata": owners});
        let of_set = json!({"metadata": {"ownerReferences": [{"kind": "ReplicaSet"}]}});
        for (kind, name, object) in [
            ("Job", "migrate", json!({})),
            ("Pod", "migrate-1", pod.clone()),
            ("Pod", "web-1", of_set),
            ("Deployment", "web", json!({})),
            ("Pod", "seed", json!({})),
        ] {
            scene.apply(Change::There(key(kind, name), object.clone()));
            scene.apply(Change::Gone(key(kind, name), object));
        }
        assert!(scene.object("Job", "migrate").is_some());
        assert_eq!(
            scene.past_of_kind("Pod").collect::<Vec<_>>(),
            [&pod, &json!({})]
        );
        assert!(scene.object("Deployment", "web").is_none());
        assert_eq!(scene.of_kind("Pod").count(), 0);

        scene.apply(Change::There(key("Job", "migrate"), json!({"new": true})));
        assert_eq!(scene.past_of_kind("Job").count(), 0);
    }

    #[test]
    fn what_was_there_before_is_told_from_what_came() {
        let mut scene = Scene::default();
        let of = |uid: &str| json!({"metadata": {"uid": uid}});
        scene.apply(Change::Found(key("Pod", "old"), of("1")));
        scene.apply(Change::There(key("Pod", "new"), of("2")));
        assert_eq!(
            [scene.is_old(&of("1")), scene.is_old(&of("2"))],
            [true, false]
        );
    }

    #[test]
    fn what_was_said_of_an_object_is_outdated_once_it_is_changed() {
        let mut scene = Scene::default();
        let ingress = |generation: u64, group: &str, host: &str| {
            let annotations = json!({"alb.ingress.kubernetes.io/group.name": group});
            let metadata =
                json!({"uid": "1", "generation": generation, "annotations": annotations});
            json!({"metadata": metadata, "status": host})
        };
        let key = || key("Ingress", "web");
        for (changed, expected) in [
            (ingress(1, "a", "x"), false),
            (ingress(1, "a", "y"), false),
            (ingress(2, "a", "y"), true),
            (ingress(2, "b", "y"), true),
        ] {
            scene.apply(Change::There(key(), changed));
            let outdated = scene.events.last().is_some_and(|event| event.outdated);
            assert_eq!(outdated, expected);
            assert_eq!(scene.changed.contains("1"), expected);
            scene.apply(Change::Said(Event {
                kind: "Ingress".into(),
                object: "web".into(),
                ..Event::default()
            }));
        }
    }

    #[test]
    fn no_namespace_says_too_much() {
        let mut scene = Scene::default();
        for count in 0..50_000 {
            scene.apply(Change::Said(Event {
                count,
                ..Event::default()
            }));
        }
        assert!(scene.events.len() <= EVENTS);
        assert_eq!(scene.events.last().map(|it| it.count), Some(49_999));
    }
}
