use std::{collections::BTreeMap, ffi::OsString, fmt};

use clap::{
    Arg, ArgAction, Command, CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
};
use clap_complete::Shell;
use serde_json::{Map, Value};

use super::Variables;
use crate::model::without_passwords;

/// Where our Buildkite plugin's hook puts its configuration, as JSON.
const PLUGIN: &str = "BRANCH_DEPLOYS_PLUGIN_CONFIGURATION";
/// Where our GitHub Action puts its inputs, as JSON.
const ACTION: &str = "BRANCH_DEPLOYS_ACTION_INPUTS";
/// Keys by which plugin and Action find a program, which are no options of it.
const PACKAGE_KEYS: [&str; 5] = ["run", "install", "programs", "cache", "mirror"];

/// Whether our GitHub Action runs us.
pub fn is_action(variables: &Variables) -> bool {
    variables
        .get(ACTION)
        .is_some_and(|inputs| !inputs.is_empty())
}

/// Begins the argument that asks for completions.
const COMPLETIONS: &[u8] = b"--completions";

/// A settings mistake: one line that names the option as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Where an option's value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Flag,
    Plugin,
    Action,
    Variable,
}

/// Where each option's value came from: to name it as the user wrote it.
#[derive(Debug, Clone, Default)]
pub struct Sources(BTreeMap<String, Source>);

impl Sources {
    /// The option `name` as the user wrote it; as a flag when nobody wrote it.
    pub fn spell(&self, name: &str) -> String {
        match self.0.get(name) {
            Some(Source::Plugin) => format!("`{name}` in the plugin's configuration"),
            Some(Source::Action) => format!("the Action's input `{name}`"),
            Some(Source::Variable) => variable(name),
            Some(Source::Flag) | None => format!("--{name}"),
        }
    }
}

/// The environment variable of an option.
pub fn variable(name: &str) -> String {
    format!("BRANCH_DEPLOYS_{}", name.to_uppercase().replace('-', "_"))
}

/// What a program was started with.
pub enum Program<T> {
    /// To run with these settings.
    Run(T, Sources),
    /// To print this, help or version, and end.
    Print(String),
}

impl<T: CommandFactory + FromArgMatches> Program<T> {
    /// Reads the settings from flags, the plugin's or Action's JSON, and variables, in this order
    /// of precedence.
    pub fn read(given: Vec<OsString>, variables: &Variables) -> Result<Self, UsageError> {
        let mut command = described(T::command());
        let name = command.get_name().to_owned();
        // It stands alone: what the environment says of other options is none of its business.
        let alone = given
            .iter()
            .any(|it| it.as_encoded_bytes().starts_with(COMPLETIONS));
        let (arguments, sources) = match alone {
            true => (given, Sources::default()),
            false => collect(&command, given, variables)?,
        };
        let parsed = command.try_get_matches_from_mut(arguments);
        let shell = parsed.as_ref().ok();
        if let Some(shell) = shell.and_then(|matches| matches.get_one::<Shell>("completions")) {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, name, &mut script);
            return Ok(Self::Print(String::from_utf8_lossy(&script).into_owned()));
        }
        let settings = parsed.and_then(|matches| T::from_arg_matches(&matches));
        match settings {
            Ok(settings) => Ok(Self::Run(settings, sources)),
            Err(error) => match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                    Ok(Self::Print(error.render().to_string()))
                }
                _ => Err(UsageError(format!(
                    "{}; see {name} --help",
                    line(&error, &sources)
                ))),
            },
        }
    }
}

/// The command with what holds for every option: its variable stands in its help, and a switch
/// takes `=false` too, so that a flag can turn off what the plugin's configuration turned on.
pub fn described(command: Command) -> Command {
    let completions = Arg::new("completions")
        .long("completions")
        .value_name("SHELL")
        .value_parser(clap::value_parser!(Shell))
        .hide_possible_values(true)
        .exclusive(true)
        .display_order(1000)
        .help("Print what completes these options in bash, zsh, fish, elvish or powershell");
    let command = command.disable_help_subcommand(true).mut_args(|arg| {
        let Some(name) = arg
            .get_long()
            .filter(|name| !matches!(*name, "help" | "version"))
        else {
            return arg;
        };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let help = format!("{help} [env: {}]", variable(name));
        match arg.get_action() {
            ArgAction::SetTrue => switch(arg).help(help),
            _ => arg.help(help),
        }
    });
    command.arg(completions)
}

