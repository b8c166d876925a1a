//! Refs and branches.

use serde_json::{Value, json};

use super::{super::stored::Stored, commit, node_id};

/// A ref, by its name after `refs/`.
pub fn git_ref(stored: &Stored, name: &str, sha: &str) -> Value {
    let (api, path) = (stored.api(), encoded(name));
    json!({
        "ref": format!("refs/{name}"),
        "node_id": node_id("Ref", format!("{}:refs/{name}", stored.id)),
        "url": format!("{api}/git/refs/{path}"),
        "object": { "type": "commit", "sha": sha, "url": format!("{api}/git/commits/{sha}") },
    })
}

/// A branch as a listing has it.
pub fn short_branch(stored: &Stored, name: &str, sha: &str) -> Value {
    json!({
        "name": name,
        "commit": { "sha": sha, "url": format!("{}/commits/{sha}", stored.api()) },
        "protected": stored.protected.contains(name),
    })
}

/// A branch by itself.
pub fn branch(stored: &Stored, name: &str, sha: &str) -> Value {
    let (api, html, path) = (stored.api(), stored.html(), encoded(name));
    let protected = stored.protected.contains(name);
    let (level, contexts) = match protected {
        true => ("non_admins", stored.checks.required.as_slice()),
        false => ("off", [].as_slice()),
    };
    json!({
        "name": name,
        "commit": stored.git.get(sha).map(|head| commit(stored, head)),
        "_links": {
            "self": format!("{api}/branches/{path}"),
            "html": format!("{html}/tree/{path}"),
        },
        "protected": protected,
        "protection": {
            "enabled": protected,
            "required_status_checks": {
                "enforcement_level": level, "contexts": contexts, "checks": [],
            },
        },
        "protection_url": format!("{api}/branches/{path}/protection"),
    })
}

/// A ref's name within a URL: its slashes stay.
pub fn encoded(name: &str) -> String {
    use std::fmt::Write;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    name.bytes().fold(String::new(), |mut path, byte| {
        match plain(byte) {
            true => path.push(char::from(byte)),
            false => write!(path, "%{byte:02X}").expect("a string takes all that is written"),
        }
        path
    })
}
