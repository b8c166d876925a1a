use serde_json::{Map, Value, json};

use super::{Facts, Template};

/// Lays `over` onto `base` as Helm lays one values file onto another: maps are merged key by key,
/// everything else is replaced; a null stays, by which Helm drops a chart's default.
pub fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

/// `values` with the placeholders in its string leaves filled; other types are kept.
pub(super) fn fill(values: &Value, facts: &Facts) -> Result<Value, String> {
    match values {
        Value::String(text) => Ok(Value::String(text.parse::<Template>()?.fill(facts)?)),
        Value::Array(items) => items
            .iter()
            .map(|item| fill(item, facts))
            .collect::<Result<_, _>>()
            .map(Value::Array),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| Ok((key.clone(), fill(value, facts)?)))
            .collect::<Result<Map<_, _>, String>>()
            .map(Value::Object),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(values.clone()),
    }
}

/// What a chart learns of the branch: `global.branchDeploy`.
pub fn branch_values(facts: &Facts, migrate: bool, deployed_by: Option<&str>) -> Value {
    let fact = |name| facts.get(name).unwrap_or_default();
    json!({"global": {"branchDeploy": {
        "app": fact("app"),
        "branch": fact("branch"),
        "slug": fact("slug"),
        "commit": fact("commit"),
        "host": fact("host"),
        "url": fact("url"),
        "tier": fact("tier"),
        "migrate": migrate,
        "deployedBy": deployed_by.unwrap_or_default(),
    }}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_merge_and_everything_else_is_replaced() {
        let mut base = json!({"image": {"tag": "a", "pull": true}, "list": [1, 2]});
        merge(
            &mut base,
            json!({"image": {"tag": "b", "pull": null}, "list": [3]}),
        );
        assert_eq!(
            base,
            json!({"image": {"tag": "b", "pull": null}, "list": [3]})
        );
    }
}
