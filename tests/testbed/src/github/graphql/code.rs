//! Repositories, refs and commits.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo};

use super::{
    super::{permissions::Permission, shapes::node_id, stored::Stored},
    connection::Connection,
    deployments::Deployment,
    object::{Resolved, leaf, maybe, object, text, texts},
    pull_requests::PullRequest,
    query::Scope,
};

#[derive(Clone, Copy)]
pub struct Repository<'s> {
    pub scope: Scope<'s>,
    pub stored: &'s Stored,
}

impl<'s> Repository<'s> {
    /// A ref by its full name, as in `refs/heads/main`.
    pub fn named(self, full: &str) -> Option<Ref<'s>> {
        let name = full.strip_prefix("refs/")?;
        Some(Ref {
            repository: self,
            name: name.to_owned(),
            sha: self.stored.git.at(name)?,
        })
    }

    pub fn branch(self, name: &str) -> Option<Ref<'s>> {
        self.named(&format!("refs/heads/{name}"))
    }

    pub fn tag(self, name: &str) -> Option<Ref<'s>> {
        self.named(&format!("refs/tags/{name}"))
    }

    /// A commit by its full SHA.
    pub fn commit(self, sha: &str) -> Option<Commit<'s>> {
        let found = self.stored.git.get(sha)?;
        Some(Commit {
            repository: self,
            sha: &found.sha,
        })
    }

    /// The page of its deployments, of one commit or of all, that the arguments ask for.
    fn deployments(
        self,
        sha: Option<&str>,
        info: &ResolveInfo<'_>,
    ) -> Result<Connection<Deployment<'s>>, FieldError> {
        self.scope.permit(Permission::Deployments)?;
        let environments = texts(info, "environments");
        let wanted = |environment: &str| {
            let mut named = environments.iter().flatten();
            environments.is_none() || named.any(|name| *name == environment)
        };
        let mut all: Vec<_> = self.stored.deployments.iter().collect();
        all.retain(|one| sha.is_none_or(|sha| one.sha == sha) && wanted(&one.environment));
        let order = info.arguments().get("orderBy");
        if order.and_then(|order| order.get("direction")?.as_str()) == Some("DESC") {
            all.reverse();
        }
        let all = all.into_iter().map(|stored| Deployment {
            repository: self,
            stored,
        });
        Connection::of("DeploymentConnection", all, info)
    }
}

impl ObjectValue for Repository<'_> {
    fn type_name(&self) -> &str {
        "Repository"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        let stored = self.stored;
        let readable = || self.scope.permit(Permission::Contents);
        match info.field_name() {
            "databaseId" => leaf(stored.id),
            "id" => leaf(node_id("Repository", stored.id)),
            "name" => leaf(stored.name.as_str()),
            "nameWithOwner" => leaf(stored.full_name()),
            "isArchived" => leaf(false),
            "defaultBranchRef" => {
                readable()?;
                maybe(self.branch(&stored.git.default_branch))
            }
            "ref" => {
                readable()?;
                maybe(text(info, "qualifiedName").and_then(|name| self.named(name)))
            }
            "object" => {
                readable()?;
                maybe(text(info, "oid").and_then(|oid| self.commit(oid)))
            }
            "deployments" => object(self.deployments(None, info)?),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

/// A branch or a tag.
#[derive(Clone)]
pub struct Ref<'s> {
    repository: Repository<'s>,
    /// After `refs/`.
    name: String,
    sha: &'s str,
}

impl ObjectValue for Ref<'_> {
    fn type_name(&self) -> &str {
        "Ref"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        let repository = self.repository;
        let (kind, short) = self.name.split_once('/').unwrap_or(("", &self.name));
        match info.field_name() {
            "id" => leaf(node_id(
                "Ref",
                format!("{}:refs/{}", repository.stored.id, self.name),
            )),
            "name" => leaf(short),
            "prefix" => leaf(format!("refs/{kind}/")),
            "repository" => object(repository),
            "target" => maybe(repository.commit(self.sha)),
            "associatedPullRequests" => {
                repository.scope.permit(Permission::PullRequests)?;
                let all = PullRequest::of_head(repository, short, texts(info, "states"));
                object(Connection::of("PullRequestConnection", all, info)?)
            }
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

#[derive(Clone, Copy)]
pub struct Commit<'s> {
    repository: Repository<'s>,
    sha: &'s str,
}

impl ObjectValue for Commit<'_> {
    fn type_name(&self) -> &str {
        "Commit"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        match info.field_name() {
            "id" => leaf(node_id("Commit", self.sha)),
            "oid" => leaf(self.sha),
            "abbreviatedOid" => leaf(&self.sha[..7]),
            "deployments" => object(self.repository.deployments(Some(self.sha), info)?),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
