//! Git refs.

use super::super::{
    answer::{Answer, Refusal, Reply},
    call::Call,
    endpoint::Endpoint,
    permissions::{Level, Permission},
    shapes,
    stored::Stored,
};

/// `GET /repos/{owner}/{repo}/git/ref/{ref}`: exactly this ref, or 404. A ref that is only the
/// beginning of others is none, and a renamed branch redirects nowhere here.
pub static GET: Endpoint = Endpoint {
    permissions: &[Permission::Contents],
    level: Level::Read,
    docs: "/git/refs#get-a-reference",
    answer: get,
};

/// `GET /repos/{owner}/{repo}/git/matching-refs/{ref}`: all refs that begin so, maybe none.
pub static MATCHING: Endpoint = Endpoint {
    permissions: &[Permission::Contents],
    level: Level::Read,
    docs: "/git/refs#list-matching-references",
    answer: matching,
};

fn get(call: &Call, stored: &mut Stored) -> Reply {
    let wanted = call.param("ref").unwrap_or_default();
    let mut refs = stored.git.refs();
    let (name, sha) = refs
        .find(|(name, _)| name == wanted)
        .ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(shapes::git_ref(stored, &name, sha)))
}

fn matching(call: &Call, stored: &mut Stored) -> Reply {
    let prefix = call.param("ref").unwrap_or_default();
    let refs = stored
        .git
        .refs()
        .filter(|(name, _)| name.starts_with(prefix));
    Ok(Answer::ok(
        refs.map(|(name, sha)| shapes::git_ref(stored, &name, sha))
            .collect(),
    ))
}
