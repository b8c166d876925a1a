//! Tokens that were issued: who asks, and what of which repository it may do.

use std::{collections::BTreeMap, time::Instant};

use rand::{Rng, distr::Alphanumeric};

use super::{
    limits::Limits,
    permissions::{Level, Permission, Permissions},
    shapes::User,
    state::State,
};

/// A token that was issued.
#[derive(Debug)]
pub struct Token {
    pub secret: String,
    pub owner: User,
    /// False once it expired or was revoked.
    pub valid: bool,
    /// When it expires by itself.
    pub expires: Option<Instant>,
    /// The installation of an App that it was given to.
    pub installation: Option<u64>,
    /// The ids of the repositories it sees; `None` is all.
    pub repositories: Option<Vec<u64>>,
    pub limits: Limits,
    pub graphql: Limits,
    /// What `X-OAuth-Scopes` says of a classic token.
    pub scopes: Option<String>,
    levels: BTreeMap<Permission, Level>,
}

impl Token {
    /// A token with a secret of its kind's form.
    pub fn new(permissions: Permissions, state: &State) -> Self {
        let Permissions {
            owner,
            levels,
            only,
            hourly,
            scopes,
        } = permissions;
        let prefix = if owner.is_bot() {
            "ghs_"
        } else if scopes.is_some() {
            "ghp_"
        } else {
            "github_pat_"
        };
        let secret: String = rand::rng()
            .sample_iter(Alphanumeric)
            .take(36)
            .map(char::from)
            .collect();
        let repositories = only.map(|names| names.iter().map(|name| id_of(name, state)).collect());
        Self {
            secret: format!("{prefix}{secret}"),
            owner,
            valid: true,
            expires: None,
            installation: None,
            repositories,
            limits: Limits::of_an_hour(hourly),
            graphql: Limits::of_graphql(hourly),
            scopes,
            levels,
        }
    }

    /// Whether it neither expired nor was revoked.
    pub fn is_good(&self) -> bool {
        self.valid && self.expires.is_none_or(|end| Instant::now() < end)
    }

    /// Whether the token sees the repository at all.
    pub fn sees(&self, repository: u64) -> bool {
        self.repositories
            .as_ref()
            .is_none_or(|seen| seen.contains(&repository))
    }

    /// Whether the token's permission goes as far as is needed.
    pub fn may(&self, permission: Permission, needed: Level) -> bool {
        self.levels
            .get(&permission)
            .is_some_and(|level| *level >= needed)
    }

    /// What GitHub says of a token that lacks a permission.
    pub fn refusal(&self) -> &'static str {
        if self.owner.is_bot() {
            "Resource not accessible by integration"
        } else {
            "Resource not accessible by personal access token"
        }
    }
}

fn id_of(full_name: &str, state: &State) -> u64 {
    let mut stored = state.repositories.iter();
    let found = stored.find(|stored| stored.is_named(full_name));
    found
        .unwrap_or_else(|| panic!("no repository {full_name} to give a token for"))
        .id
}
