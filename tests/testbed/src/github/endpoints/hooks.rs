//! The repository's webhooks, for its administrators.

use serde_json::{Value, json};

use super::super::{
    call::Call,
    endpoint::Endpoint,
    pages,
    permissions::{Level, Permission},
    stored::Stored,
    webhooks::Hook,
};

/// `GET /repos/{owner}/{repo}/hooks`
pub static LIST: Endpoint = Endpoint {
    permissions: &[Permission::Webhooks],
    level: Level::Read,
    docs: "/repos/webhooks#list-repository-webhooks",
    answer: |call: &Call, stored: &mut Stored| Ok(pages::page(call, stored, &stored.hooks, shape)),
};

fn shape(hook: &Hook) -> Value {
    let last = hook.deliveries.iter().rev().find_map(|one| one.status);
    json!({
        "type": "Repository",
        "id": hook.id,
        "name": "web",
        "active": hook.active,
        "events": hook.events,
        "config": { "content_type": "json", "insecure_ssl": "0", "url": hook.url },
        "last_response": {
            "code": last,
            "status": if last.is_some() { "active" } else { "unused" },
            "message": null,
        },
    })
}
