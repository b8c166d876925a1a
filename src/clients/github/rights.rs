//! What whoever asks may do, found out without doing it.

use http::HeaderMap;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;

use super::{GitHub, GitHubError, RepositoryFacts};

/// A repository, and what GitHub tells of the token that it is shown to.
#[derive(Debug)]
pub struct Shown {
    /// The repository.
    pub repository: RepositoryFacts,
    /// The scopes of a classic token, as GitHub lists them; none for a token without scopes.
    pub scopes: Option<String>,
}

/// A webhook of the repository.
#[derive(Debug, Clone, Deserialize)]
pub struct Webhook {
    /// Whether it is switched on.
    pub active: bool,
    /// The events that it is sent; `*` is all.
    pub events: Vec<String>,
    /// Where to.
    #[serde(default)]
    pub config: WebhookConfig,
    /// What came of its last delivery.
    #[serde(default)]
    pub last_response: LastResponse,
}

/// Where a webhook's deliveries go.
#[derive(Clone, Default, Deserialize)]
pub struct WebhookConfig {
    /// The address, which may hold a secret.
    #[serde(default)]
    pub url: String,
}

impl std::fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookConfig(…)")
    }
}

/// What came of a webhook's last delivery.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct LastResponse {
    /// The status; none before the first.
    pub code: Option<u16>,
}

/// No commit has it, and none ever will: Git writes it for "nothing".
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

impl GitHub {
    /// Whether an App asks, whose tokens are given with all that it asks for or not at all.
    pub fn is_of_app(&self) -> bool {
        self.http.is_of_app()
    }

    /// The repository, and the scopes of the token that sees it.
    pub async fn shown(&self) -> Result<Shown, GitHubError> {
        let (repository, headers) = self.http.get_with_headers(&self.path("")).await?;
        let scopes = |headers: &HeaderMap| {
            let scopes = headers.get("x-oauth-scopes")?.to_str().ok()?;
            Some(scopes.to_owned())
        };
        Ok(Shown {
            repository,
            scopes: scopes(&headers),
        })
    }

    /// Whether deployments may be made: by asking for one of a commit that cannot be, which GitHub
    /// refuses to those alone who may.
    ///
    /// # Errors
    /// They may not, or GitHub did not tell.
    pub async fn may_deploy(&self) -> Result<(), GitHubError> {
        let wanted = json!({
            "ref": NO_COMMIT, "task": "branch-deploys:check", "auto_merge": false,
            "required_contexts": [], "environment": "none", "transient_environment": true,
        });
        let path = self.path("/deployments");
        match self.http.post::<IgnoredAny>(&path, wanted).await {
            Err(error) if error.status() == Some(422) => Ok(()),
            asked => asked.map(drop),
        }
    }

    /// The repository's webhooks, which are shown to its administrators alone.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, GitHubError> {
        self.listing("/hooks", "").await
    }
}
