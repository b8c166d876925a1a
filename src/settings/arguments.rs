mod collect;
mod line;
mod lists;
#[cfg(test)]
mod tests;
mod values;

use std::{collections::BTreeMap, ffi::OsString, fmt};

use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches, error::ErrorKind};
use clap_complete::Shell;

use self::{collect::collect, line::line};
use super::Variables;

/// Where our Buildkite plugin's hook puts its configuration, as JSON.
const PLUGIN: &str = "BRANCH_DEPLOYS_PLUGIN_CONFIGURATION";
/// Where our GitHub Action puts its inputs, as JSON.
const ACTION: &str = "BRANCH_DEPLOYS_ACTION_INPUTS";
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
