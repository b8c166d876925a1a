//! Comments on pull requests, which GitHub takes for issues.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;

use super::{GitHub, GitHubError};

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Comment {
    /// By which it is edited.
    pub id: u64,
    /// Its Markdown.
    #[serde(default)]
    pub body: String,
}

impl GitHub {
    /// The comments on a pull request, oldest first. Whose they are is not told: by a mark of its own
    /// in the text a program knows those that it wrote.
    pub async fn comments(&self, pull_request: u64) -> Result<Vec<Comment>, GitHubError> {
        let path = format!("/issues/{pull_request}/comments");
        self.listing(&path, "").await
    }

    /// Writes a comment on a pull request. An error that [leaves doubt](GitHubError::leaves_doubt) may
    /// have written it.
    pub async fn comment(&self, pull_request: u64, text: &str) -> Result<Comment, GitHubError> {
        let path = self.path(format!("/issues/{pull_request}/comments"));
        self.http.post(&path, json!({ "body": text })).await
    }

    /// Sets the text of a comment.
    pub async fn edit_comment(&self, id: u64, text: &str) -> Result<(), GitHubError> {
        let path = self.path(format!("/issues/comments/{id}"));
        let edited = self
            .http
            .patch::<IgnoredAny>(&path, json!({ "body": text }));
        edited.await.map(drop)
    }
}
