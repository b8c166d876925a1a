//! Users, and the bots of GitHub Apps.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::node_id;

/// Somebody who does things on GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name of the account; a bot's ends in `[bot]`.
    pub login: String,
    /// The numeric id, the same for the same login everywhere.
    pub id: u32,
    kind: &'static str,
}

impl User {
    /// A person.
    pub fn person(login: &str) -> Self {
        Self {
            login: login.to_owned(),
            id: id(login),
            kind: "User",
        }
    }

    /// What a GitHub App of this name acts as.
    pub fn bot(app: &str) -> Self {
        let login = format!("{app}[bot]");
        Self {
            id: id(&login),
            login,
            kind: "Bot",
        }
    }

    /// An organization.
    pub fn organization(login: &str) -> Self {
        Self {
            login: login.to_owned(),
            id: id(login),
            kind: "Organization",
        }
    }

    /// Whether it is the bot of an app.
    pub fn is_bot(&self) -> bool {
        self.kind == "Bot"
    }

    /// The address that hides the real one.
    pub fn email(&self) -> String {
        format!("{}+{}@users.noreply.github.com", self.id, self.login)
    }

    /// The short form, with links below the API's URL.
    pub fn json(&self, api: &str) -> Value {
        let Self { login, id, kind } = self;
        let path = login.replace('[', "%5B").replace(']', "%5D");
        let own = format!("{api}/users/{path}");
        json!({
            "login": login,
            "id": id,
            "node_id": node_id("User", id),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
            "gravatar_id": "",
            "url": own,
            "html_url": format!("https://github.com/{path}"),
            "followers_url": format!("{own}/followers"),
            "following_url": format!("{own}/following{{/other_user}}"),
            "gists_url": format!("{own}/gists{{/gist_id}}"),
            "starred_url": format!("{own}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{own}/subscriptions"),
            "organizations_url": format!("{own}/orgs"),
            "repos_url": format!("{own}/repos"),
            "events_url": format!("{own}/events{{/privacy}}"),
            "received_events_url": format!("{own}/received_events"),
            "type": kind,
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// The long form, of which the token's owner gets its own.
    pub fn profile(&self, api: &str) -> Value {
        let mut profile = self.json(api);
        let more = json!({
            "name": self.login, "company": null, "blog": "", "location": null, "email": null,
            "hireable": null, "bio": null, "twitter_username": null, "notification_email": null,
            "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
            "created_at": "2015-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            profile[key] = value.clone();
        }
        profile
    }
}

/// Ids of accounts are stable, so they come from the login alone.
fn id(login: &str) -> u32 {
    let digest = Sha256::digest(login);
    u32::from_be_bytes([0, digest[0], digest[1], digest[2]]) + 1
}
