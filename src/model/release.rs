use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Environment, Facts,
    app::{NAMES_LENGTH, is_name},
    values,
};

/// One Helm release of an environment, as the settings describe it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleaseSettings {
    /// The companion's name; left out for the main release.
    pub name: Option<String>,
    /// A chart as Helm takes it: a folder, an archive, an `oci://` address.
    pub chart: String,
    /// The chart's version, for a chart that comes from a registry.
    pub version: Option<String>,
    /// Values files, then inline maps.
    #[serde(default)]
    pub values: Vec<Values>,
    /// Companions that must be ready before this release is begun.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Whether the chart is given `global.branchDeploy`; not for a chart whose schema refuses it.
    #[serde(default = "yes")]
    pub branch_values: bool,
}

fn yes() -> bool {
    true
}

/// Values of a release: a file's path, or a map whose string leaves may hold placeholders.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// A YAML file.
    File(String),
    /// A map.
    Inline(Map<String, Value>),
}

/// One release, with its name in Helm.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Its name in Helm: the environment's name, with `--<companion>` for a companion.
    pub name: String,
    /// Names in Helm of the releases that must be ready first.
    pub needs: Vec<String>,
    /// What the settings say of it.
    pub settings: ReleaseSettings,
}

impl Release {
    /// Paths of its values files, in order.
    pub fn value_files(&self) -> impl Iterator<Item = &str> {
        self.settings
            .values
            .iter()
            .filter_map(|values| match values {
                Values::File(path) => Some(path.as_str()),
                Values::Inline(_) => None,
            })
    }

    /// The one values document that Helm reads on standard input: the inline maps, in order,
    /// and what the chart learns of the branch over them.
    pub fn document(&self, facts: &Facts, branch_values: &Value) -> Result<Value, String> {
        let mut document = Value::Object(Map::new());
        for values in &self.settings.values {
            if let Values::Inline(map) = values {
                values::merge(
                    &mut document,
                    values::fill(&Value::Object(map.clone()), facts)?,
                );
            }
        }
        if self.settings.branch_values {
            values::merge(&mut document, branch_values.clone());
        }
        Ok(document)
    }
}

/// The releases of an environment, each after those that it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Releases(Vec<Release>);

impl Releases {
    /// Names and orders what the settings list.
    ///
    /// Fails with what is wrong and what would be right: exactly one release is the main one,
    /// companions have short names of their own, `needs` names companions and runs in no circle,
    /// values files stand before inline maps.
    pub fn new(environment: &Environment, settings: Vec<ReleaseSettings>) -> Result<Self, String> {
        check(environment, &settings)?;
        let named = |name: &Option<String>| match name {
            Some(name) => environment.companion(name),
            None => environment.name(),
        };
        let releases = settings.into_iter().map(|settings| Release {
            name: named(&settings.name),
            needs: settings
                .needs
                .iter()
                .map(|need| environment.companion(need))
                .collect(),
            settings,
        });
        ordered(releases.collect()).map(Self)
    }

    /// The releases, each after those that it needs.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Release> {
        self.0.iter()
    }
}

fn check(environment: &Environment, settings: &[ReleaseSettings]) -> Result<(), String> {
    let main = settings
        .iter()
        .filter(|release| release.name.is_none())
        .count();
    if main != 1 {
        return Err(format!(
            "{main} releases have no name: exactly one has none, the main release, and each \
             companion has a `name`"
        ));
    }
    let mut names = BTreeSet::new();
    for name in settings
        .iter()
        .filter_map(|release| release.name.as_deref())
    {
        check_companion(environment, name)?;
        if !names.insert(name) {
            return Err(format!("two releases are called `{name}`"));
        }
    }
    for release in settings {
        if let Some(need) = release
            .needs
            .iter()
            .find(|need| !names.contains(need.as_str()))
        {
            let known = names.iter().copied().collect::<Vec<_>>().join(", ");
            return Err(format!(
                "`needs: [{need}]` names no companion: there are [{known}]"
            ));
        }
        let files_last = release.values.windows(2).any(
            |pair| matches!(pair, [Values::Inline(_), Values::File(path)] if !path.is_empty()),
        );
        if files_last {
            let chart = &release.chart;
            return Err(format!(
                "`values` of {chart}: files stand before inline maps, which win"
            ));
        }
    }
    Ok(())
}

