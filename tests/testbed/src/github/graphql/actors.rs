//! Users and bots.

use apollo_compiler::resolvers::{ObjectValue, ResolveInfo};

use super::{
    super::shapes::{User, node_id},
    object::{Resolved, leaf},
};

#[derive(Clone, Copy)]
pub struct Actor<'s>(pub &'s User);

impl ObjectValue for Actor<'_> {
    fn type_name(&self) -> &str {
        if self.0.is_bot() { "Bot" } else { "User" }
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        let Self(user) = self;
        match info.field_name() {
            "databaseId" => leaf(user.id),
            "id" => leaf(node_id(self.type_name(), user.id)),
            // A bot has no `[bot]` here, unlike in the REST API.
            "login" => leaf(user.login.trim_end_matches("[bot]")),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
