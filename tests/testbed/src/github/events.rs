//! What happened in a repository, as its webhooks and workflows are told.

use serde_json::{Value, json};

use super::{
    deployments::{Deployment, Status},
    shapes::{self, User},
    stored::Stored,
};

/// The SHA of what is not there.
pub const NOTHING: &str = "0000000000000000000000000000000000000000";

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// `push`, `delete`, `deployment` or `deployment_status`.
    pub name: &'static str,
    /// The payload, which is also what an event file of GitHub Actions holds.
    pub payload: Value,
}

/// A ref moved, came or went; `reference` is the full one, `refs/heads/…` or `refs/tags/…`.
pub fn push(stored: &Stored, reference: &str, before: &str, after: &str, sender: &User) -> Event {
    let commit = stored
        .git
        .get(after)
        .map(|commit| shapes::pushed_commit(stored, commit));
    let forced = before != NOTHING && after != NOTHING && !stored.git.contains(after, before);
    let payload = json!({
        "ref": reference,
        "before": before,
        "after": after,
        "created": before == NOTHING,
        "deleted": after == NOTHING,
        "forced": forced,
        "base_ref": null,
        "compare": format!("{}/compare/{}...{}", stored.html(), &before[..12], &after[..12]),
        "commits": commit.iter().collect::<Vec<_>>(),
        "head_commit": commit,
        "pusher": { "name": sender.login, "email": sender.email() },
        "repository": shapes::repository(stored),
        "sender": sender.json(&stored.url),
    });
    Event {
        name: "push",
        payload,
    }
}

/// A branch or a tag was deleted; `name` is the short one.
pub fn delete(stored: &Stored, name: &str, kind: &str, sender: &User) -> Event {
    let payload = json!({
        "ref": name,
        "ref_type": kind,
        "pusher_type": "user",
        "repository": shapes::repository(stored),
        "sender": sender.json(&stored.url),
    });
    Event {
        name: "delete",
        payload,
    }
}

/// A deployment was made.
pub fn deployment(stored: &Stored, deployment: &Deployment) -> Event {
    let payload = json!({
        "action": "created",
        "deployment": shapes::deployment(stored, deployment),
        "workflow": null,
        "workflow_run": null,
        "repository": shapes::repository(stored),
        "sender": deployment.creator.json(&stored.url),
    });
    Event {
        name: "deployment",
        payload,
    }
}

/// A status of a deployment was posted.
pub fn deployment_status(stored: &Stored, deployment: &Deployment, status: &Status) -> Event {
    let payload = json!({
        "action": "created",
        "deployment_status": shapes::deployment_status(stored, deployment, status),
        "deployment": shapes::deployment(stored, deployment),
        "check_run": null,
        "workflow": null,
        "workflow_run": null,
        "repository": shapes::repository(stored),
        "sender": status.creator.json(&stored.url),
    });
    Event {
        name: "deployment_status",
        payload,
    }
}
