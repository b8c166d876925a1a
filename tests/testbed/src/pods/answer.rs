//! What a pod says of itself.

use http::{Response, StatusCode};
use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt;

/// The variables whose literal values a pod tells.
const TOLD: [&str; 2] = ["BRANCH", "COMMIT"];

/// The answer of a pod to every request.
pub(super) struct Answer {
    pod: String,
    status: StatusCode,
    commit: Option<String>,
    text: String,
}

impl Answer {
    pub(super) fn of(pod: &Pod) -> Self {
        let status = pod.annotations().get("testbed/answer-status");
        let status = status
            .and_then(|status| status.parse().ok())
            .unwrap_or(StatusCode::OK);
        let name = pod.name_any();
        let namespace = pod.namespace().unwrap_or_default();
        let mut commit = None;
        let mut lines = vec![format!("pod: {name}"), format!("namespace: {namespace}")];
        for container in pod.spec.iter().flat_map(|spec| &spec.containers) {
            lines.extend(
                container
                    .image
                    .iter()
                    .map(|image| format!("image: {image}")),
            );
            commit = commit.or_else(|| value(container, "COMMIT"));
            lines.extend(told(container));
        }
        Self {
            pod: name,
            status,
            commit,
            text: lines.join("\n") + "\n",
        }
    }

    pub(super) fn response(&self) -> Response<String> {
        let response = Response::builder().status(self.status);
        let response = match &self.commit {
            Some(commit) => response.header("x-commit", commit),
            None => response,
        };
        response
            .header("x-pod", &self.pod)
            .header("content-type", "text/plain; charset=utf-8")
            .body(self.text.clone())
            .expect("names of pods and commits are valid headers")
    }
}

fn value(container: &Container, name: &str) -> Option<String> {
    let mut variables = container.env.iter().flatten();
    variables
        .find(|variable| variable.name == name)?
        .value
        .clone()
}

fn told(container: &Container) -> impl Iterator<Item = String> {
    let variables = container.env.iter().flatten();
    let told = variables.filter(|variable| TOLD.contains(&variable.name.as_str()));
    told.filter_map(|variable| Some(format!("{}: {}", variable.name, variable.value.as_ref()?)))
}
