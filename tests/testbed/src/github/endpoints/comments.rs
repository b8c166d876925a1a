//! Comments on pull requests, which GitHub takes for issues.

use chrono::Utc;

use super::{
    super::{
        answer::{Answer, Refusal, Reply},
        call::Call,
        endpoint::Endpoint,
        pages,
        permissions::{Level, Permission},
        pull_requests::PullRequest,
        shapes,
        stored::Stored,
    },
    fields::Fields,
};

/// On pull requests either is enough.
const EITHER: &[Permission] = &[Permission::Issues, Permission::PullRequests];

/// The most characters of a comment.
const MOST: usize = 65_536;

/// `GET /repos/{owner}/{repo}/issues/{issue_number}/comments`, oldest first, page by page.
pub static LIST: Endpoint = Endpoint {
    permissions: EITHER,
    level: Level::Read,
    docs: "/issues/comments#list-issue-comments",
    answer: list,
};

/// `POST /repos/{owner}/{repo}/issues/{issue_number}/comments`
pub static CREATE: Endpoint = Endpoint {
    permissions: EITHER,
    level: Level::Write,
    docs: "/issues/comments#create-an-issue-comment",
    answer: create,
};

/// `PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}`
pub static UPDATE: Endpoint = Endpoint {
    permissions: EITHER,
    level: Level::Write,
    docs: "/issues/comments#update-an-issue-comment",
    answer: update,
};

fn list(call: &Call, stored: &mut Stored) -> Reply {
    let number = call.number("issue")?;
    let found = stored.pull_requests.iter().find(|one| one.number == number);
    let found = found.ok_or_else(Refusal::not_found)?;
    Ok(pages::page(call, stored, &found.comments, |comment| {
        shapes::comment(stored, found, comment)
    }))
}

fn create(call: &Call, stored: &mut Stored) -> Reply {
    let number = call.number("issue")?;
    if stored.pull_request(number).is_none() {
        return Err(Refusal::not_found());
    }
    let comment = stored.comment(number, &body(call)?, &call.caller.owner);
    let found = stored
        .pull_request(number)
        .ok_or_else(Refusal::not_found)?
        .clone();
    Ok(Answer::created(shapes::comment(stored, &found, &comment)))
}

fn update(call: &Call, stored: &mut Stored) -> Reply {
    let id = call.number("comment")?;
    let has = |one: &&mut PullRequest| one.comments.iter().any(|comment| comment.id == id);
    let found = stored.pull_requests.iter_mut().find(has);
    let found = found.ok_or_else(Refusal::not_found)?;
    let mut comments = found.comments.iter_mut();
    let comment = comments
        .find(|comment| comment.id == id)
        .ok_or_else(Refusal::not_found)?;
    comment.body = body(call)?;
    comment.updated_at = Utc::now();
    let (comment, found) = (comment.clone(), found.clone());
    Ok(Answer::ok(shapes::comment(stored, &found, &comment)))
}

fn body(call: &Call) -> Result<String, Refusal> {
    let fields = Fields::of(call, "IssueComment")?;
    let body = fields.required_text("body")?;
    if body.trim().is_empty() {
        return Err(fields.invalid("body", "can't be blank"));
    }
    if body.chars().count() > MOST {
        return Err(fields.invalid("body", "is too long (maximum is 65536 characters)"));
    }
    Ok(body)
}
