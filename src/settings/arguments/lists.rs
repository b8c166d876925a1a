//! Options that take several values: lists, and what their items may be.

use std::any::TypeId;

use clap::Arg;
use serde_json::Value;

use crate::model::ReleaseSettings;

/// Whether a value of this option may be a map: a release is one, and all others are text.
pub(super) fn takes_maps(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<ReleaseSettings>()
}

/// The items of a list that arrives as YAML text; none for a text that is no list. What was meant as a
/// list is never taken for one item: a pattern that keeps something would then keep nothing.
pub(super) fn listed(text: &str) -> Result<Option<Vec<Value>>, String> {
    let several = text.trim().contains('\n');
    match serde_saphyr::from_str(text) {
        Ok(Value::Array(items)) => Ok(Some(items)),
        Ok(Value::String(_)) if several => {
            Err("it has several lines and is no list: begin each with `- `".into())
        }
        Ok(_) => Ok(None),
        Err(_) if several || text.trim_start().starts_with(['[', '-']) => Err(
            "it is no list in YAML: quote what begins with *, @, ! or another mark of YAML".into(),
        ),
        Err(_) => Ok(None),
    }
}

/// An item of a list, as the text that it was written as.
pub(super) fn item(value: &Value, maps: bool) -> Result<String, String> {
    match value {
        Value::Null => Err("an item of its list has no value".into()),
        Value::Array(_) => Err("an item of its list is a list itself".into()),
        // A pattern that is none matches nothing, and what it was to keep would go.
        Value::Object(_) if !maps => Err("an item of its list is a map: write it in quotes".into()),
        Value::Number(number) if number.is_f64() => Err(format!(
            "an item of its list is the number {number}: write it in quotes, as it is meant"
        )),
        Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            Ok(text_of(value))
        }
    }
}

/// A value as the text that a flag would have.
pub(super) fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
