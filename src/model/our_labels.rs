use std::collections::BTreeMap;

use super::labels;

/// Those of an object's labels that are [ours](labels), in little memory: a sweep holds ten thousand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OurLabels(Box<[(&'static str, String)]>);

impl OurLabels {
    /// The value of a label; none where the object does not bear it.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| value.as_str())
    }
}

impl From<BTreeMap<String, String>> for OurLabels {
    fn from(mut all: BTreeMap<String, String>) -> Self {
        let keys = [labels::APP, labels::TIER, labels::SLUG, labels::REPOSITORY];
        let found = keys.map(|key| Some((key, all.remove(key)?)));
        Self(found.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ours_are_kept() {
        let all = [(labels::SLUG, "new"), ("owner", "helm"), (labels::TIER, "")];
        let all = all.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let ours = OurLabels::from(BTreeMap::from(all));
        assert_eq!(ours.get(labels::SLUG), Some("new"));
        assert_eq!(ours.get(labels::TIER), Some(""));
        assert_eq!(ours.get("owner"), None);
        assert_eq!(ours.get(labels::APP), None);
    }
}
