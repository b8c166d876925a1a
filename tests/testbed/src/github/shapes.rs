//! GitHub's objects as its JSON has them.

mod comment;
mod commit;
mod deployment;
mod refs;
mod repository;
mod user;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};

pub use comment::comment;
pub use commit::{commit, commit_status, pushed_commit};
pub use deployment::{deployment, deployment_status};
pub use refs::{branch, encoded, git_ref, short_branch};
pub use repository::repository;
pub use user::User;

/// A time as GitHub writes it: whole seconds of UTC.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A GraphQL id, opaque to clients.
pub fn node_id(kind: &str, id: impl std::fmt::Display) -> String {
    BASE64_STANDARD.encode(format!("{kind}:{id}"))
}
