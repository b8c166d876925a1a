//! Pull requests, as far as branches have them.

use apollo_compiler::resolvers::{ObjectValue, ResolveInfo};

use super::{
    super::{pull_requests as stored, shapes::node_id},
    code::Repository,
    object::{Resolved, leaf, maybe},
};

#[derive(Clone, Copy)]
pub struct PullRequest<'s> {
    repository: Repository<'s>,
    stored: &'s stored::PullRequest,
}

impl<'s> PullRequest<'s> {
    /// Those of a head of this name in these states, a fork's among them, oldest first.
    pub fn of_head(repository: Repository<'s>, head: &str, states: Option<Vec<&str>>) -> Vec<Self> {
        let all = repository
            .stored
            .pull_requests
            .iter()
            .map(|stored| Self { repository, stored });
        let wanted = |one: &Self| {
            states
                .as_ref()
                .is_none_or(|states| states.contains(&one.state()))
        };
        all.filter(|one| one.stored.head == head && wanted(one))
            .collect()
    }

    fn state(&self) -> &'static str {
        if self.stored.open { "OPEN" } else { "CLOSED" }
    }
}

impl ObjectValue for PullRequest<'_> {
    fn type_name(&self) -> &str {
        "PullRequest"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        let stored = self.stored;
        match info.field_name() {
            "id" => leaf(node_id("PullRequest", stored.id)),
            "number" => leaf(stored.number),
            "state" => leaf(self.state()),
            "headRefName" => leaf(stored.head.as_str()),
            "isCrossRepository" => leaf(stored.of_fork),
            // A fork is none that this token sees.
            "headRepository" => maybe((!stored.of_fork).then_some(self.repository)),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
