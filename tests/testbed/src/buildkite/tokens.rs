//! API access tokens: what each may do, and for whom.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{ids, limits::Limits};

/// Requests a minute of one user.
const OF_A_USER: u32 = 50;

/// A token that was issued. Each is of a user of its own.
#[derive(Debug)]
pub struct Token {
    pub secret: String,
    /// False once it was revoked.
    pub valid: bool,
    /// `read_builds`, `write_builds` …
    pub scopes: Vec<String>,
    pub limits: Limits,
    uuid: String,
    created_at: DateTime<Utc>,
}

impl Token {
    pub fn new(scopes: &[&str]) -> Self {
        Self {
            secret: ids::secret("bkua_"),
            valid: true,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            limits: Limits::of_a_minute(OF_A_USER),
            uuid: ids::uuid(),
            created_at: Utc::now(),
        }
    }

    pub fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }

    /// As `GET /v2/access-token` tells it.
    pub fn json(&self) -> Value {
        json!({
            "uuid": self.uuid,
            "scopes": self.scopes,
            "description": "Branch deploys",
            "created_at": self.created_at.format("%F %T UTC").to_string(),
            "expires_at": null,
            "user": { "name": "Ada Lovelace", "email": "ada@example.com" },
        })
    }
}
