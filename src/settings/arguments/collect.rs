//! All that was given, by flags, configuration and variables, as one list of flags.

use std::{collections::BTreeMap, ffi::OsString};

use clap::{Arg, Command};
use serde_json::{Map, Value};

use super::{ACTION, PLUGIN, Source, Sources, UsageError, values::values, variable};
use crate::settings::Variables;

/// Keys by which plugin and Action find a program, which are no options of it.
const PACKAGE_KEYS: [&str; 5] = ["run", "install", "programs", "cache", "mirror"];

/// All arguments as flags, those that the user gave last, and where each option came from.
pub(super) fn collect(
    command: &Command,
    given: Vec<OsString>,
    variables: &Variables,
) -> Result<(Vec<OsString>, Sources), UsageError> {
    let mut sources = Sources::default();
    for name in flags(command, &given) {
        sources.0.insert(name, Source::Flag);
    }
    let mut arguments: Vec<OsString> = given.into_iter().collect();
    let mut add = |name: &str, values: Vec<String>, source| {
        if sources.0.contains_key(name) || values.is_empty() {
            return;
        }
        sources.0.insert(name.to_owned(), source);
        let flags = values
            .into_iter()
            .map(|value| OsString::from(format!("--{name}={value}")));
        arguments.splice(1..1, flags);
    };
    for (variable, source) in [(PLUGIN, Source::Plugin), (ACTION, Source::Action)] {
        for (key, value) in configuration(variables, variable, source)? {
            let key = canonical(command, &key).to_owned();
            if key == "completions" {
                let spelt = spell_key(&key, source);
                return Err(UsageError(format!(
                    "{spelt} is no option, but a flag alone"
                )));
            }
            let values = values(command, &key, &value)
                .map_err(|reason| UsageError(format!("{}: {reason}", spell_key(&key, source))))?;
            add(&key, values, source);
        }
    }
    let names = command.get_arguments().filter_map(|arg| arg.get_long());
    for name in names.filter(|name| *name != "completions") {
        if let Some(text) = variables.get(&variable(name)) {
            let text = Value::String(text.clone());
            let values = values(command, name, &text)
                .map_err(|reason| UsageError(format!("{}: {reason}", variable(name))))?;
            add(name, values, Source::Variable);
        }
    }
    Ok((arguments, sources))
}

/// The options that the user gave as flags. A value is none, even if it looks like one.
fn flags(command: &Command, given: &[OsString]) -> Vec<String> {
    let mut names = Vec::new();
    let mut given = given.iter().skip(1);
    while let Some(argument) = given.next() {
        let Some(flag) = argument.to_str().and_then(|text| text.strip_prefix("--")) else {
            names.extend(short(command, argument).map(str::to_owned));
            continue;
        };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (canonical(command, name), Some(value)),
            None => (canonical(command, flag), None),
        };
        let mut known = command.get_arguments();
        let arg = known.find(|arg| arg.get_long() == Some(name));
        if value.is_none() && arg.is_some_and(|arg| !arg.is_require_equals_set()) {
            given.next();
        }
        names.push(name.to_owned());
    }
    names
}

/// The option whose short flag this is: only switches have one.
fn short<'a>(command: &'a Command, argument: &OsString) -> Option<&'a str> {
    let letter = argument.to_str()?.strip_prefix('-')?.chars().next()?;
    let mut known = command.get_arguments();
    known
        .find(|arg| arg.get_short() == Some(letter))?
        .get_long()
}

fn spell_key(key: &str, source: Source) -> String {
    Sources(BTreeMap::from([(key.to_owned(), source)])).spell(key)
}

/// The option's own name for a name or alias of it.
fn canonical<'a>(command: &'a Command, name: &'a str) -> &'a str {
    let named = |arg: &&Arg| arg.get_all_aliases().unwrap_or_default().contains(&name);
    command
        .get_arguments()
        .find(named)
        .and_then(|arg| arg.get_long())
        .unwrap_or(name)
}

/// The JSON object that plugin or Action handed over; empty where neither is at work.
fn configuration(
    variables: &Variables,
    variable: &str,
    source: Source,
) -> Result<Map<String, Value>, UsageError> {
    let Some(text) = variables
        .get(variable)
        .filter(|text| !text.trim().is_empty())
    else {
        return Ok(Map::new());
    };
    let mut map: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| UsageError(format!("{variable} holds no JSON object: {error}")))?;
    let several = |(_, value): &(&String, &Value)| value.is_array() || value.is_object();
    let mut of_package = map
        .iter()
        .filter(|(key, _)| *key != "install" && PACKAGE_KEYS.contains(&key.as_str()));
    if let Some((key, _)) = of_package.find(several) {
        let key = spell_key(key, source);
        return Err(UsageError(format!(
            "{key}: it takes one value, not a list or a map"
        )));
    }
    map.retain(|key, _| !PACKAGE_KEYS.contains(&key.as_str()));
    Ok(map)
}
