//! A mistake that clap found, in one line.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Sources;
use crate::model::without_passwords;

/// clap's error in one line, with options spelt as the user wrote them.
pub(super) fn line(error: &clap::Error, sources: &Sources) -> String {
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
