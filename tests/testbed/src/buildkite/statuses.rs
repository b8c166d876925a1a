//! The statuses that Buildkite itself posts on the deployment of a build.

use axum::http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::stored::BuildData;

/// A status on its way.
#[derive(Debug)]
pub struct Post {
    url: String,
    body: Value,
}

/// What is said when the first job begins.
pub fn began(build: &BuildData, page: &str) -> Option<Post> {
    let what = format!("Build #{} started", build.number);
    post(build, page, "in_progress", &what)
}

/// What is said when the build has ended.
pub fn ended(build: &BuildData, page: &str) -> Option<Post> {
    let state = match build.state.as_str() {
        "passed" => "success",
        "failed" => "failure",
        _ => "error",
    };
    let what = format!("Build #{} {}", build.number, build.state);
    post(build, page, state, &what)
}

/// A status, with what the build's meta-data says of the environment.
fn post(build: &BuildData, page: &str, state: &str, what: &str) -> Option<Post> {
    let deployment = build.deployment.as_ref()?;
    let mut body = json!({ "state": state, "description": what, "log_url": page });
    for field in ["environment", "environment_url"] {
        let key = format!("github_deployment_status:{field}");
        if let Some(value) = build.meta_data.get(&key) {
            body[field] = value.as_str().into();
        }
    }
    Some(Post {
        url: deployment.statuses_url.clone(),
        body,
    })
}

/// Brings statuses to GitHub in their order, as the GitHub App of this token. What GitHub refuses
/// is lost.
pub async fn carry(token: String, mut posts: UnboundedReceiver<Post>) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    while let Some(Post { url, body }) = posts.recv().await {
        let request = Request::post(url)
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "application/vnd.github+json")
            .header("content-type", "application/json")
            .header("user-agent", "Buildkite")
            .body(Full::<Bytes>::from(body.to_string()))
            .expect("GitHub's own address");
        if let Ok(answer) = client.request(request).await {
            // Read to its end, so that the connection serves the next one.
            let _ = answer.into_body().collect().await;
        }
    }
}
