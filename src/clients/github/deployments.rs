//! Making a deployment, and following it.

use percent_encoding::utf8_percent_encode;
use serde_json::json;

use super::{Etag, GitHub, GitHubError, PLAIN};
use crate::model::{Deployment, Payload, Posted};

/// A deployment to make.
#[derive(Debug, Clone)]
pub struct NewDeployment<'a> {
    /// The branch or commit that it is for.
    pub git_ref: &'a str,
    /// What it is for.
    pub task: &'a str,
    /// The environment's name at GitHub: our tier.
    pub environment: &'a str,
    /// What a person reads of it.
    pub description: &'a str,
    /// What whoever lands it needs to know.
    pub payload: &'a Payload,
}

impl GitHub {
    /// The newest deployments of a task and environment that were made for `git_ref`, newest first:
    /// one page of them.
    pub async fn deployments_of(
        &self,
        task: &str,
        environment: &str,
        git_ref: &str,
    ) -> Result<Vec<Deployment>, GitHubError> {
        let [task, environment, git_ref] =
            [task, environment, git_ref].map(|text| utf8_percent_encode(text, PLAIN));
        let query = format!("task={task}&environment={environment}&ref={git_ref}&per_page=100");
        self.http
            .get(&self.path(format!("/deployments?{query}")))
            .await
    }

    /// Makes a deployment of its own: without merging, gating or ending others, which GitHub would
    /// do by default.
    ///
    /// GitHub knows no idempotency key: an error that [leaves doubt](GitHubError::leaves_doubt) is
    /// reconciled by the payload's nonce.
    pub async fn create_deployment(
        &self,
        new: &NewDeployment<'_>,
    ) -> Result<Deployment, GitHubError> {
        let body = json!({
            "ref": new.git_ref,
            "task": new.task,
            "environment": new.environment,
            "description": new.description,
            "payload": new.payload,
            "auto_merge": false,
            "required_contexts": [],
            "transient_environment": true,
            "production_environment": false,
        });
        self.http.post(&self.path("/deployments"), body).await
    }

    /// The statuses of a deployment, newest first, if they are others than when `etag` was kept:
    /// asking for what is unchanged costs nothing of GitHub's limit.
    pub async fn new_statuses(
        &self,
        id: u64,
        etag: &mut Etag,
    ) -> Result<Option<Vec<Posted>>, GitHubError> {
        let path = self.path(format!("/deployments/{id}/statuses?per_page=100"));
        self.http.get_new(&path, etag).await
    }
}
