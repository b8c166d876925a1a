//! What a token may be allowed.

use std::collections::BTreeMap;

use super::shapes::User;

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
    /// Issues, and what is said on them and on pull requests.
    Issues,
    /// Pull requests.
    PullRequests,
    /// The repository's webhooks.
    Webhooks,
}

impl Permission {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Metadata,
        Self::Contents,
        Self::Deployments,
        Self::Statuses,
        Self::Issues,
        Self::PullRequests,
        Self::Webhooks,
    ];

    /// As headers and messages spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Contents => "contents",
            Self::Deployments => "deployments",
            Self::Statuses => "statuses",
            Self::Issues => "issues",
            Self::PullRequests => "pull_requests",
            Self::Webhooks => "repository_hooks",
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
    pub(super) owner: User,
    pub(super) levels: BTreeMap<Permission, Level>,
    /// Full names; `None` is all.
    pub(super) only: Option<Vec<String>>,
    pub(super) hourly: u32,
    /// Of a classic token, which has scopes in place of permissions.
    pub(super) scopes: Option<String>,
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

    /// Of a classic personal access token, which sees public repositories whatever its scopes are, as
    /// `repo` or `repo_deployment`.
    pub fn classic(user: &str, scopes: &[&str]) -> Self {
        let mut permissions = Self::named(user).read(Permission::Contents);
        let has = |scope: &str| scopes.contains(&scope);
        if has("repo") {
            permissions.levels = Permission::ALL.map(|it| (it, Level::Write)).into();
        }
        if has("repo_deployment") {
            permissions = permissions.write(Permission::Deployments);
        }
        Self {
            scopes: Some(scopes.join(", ")),
            ..permissions
        }
    }

    fn of(owner: User, hourly: u32) -> Self {
        let levels = BTreeMap::from([(Permission::Metadata, Level::Read)]);
        Self {
            owner,
            levels,
            only: None,
            hourly,
            scopes: None,
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
