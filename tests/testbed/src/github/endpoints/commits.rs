//! Commits and their statuses.

use chrono::Utc;

use super::{
    super::{
        answer::{Answer, Refusal, Reply},
        call::Call,
        checks::CommitStatus,
        endpoint::Endpoint,
        permissions::{Level, Permission},
        shapes,
        stored::Stored,
    },
    fields::Fields,
};

const STATES: [&str; 4] = ["error", "failure", "pending", "success"];

/// `GET /repos/{owner}/{repo}/commits/{ref}`, for a branch, a tag or a SHA.
pub static GET: Endpoint = Endpoint {
    permissions: &[Permission::Contents],
    level: Level::Read,
    docs: "/commits/commits#get-a-commit",
    answer: get,
};

/// `POST /repos/{owner}/{repo}/statuses/{sha}`
pub static CREATE_STATUS: Endpoint = Endpoint {
    permissions: &[Permission::Statuses],
    level: Level::Write,
    docs: "/commits/statuses#create-a-commit-status",
    answer: create_status,
};

fn get(call: &Call, stored: &mut Stored) -> Reply {
    let name = call.param("ref").unwrap_or_default();
    let resolved = stored.git.resolve(name);
    let commit = resolved.and_then(|resolved| stored.git.get(&resolved.sha));
    let missing = || Refusal::unprocessable(format!("No commit found for SHA: {name}"));
    Ok(Answer::ok(shapes::commit(
        stored,
        commit.ok_or_else(missing)?,
    )))
}

fn create_status(call: &Call, stored: &mut Stored) -> Reply {
    let sha = call.param("sha").unwrap_or_default();
    let fields = Fields::of(call, "Status")?;
    let state = fields.required_text("state")?;
    if !STATES.contains(&state.as_str()) {
        return Err(fields.invalid("state", "is not included in the list"));
    }
    let target_url = fields.url("target_url")?;
    if stored.git.get(sha).is_none() {
        return Err(Refusal::unprocessable(format!(
            "No commit found for SHA: {sha}"
        )));
    }
    let status = CommitStatus {
        id: 0,
        sha: sha.to_owned(),
        context: fields
            .text("context")?
            .unwrap_or_else(|| "default".to_owned()),
        state,
        description: fields.at_most("description", 140)?,
        target_url,
        creator: call.caller.owner.clone(),
        created_at: Utc::now(),
    };
    let status = stored.add_commit_status(status).clone();
    Ok(Answer::created(shapes::commit_status(stored, &status)))
}