fn check_companion(environment: &Environment, name: &str) -> Result<(), String> {
    if !is_name(name) {
        return Err(format!(
            "`{name}` is no name for a release: it is lower-case letters, digits and single `-`, \
             and begins with a letter"
        ));
    }
    let app = environment.app.as_str();
    if app.len() + name.len() > NAMES_LENGTH {
        return Err(format!(
            "the app's name `{app}` and the release's `{name}` have more than {NAMES_LENGTH} \
             characters together: Helm takes no longer names"
        ));
    }
    Ok(())
}

/// Each release after those that it needs; otherwise in the order of the settings.
fn ordered(mut waiting: Vec<Release>) -> Result<Vec<Release>, String> {
    let mut ordered: Vec<Release> = Vec::new();
    while !waiting.is_empty() {
        let up = |need: &String| ordered.iter().any(|release| release.name == *need);
        match waiting
            .iter()
            .position(|release| release.needs.iter().all(up))
        {
            Some(next) => ordered.push(waiting.remove(next)),
            None => {
                let circle: Vec<_> = waiting
                    .iter()
                    .map(|release| release.name.as_str())
                    .collect();
                return Err(format!("`needs` runs in a circle: {}", circle.join(", ")));
            }
        }
    }
    Ok(ordered)
}

/// A release by what it takes to remove it: part of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRelease {
    /// Its name in Helm.
    pub name: String,
    /// Names in Helm of the releases that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

impl RecordedRelease {
    /// One of which no more is known than its name.
    pub fn alone(name: String) -> Self {
        Self {
            name,
            needs: Vec::new(),
        }
    }
}

impl From<&Release> for RecordedRelease {
    fn from(release: &Release) -> Self {
        Self {
            name: release.name.clone(),
            needs: release.needs.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn environment() -> Environment {
        Environment {
            app: "hey".parse().unwrap(),
            tier: "beta".into(),
            branch: "new".parse().unwrap(),
            repository_id: 7,
        }
    }

    fn releases(settings: Value) -> Result<Releases, String> {
        Releases::new(&environment(), serde_json::from_value(settings).unwrap())
    }

    fn names(releases: &Releases) -> Vec<&str> {
        releases
            .iter()
            .map(|release| release.name.as_str())
            .collect()
    }

    #[test]
    fn each_release_comes_after_those_that_it_needs() {
        let releases = releases(json!([
            {"chart": "app", "needs": ["redis", "mail"]},
            {"name": "mail", "chart": "mail", "needs": ["redis"]},
            {"name": "redis", "chart": "redis"},
        ]));
        assert_eq!(
            names(&releases.unwrap()),
            ["hey-new--redis", "hey-new--mail", "hey-new"]
        );
    }

    #[test]
    fn a_mistake_in_the_list_is_named() {
        for (settings, says) in [
            (
                json!([{"name": "redis", "chart": "r"}]),
                "exactly one has none",
            ),
            (
                json!([{"chart": "a"}, {"chart": "b"}]),
                "exactly one has none",
            ),
            (
                json!([{"chart": "a", "needs": ["redis"]}]),
                "names no companion",
            ),
            (
                json!([{"chart": "a"}, {"name": "Redis", "chart": "r"}]),
                "`Redis` is no name",
            ),
            (
                json!([{"chart": "a"}, {"name": "a-name-of-18-chars", "chart": "r"}]),
                "20",
            ),
            (
                json!([{"chart": "a"}, {"name": "r", "chart": "r"}, {"name": "r", "chart": "r"}]),
                "two releases are called `r`",
            ),
            (
                json!([
                    {"chart": "a"},
                    {"name": "r", "chart": "r", "needs": ["m"]},
                    {"name": "m", "chart": "m", "needs": ["r"]},
                ]),
                "in a circle: hey-new--r, hey-new--m",
            ),
            (
                json!([{"chart": "a", "values": [{"x": 1}, "beta.yaml"]}]),
                "files stand before",
            ),
        ] {
            let error = releases(settings).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn inline_values_hold_placeholders_and_keep_their_types() {
        let releases = releases(json!([{
            "chart": "app",
            "values": ["beta.yaml", {"image": {"tag": "{commit}"}, "on": true, "n": 2}],
        }]))
        .unwrap();
        let commit = "a".repeat(40).parse().unwrap();
        let facts = Facts::new(
            (&"hey".parse().unwrap(), "beta"),
            &environment().branch,
            &commit,
        );
        let release = releases.iter().next().unwrap();
        let document = release
            .document(&facts, &json!({"global": {"x": 1}}))
            .unwrap();
        assert_eq!(
            document,
            json!({"image": {"tag": "a".repeat(40)}, "on": true, "n": 2, "global": {"x": 1}})
        );
        assert_eq!(release.value_files().collect::<Vec<_>>(), ["beta.yaml"]);
    }
}
