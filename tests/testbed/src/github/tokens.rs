//! Tokens: who asks, and what may be done by whom, repository by repository.

use std::collections::BTreeMap;

use rand::{Rng, distr::Alphanumeric};

use super::{limits::Limits, shapes::User, state::State};

/// What a fine-grained permission is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// The repository itself; every token with access has it.
    Metadata,
    /// Refs, branches and commits.
    Contents,
    /// Deployments and their statuses.
    Deployments,
    /// Statuses of commits.
    Statuses,
    /// Pull requests.
    PullRequests,
}

impl Permission {
    /// As headers and messages spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Contents => "contents",
            Self::Deployments => "deployments",
            Self::Statuses => "statuses",
            Self::PullRequests => "pull_requests",
        }
    }
}

/// How far a permission goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    None,
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

impl Level {
    /// As headers spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// What a token is to be allowed, and whose it is.
#[derive(Clone, Debug)]
pub struct Permissions {
    owner: User,
    levels: BTreeMap<Permission, Level>,
    only: Option<Vec<String>>,
    hourly: u32,
}

impl Permissions {
    /// Of a fine-grained personal access token of the user of this name: metadata only, of all
    /// repositories, 5,000 requests an hour.
    pub fn named(user: &str) -> Self {
        Self::of(User::person(user), 5_000)
    }

    /// Of an installation of the GitHub App of this name, which acts as `<name>[bot]`.
    pub fn app(name: &str) -> Self {
        Self::of(User::bot(name), 5_000)
    }

    /// Of a workflow's `GITHUB_TOKEN`: an installation of `github-actions` with 1,000 requests an
    /// hour.
    pub fn workflow() -> Self {
        Self::of(User::bot("github-actions"), 1_000)
    }

    fn of(owner: User, hourly: u32) -> Self {
        let levels = BTreeMap::from([(Permission::Metadata, Level::Read)]);
        Self {
            owner,
            levels,
            only: None,
            hourly,
        }
    }

    /// Adds reading.
    pub fn read(self, permission: Permission) -> Self {
        self.with(permission, Level::Read)
    }

    /// Adds reading and writing.
    pub fn write(self, permission: Permission) -> Self {
        self.with(permission, Level::Write)
    }

    /// Sets a permission to a level.
    pub fn with(mut self, permission: Permission, level: Level) -> Self {
        self.levels.insert(permission, level);
        self
    }

    /// For these repositories only, by full name.
    pub fn only(self, repositories: &[&str]) -> Self {
        let only = repositories.iter().map(|name| (*name).to_owned()).collect();
        Self {
            only: Some(only),
            ..self
        }
    }
}

/// A token that was issued.
#[derive(Debug)]
pub struct Token {
    pub secret: String,
    pub owner: User,
    /// False once it expired or was revoked.
    pub valid: bool,
    /// The ids of the repositories it sees; `None` is all.
    pub repositories: Option<Vec<u64>>,
    pub limits: Limits,
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
        } = permissions;
        let prefix = if owner.is_bot() {
            "ghs_"
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
            repositories,
            limits: Limits::of_an_hour(hourly),
            levels,
        }
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
