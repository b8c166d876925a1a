//! How Buildkite is asked about builds.

use std::path::PathBuf;

use clap::Args;

use super::{Token, github::api_address};
use crate::{
    model::Pipeline,
    settings::{UsageError, Variables},
};

/// Which builds tell, and how Buildkite is asked about them.
#[derive(Debug, Clone, Args)]
pub struct BuildkiteOptions {
    /// Pipeline that builds the image, as organization/pipeline [default: in a Buildkite job, its own build]
    #[arg(long)]
    pub pipeline: Option<Pipeline>,
    /// Key of the step that builds the image [default: the whole build]
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub step: Option<String>,
    /// How Buildkite is reached.
    #[command(flatten)]
    pub access: BuildkiteAccess,
}

/// How Buildkite is reached.
#[derive(Debug, Clone, Args)]
pub struct BuildkiteAccess {
    /// Base address of Buildkite's API
    #[arg(long, value_name = "URL", default_value = "https://api.buildkite.com", value_parser = api_address)]
    buildkite_url: String,
    /// File that holds Buildkite's token [default: BUILDKITE_API_TOKEN]
    #[arg(long, value_name = "PATH")]
    buildkite_token_file: Option<PathBuf>,
}

/// A key is an argument of the agent's, and no flag of it.
fn key(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_:".contains(c);
    if text.is_empty() || text.starts_with('-') || !text.chars().all(plain) {
        return Err("a step's key is letters, digits, `_`, `-` and `:`, as in base-image".into());
    }
    Ok(text.to_owned())
}

impl BuildkiteAccess {
    /// The API's base address.
    pub fn url(&self) -> &str {
        &self.buildkite_url
    }

    /// The token from the file, or from its variable; `scope` is what it has to have.
    pub fn token(&self, variables: &Variables, scope: &str) -> Result<Token, UsageError> {
        self.given(variables)?.ok_or_else(|| {
            UsageError(format!(
                "BUILDKITE_API_TOKEN is missing: an API token with the scope {scope}"
            ))
        })
    }

    /// The same; none where neither holds one.
    pub fn given(&self, variables: &Variables) -> Result<Option<Token>, UsageError> {
        if let Some(path) = &self.buildkite_token_file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                UsageError(format!("Buildkite's token in {}: {error}", path.display()))
            })?;
            return text.parse().map(Some);
        }
        let set = variables.get("BUILDKITE_API_TOKEN");
        let text = set.filter(|text| !text.is_empty());
        text.map(|text| text.parse()).transpose()
    }
}
