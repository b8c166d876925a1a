//! One door to each outside thing. A client asks and tells; it decides nothing.

pub mod agent;
#[cfg(test)]
mod bounded;
pub mod buildkite;
mod child;
pub mod cluster;
pub mod dns;
pub mod endpoint;
pub mod gh;
pub mod git;
pub mod github;
pub mod helm;
pub mod patience;
pub mod registry;
#[cfg(test)]
mod twisted;

use std::{error::Error, ffi::OsString, fmt::Display};

use crate::model::beginning;

/// The program itself, to be started once more for another task: the same file even when it was
/// replaced since.
fn this_program() -> OsString {
    if cfg!(target_os = "linux") {
        return "/proc/self/exe".into();
    }
    std::env::current_exe().map(Into::into).unwrap_or_default()
}

/// The last cause in the chain: what went wrong, without the address again.
fn innermost(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => error.to_string(),
    }
}

/// What an answer is quoted with: its beginning, as it may be a page, or megabytes.
fn shortly(said: impl Display) -> String {
    beginning(&said.to_string(), 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_quoted_in_short() {
        assert_eq!(shortly("no"), "no");
        let quoted = shortly("é".repeat(1 << 20));
        assert_eq!(quoted, format!("{}…", "é".repeat(1000)));
    }
}
