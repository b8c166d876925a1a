//! Where every question begins.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo};

use super::{
    super::{
        limits::Told,
        permissions::{Level, Permission},
        state::State,
        stored::Stored,
        tokens::Token,
    },
    answer::refusal,
    code::Repository,
    cost::Cost,
    object::{Resolved, leaf, maybe, text, time},
};

/// What there is to ask about, and who asks.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    pub repositories: &'s [Stored],
    pub token: &'s Token,
}

impl<'s> Scope<'s> {
    /// Whether the token may read this.
    pub fn permit(&self, permission: Permission) -> Result<(), FieldError> {
        if self.token.may(permission, Level::Read) {
            return Ok(());
        }
        Err(refusal("FORBIDDEN", self.token.refusal()))
    }

    /// The repository of a name that it has, or had and no other took.
    fn repository(&self, full_name: &str, follow: bool) -> Result<&'s Stored, FieldError> {
        let find = |is_it: &dyn Fn(&Stored) -> bool| {
            let mut seen = self.repositories.iter();
            seen.find(|stored| self.token.sees(stored.id) && is_it(stored))
        };
        let found = find(&|stored| stored.is_named(full_name));
        let former = || find(&|stored| follow && stored.was_named(full_name));
        found.or_else(former).ok_or_else(|| {
            let message = format!("Could not resolve to a Repository with the name '{full_name}'.");
            refusal("NOT_FOUND", &message)
        })
    }
}

/// The root.
pub struct Query<'s> {
    scope: Scope<'s>,
    cost: Cost,
    limit: Told,
}

impl<'s> Query<'s> {
    /// All that there is to ask about, for a token that pays this.
    pub fn new(state: &'s mut State, secret: &str, cost: Cost) -> Self {
        let limits = &mut state.token(secret).graphql;
        // The gate took the first point.
        limits.charge(cost.points - 1);
        let limit = limits.told();
        let mut tokens = state.tokens.iter();
        let token = tokens.find(|token| token.secret == secret);
        let scope = Scope {
            repositories: &state.repositories,
            token: token.expect("the gate knows it"),
        };
        Self { scope, cost, limit }
    }
}

impl ObjectValue for Query<'_> {
    fn type_name(&self) -> &str {
        "Query"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        match info.field_name() {
            "repository" => {
                let part = |name| text(info, name).unwrap_or_default();
                let full_name = format!("{}/{}", part("owner"), part("name"));
                let follow = info.arguments().get("followRenames");
                let follow = follow.and_then(|follow| follow.as_bool()).unwrap_or(true);
                let stored = self.scope.repository(&full_name, follow)?;
                let scope = self.scope;
                maybe(Some(Repository { scope, stored }))
            }
            "rateLimit" => maybe(Some(RateLimit {
                cost: self.cost,
                limit: self.limit,
            })),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

struct RateLimit {
    cost: Cost,
    limit: Told,
}

impl ObjectValue for RateLimit {
    fn type_name(&self) -> &str {
        "RateLimit"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        match info.field_name() {
            "cost" => leaf(self.cost.points),
            "nodeCount" => leaf(self.cost.nodes),
            "limit" => leaf(self.limit.limit),
            "remaining" => leaf(self.limit.remaining),
            "used" => leaf(self.limit.used),
            "resetAt" => time(self.limit.reset),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
