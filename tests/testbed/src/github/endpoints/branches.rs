//! Branches.

use axum::http::StatusCode;

use super::super::{
    answer::{Answer, Refusal, Reply},
    call::Call,
    endpoint::Endpoint,
    pages,
    permissions::{Level, Permission},
    shapes,
    stored::Stored,
};

/// `GET /repos/{owner}/{repo}/branches`, by name, page by page.
pub static LIST: Endpoint = Endpoint {
    permissions: &[Permission::Contents],
    level: Level::Read,
    docs: "/branches/branches#list-branches",
    answer: list,
};

/// `GET /repos/{owner}/{repo}/branches/{branch}`; the one endpoint that follows a rename.
pub static GET: Endpoint = Endpoint {
    permissions: &[Permission::Contents],
    level: Level::Read,
    docs: "/branches/branches#get-a-branch",
    answer: get,
};

fn list(call: &Call, stored: &mut Stored) -> Reply {
    let protected = call.query("protected").map(|text| text == "true");
    let wanted = |name: &str| protected.is_none_or(|is| is == stored.protected.contains(name));
    let all: Vec<_> = stored
        .git
        .branches
        .iter()
        .filter(|(name, _)| wanted(name))
        .collect();
    Ok(pages::page(call, stored, &all, |(name, sha)| {
        shapes::short_branch(stored, name, sha)
    }))
}

fn get(call: &Call, stored: &mut Stored) -> Reply {
    let name = call.param("branch").unwrap_or_default();
    if let Some(sha) = stored.git.branches.get(name) {
        return Ok(Answer::ok(shapes::branch(stored, name, sha)));
    }
    match stored.git.new_name(name) {
        Some(new) => {
            let path = shapes::encoded(new);
            let location = format!("{}/branches/{path}", stored.api_by_id());
            Ok(Answer::moved(location, true))
        }
        None => Err(Refusal::new(StatusCode::NOT_FOUND, "Branch not found")),
    }
}
