//! Commits and their statuses.

use serde_json::{Value, json};

use super::{
    super::{checks::CommitStatus, git::Commit, stored::Stored},
    User, node_id, time,
};

/// A commit, without its files.
pub fn commit(stored: &Stored, commit: &Commit) -> Value {
    let (api, html, sha) = (stored.api(), stored.html(), &commit.sha);
    let author = author();
    let parent = |sha: &String| {
        json!({
            "sha": sha,
            "url": format!("{api}/commits/{sha}"),
            "html_url": format!("{html}/commit/{sha}"),
        })
    };
    json!({
        "sha": sha,
        "node_id": node_id("Commit", sha),
        "url": format!("{api}/commits/{sha}"),
        "html_url": format!("{html}/commit/{sha}"),
        "comments_url": format!("{api}/commits/{sha}/comments"),
        "commit": inner(stored, commit),
        "author": author.json(&stored.url),
        "committer": author.json(&stored.url),
        "parents": commit.parents.iter().map(parent).collect::<Vec<_>>(),
    })
}

/// Git's own part of a commit.
fn inner(stored: &Stored, commit: &Commit) -> Value {
    let (api, sha, author) = (stored.api(), &commit.sha, author());
    let signature =
        json!({ "name": author.login, "email": author.email(), "date": time(commit.at) });
    json!({
        "url": format!("{api}/git/commits/{sha}"),
        "author": signature,
        "committer": signature,
        "message": commit.message,
        "tree": { "sha": sha, "url": format!("{api}/git/trees/{sha}") },
        "comment_count": 0,
        "verification": {
            "verified": false, "reason": "unsigned",
            "signature": null, "payload": null, "verified_at": null,
        },
    })
}

/// A commit as a push event lists it.
pub fn pushed_commit(stored: &Stored, commit: &Commit) -> Value {
    let author = author();
    let person = json!({ "name": author.login, "email": author.email(), "username": author.login });
    json!({
        "id": commit.sha,
        "tree_id": commit.sha,
        "distinct": true,
        "message": commit.message,
        "timestamp": time(commit.at),
        "url": format!("{}/commit/{}", stored.html(), commit.sha),
        "author": person,
        "committer": person,
        "added": [], "removed": [], "modified": [],
    })
}

/// A status of a commit.
pub fn commit_status(stored: &Stored, status: &CommitStatus) -> Value {
    json!({
        "url": format!("{}/statuses/{}", stored.api(), status.sha),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", status.creator.id),
        "id": status.id,
        "node_id": node_id("StatusContext", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": time(status.created_at),
        "updated_at": time(status.created_at),
        "creator": status.creator.json(&stored.url),
    })
}

/// Everything is committed by one person.
fn author() -> User {
    User::person("octocat")
}
