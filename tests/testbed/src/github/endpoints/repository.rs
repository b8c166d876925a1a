//! The repository itself.

use super::super::{
    answer::Answer,
    endpoint::Endpoint,
    permissions::{Level, Permission},
    shapes,
};

/// `GET /repos/{owner}/{repo}`
pub static GET: Endpoint = Endpoint {
    permissions: &[Permission::Metadata],
    level: Level::Read,
    docs: "/repos/repos#get-a-repository",
    answer: |_, stored| Ok(Answer::ok(shapes::repository(stored))),
};