fn switch(arg: Arg) -> Arg {
    arg.action(ArgAction::Set)
        .value_parser(clap::value_parser!(bool))
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .default_value("false")
        .hide_default_value(true)
        .hide_possible_values(true)
        .value_name("true|false")
}

/// All arguments as flags, those that the user gave last, and where each option came from.
fn collect(
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
        for (key, value) in configuration(variables, variable)? {
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
fn configuration(variables: &Variables, variable: &str) -> Result<Map<String, Value>, UsageError> {
    let Some(text) = variables
        .get(variable)
        .filter(|text| !text.trim().is_empty())
    else {
        return Ok(Map::new());
    };
    let mut map: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| UsageError(format!("{variable} holds no JSON object: {error}")))?;
    map.retain(|key, _| !PACKAGE_KEYS.contains(&key.as_str()));
    Ok(map)
}

/// The values that `value` gives an option: none for an empty string, several for a list.
fn values(command: &Command, name: &str, value: &Value) -> Result<Vec<String>, String> {
    let arg = command
        .get_arguments()
        .find(|arg| arg.get_long() == Some(name));
    let takes_list = arg.is_some_and(|arg| matches!(arg.get_action(), ArgAction::Append));
    match value {
        Value::String(text) if text.is_empty() => Ok(Vec::new()),
        Value::Null => Err("it has no value".into()),
        // The parser tells that there is no such option, whatever its value is.
        _ if arg.is_none() => Ok(vec![text_of(value)]),
        Value::String(text) if takes_list => match listed(text)? {
            Some(found) => found.iter().map(item).collect(),
            None => Ok(vec![text.clone()]),
        },
        Value::Array(items) if takes_list => items.iter().map(item).collect(),
        Value::Object(_) if takes_list => Ok(vec![value.to_string()]),
        Value::Array(_) => Err("it takes one value, not a list".into()),
        Value::Object(_) => Err("it takes one value, not a map".into()),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Ok(vec![text_of(value)]),
    }
}

/// The items of a list that arrives as YAML text; none for a text that is no list. What was meant as a
/// list is never taken for one item: a pattern that keeps something would then keep nothing.
fn listed(text: &str) -> Result<Option<Vec<Value>>, String> {
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
fn item(value: &Value) -> Result<String, String> {
    match value {
        Value::Null => Err("an item of its list has no value".into()),
        Value::Array(_) => Err("an item of its list is a list itself".into()),
        Value::Number(number) if number.is_f64() => Err(format!(
            "an item of its list is the number {number}: write it in quotes, as it is meant"
        )),
        Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            Ok(text_of(value))
        }
    }
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// clap's error in one line, with options spelt as the user wrote them.
fn line(error: &clap::Error, sources: &Sources) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    let option = text(ContextKind::InvalidArg).map(|arg| spell_arg(&arg, sources));
    let suggestion = text(ContextKind::SuggestedArg)
        .map(|arg| format!(": did you mean {}?", spell_like(&arg, option.as_deref())));
    match (error.kind(), option) {
        (ErrorKind::UnknownArgument, Some(option)) => {
            format!("{option} is no option{}", suggestion.unwrap_or_default())
        }
        (ErrorKind::MissingRequiredArgument, Some(option)) => format!(
            "{option} is missing: give it as a flag, in the plugin's or Action's configuration, \
             or as BRANCH_DEPLOYS_…"
        ),
        (ErrorKind::ArgumentConflict, Some(option)) => {
            let others = match error.get(ContextKind::PriorArg) {
                Some(ContextValue::Strings(others)) => others.clone(),
                Some(ContextValue::String(other)) => vec![other.clone()],
                _ => Vec::new(),
            };
            let others: Vec<_> = others.iter().map(|it| spell_arg(it, sources)).collect();
            format!("{option} goes without {}", others.join(" and "))
        }
        (ErrorKind::InvalidValue, Some(option)) => {
            let given = text(ContextKind::InvalidValue).unwrap_or_default();
            match text(ContextKind::ValidValue) {
                Some(valid) if !valid.is_empty() => {
                    format!("{option} is one of {valid}, not `{given}`")
                }
                Some(_) | None => format!("{option} needs a value"),
            }
        }
        (ErrorKind::ValueValidation, Some(option)) => {
            let given = text(ContextKind::InvalidValue).unwrap_or_default();
            let reason = std::error::Error::source(error).map(ToString::to_string);
            let reason = reason.unwrap_or_default();
            // A map may hold a password.
            match given.trim_start().starts_with(['{', '[']) || given.contains('\n') {
                true => format!("{option}: {reason}"),
                false => {
                    let given = without_passwords(&given);
                    format!("{option} is not `{given}`: {reason}")
                }
            }
        }
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    }
}

/// `--url <URL>` of clap's as the user wrote it; several are told one after the other.
fn spell_arg(arg: &str, sources: &Sources) -> String {
    let spell = |arg: &str| {
        let name = arg
            .trim_start_matches("--")
            .split([' ', '=', '['])
            .next()
            .unwrap_or_default();
        if arg.starts_with("--") {
            sources.spell(name)
        } else {
            arg.to_owned()
        }
    };
    arg.split(", ").map(spell).collect::<Vec<_>>().join(", ")
}

/// A suggested flag in the spelling of the option that it is suggested for.
fn spell_like(flag: &str, option: Option<&str>) -> String {
    match option {
        Some(option) if option.starts_with("--") => flag.to_owned(),
        _ => format!("`{}`", flag.trim_start_matches("--")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// Settings to test with.
    #[derive(Debug, PartialEq, Parser)]
    #[command(name = "tester")]
    struct Tester {
        /// One.
        #[arg(long, allow_hyphen_values = true)]
        url: String,
        /// Many.
        #[arg(long)]
        keep: Vec<String>,
        /// Count.
        #[arg(long, default_value = "3")]
        most: u32,
        /// Switch.
        #[arg(long)]
        dry: bool,
    }

    fn read(flags: &[&str], variables: &[(&str, &str)]) -> Result<Tester, String> {
        let given = std::iter::once("tester")
            .chain(flags.iter().copied())
            .map(Into::into)
            .collect();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        match Program::<Tester>::read(given, &variables) {
            Ok(Program::Run(settings, _)) => Ok(settings),
            Ok(Program::Print(text)) => Err(text),
            Err(UsageError(line)) => Err(line),
        }
    }

    const VARIABLE: (&str, &str) = ("BRANCH_DEPLOYS_URL", "variable");

    #[test]
    fn a_flag_wins_over_the_plugin_and_the_plugin_over_the_environment() {
        let plugin = (
            PLUGIN,
            r#"{"run": "tester", "mirror": "m", "url": "plugin"}"#,
        );
        let url = |flags: &[&str], variables: &[_]| read(flags, variables).unwrap().url;
        assert_eq!(url(&[], &[VARIABLE]), "variable");
        assert_eq!(url(&[], &[VARIABLE, plugin]), "plugin");
        assert_eq!(url(&["--url", "flag"], &[VARIABLE, plugin]), "flag");
        assert_eq!(url(&["--url=flag"], &[VARIABLE, plugin]), "flag");
    }

    #[test]
    fn an_empty_input_is_not_given() {
        let action = (ACTION, r#"{"url": "", "most": ""}"#);
        let settings = read(&[], &[VARIABLE, action]).unwrap();
        assert_eq!((settings.url.as_str(), settings.most), ("variable", 3));
    }

    #[test]
    fn a_list_comes_from_json_from_yaml_text_and_from_repeated_flags() {
        let keep = |flags: &[&str], variables: &[_]| {
            let variables: Vec<_> = variables.iter().chain(&[VARIABLE]).copied().collect();
            read(flags, &variables).unwrap().keep
        };
        assert_eq!(
            keep(&[], &[(PLUGIN, r#"{"keep": ["a/*", {"x": 1}]}"#)]),
            ["a/*", r#"{"x":1}"#]
        );
        assert_eq!(
            keep(&[], &[(ACTION, r#"{"keep": "- a/*\n- b\n"}"#)]),
            ["a/*", "b"]
        );
        assert_eq!(keep(&[], &[("BRANCH_DEPLOYS_KEEP", "[a, b]")]), ["a", "b"]);
        assert_eq!(
            keep(
                &["--keep", "a", "--keep", "b"],
                &[(PLUGIN, r#"{"keep": "c"}"#)]
            ),
            ["a", "b"]
        );
    }

    #[test]
    fn what_was_meant_as_a_list_is_never_taken_for_one_pattern() {
        let keep = |text: &str| {
            let json = serde_json::json!({ "keep": text }).to_string();
            read(&[], &[VARIABLE, (ACTION, &json)]).map(|settings| settings.keep)
        };
        for text in ["- x\n- *-wip", "- demo\n- @team/x", "[x, *-wip]", "- *x"] {
            let error = keep(text).unwrap_err().to_string();
            assert!(
                error.contains("quote what begins with *"),
                "{text}: {error}"
            );
        }
        let error = keep("demo\nwip").unwrap_err().to_string();
        assert!(error.contains("begin each with `- `"), "{error}");
        assert_eq!(keep("*-wip").unwrap(), ["*-wip"]);
        assert_eq!(keep("- '*-wip'\n- \"@x\"").unwrap(), ["*-wip", "@x"]);
    }

    #[test]
    fn an_item_that_is_no_text_is_told() {
        for (items, says) in [
            (r#"["a", null]"#, "has no value"),
            (r#"[["a"]]"#, "a list itself"),
            ("[1.10]", "in quotes"),
        ] {
            let json = format!(r#"{{"keep": {items}}}"#);
            let error = read(&[], &[VARIABLE, (PLUGIN, &json)]).err().unwrap();
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn a_value_that_looks_like_a_flag_is_none() {
        let plugin = (PLUGIN, r#"{"dry": true}"#);
        let settings = read(&["--url", "--dry"], &[plugin]).unwrap();
        assert_eq!((settings.url.as_str(), settings.dry), ("--dry", true));
    }

    #[test]
    fn a_switch_is_turned_off_by_a_flag() {
        let dry = |flags: &[&str], plugin| read(flags, &[VARIABLE, (PLUGIN, plugin)]).unwrap().dry;
        assert!(!dry(&[], "{}"));
        assert!(dry(&["--dry"], "{}"));
        assert!(dry(&[], r#"{"dry": true}"#));
        assert!(!dry(&["--dry=false"], r#"{"dry": true}"#));
    }

    #[test]
    fn errors_name_the_option_as_it_was_written() {
        for (flags, variable, says) in [
            (&["--most", "x"][..], VARIABLE, "--most is not `x`"),
            (
                &[],
                (PLUGIN, r#"{"url": "u", "most": "x"}"#),
                "`most` in the plugin's configuration is not",
            ),
            (
                &[],
                (ACTION, r#"{"url": "u", "most": "x"}"#),
                "the Action's input `most` is not",
            ),
            (
                &["--url=u"],
                ("BRANCH_DEPLOYS_MOST", "x"),
                "BRANCH_DEPLOYS_MOST is not",
            ),
            (
                &[],
                (PLUGIN, r#"{"url": "u", "mosst": 1}"#),
                "`mosst` in the plugin's configuration is no option: did you mean `most`?",
            ),
            (
                &["--mosst=1"],
                VARIABLE,
                "--mosst is no option: did you mean --most?",
            ),
            (&[], (PLUGIN, r#"{"url": ["u"]}"#), "one value, not a list"),
            (
                &[],
                (PLUGIN, r#"{"url": "u", "urls": ["u"]}"#),
                "did you mean `url`?",
            ),
            (&[], (PLUGIN, r#"{"url": null}"#), "it has no value"),
            (&[], (PLUGIN, r#"["url"]"#), "holds no JSON object"),
            (&[], ("X", ""), "--url is missing"),
        ] {
            let error = read(flags, &[variable]).unwrap_err();
            assert!(error.contains(says) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn help_names_each_variable() {
        let help = read(&["--help"], &[]).unwrap_err();
        assert!(help.contains("[env: BRANCH_DEPLOYS_URL]"), "{help}");
    }

    proptest::proptest! {
        #[test]
        fn no_configuration_makes_it_panic_and_a_mistake_is_one_line(
            configuration in crate::hostile::json(&["url", "keep", "most", "dry", "run", "help", "completions"]),
            text in ".*", source: bool,
        ) {
            let variable = if source { PLUGIN } else { ACTION };
            for text in [configuration.to_string(), text] {
                let told = read(&[], &[(variable, &text)]);
                let lines = told.map_or_else(|mistake| mistake.lines().count(), |_| 1);
                proptest::prop_assert!(lines == 1, "{text}");
            }
        }
    }
}
