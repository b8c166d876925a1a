//! Comments on issues and pull requests.

use serde_json::{Value, json};

use super::{
    super::{
        pull_requests::{Comment, PullRequest},
        stored::Stored,
    },
    node_id, time,
};

/// A comment on a pull request, which GitHub takes for an issue.
pub fn comment(stored: &Stored, of: &PullRequest, comment: &Comment) -> Value {
    let (api, id, number) = (stored.api(), comment.id, of.number);
    let html = format!("{}/pull/{number}#issuecomment-{id}", stored.html());
    json!({
        "url": format!("{api}/issues/comments/{id}"),
        "html_url": html,
        "issue_url": format!("{api}/issues/{number}"),
        "id": id,
        "node_id": node_id("IssueComment", id),
        "user": comment.author.json(&stored.url),
        "created_at": time(comment.created_at),
        "updated_at": time(comment.updated_at),
        "author_association": "COLLABORATOR",
        "body": comment.body,
        "performed_via_github_app": null,
    })
}
