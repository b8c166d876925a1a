//! What a value of the configuration gives an option.

use clap::{ArgAction, Command};
use serde_json::Value;

use super::lists::{item, listed, takes_maps, text_of};

/// The values that `value` gives an option: none for an empty string, several for a list.
pub(super) fn values(command: &Command, name: &str, value: &Value) -> Result<Vec<String>, String> {
    let arg = command
        .get_arguments()
        .find(|arg| arg.get_long() == Some(name));
    let takes_list = arg.is_some_and(|arg| matches!(arg.get_action(), ArgAction::Append));
    let maps = arg.is_some_and(takes_maps);
    match value {
        Value::String(text) if text.is_empty() => Ok(Vec::new()),
        Value::Null => Err("it has no value".into()),
        // The parser tells that there is no such option, whatever its value is.
        _ if arg.is_none() => Ok(vec![text_of(value)]),
        Value::String(text) if takes_list => match listed(text)? {
            Some(found) => found.iter().map(|it| item(it, maps)).collect(),
            None => Ok(vec![text.clone()]),
        },
        Value::Array(items) if takes_list => items.iter().map(|it| item(it, maps)).collect(),
        Value::Object(_) if maps => Ok(vec![value.to_string()]),
        Value::Array(_) => Err("it takes one value, not a list".into()),
        Value::Object(_) => Err("it takes one value, not a map".into()),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Ok(vec![text_of(value)]),
    }
}
