use std::collections::BTreeMap;

use serde_json::Value;

use super::Event;

/// What is seen of a namespace's workloads.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// Objects as the cluster has them, by kind and name.
    pub objects: BTreeMap<(String, String), Value>,
    /// What it says of them.
    pub events: Vec<Event>,
    /// What could not be seen, and why.
    pub unseen: Vec<String>,
}

impl Scene {
    /// The object of this kind and name.
    pub fn object(&self, kind: &str, name: &str) -> Option<&Value> {
        self.objects.get(&(kind.to_owned(), name.to_owned()))
    }

    /// All objects of a kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        let from = (kind.to_owned(), String::new());
        let those = self.objects.range(from..);
        let kind = kind.to_owned();
        those
            .take_while(move |((it, _), _)| *it == kind)
            .map(|(_, object)| object)
    }
}
