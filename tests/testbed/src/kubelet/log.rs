//! What a pod's containers have logged.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::stream;
use http::StatusCode;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::{Api, Client, ResourceExt};

/// How often a log that is followed is looked at.
const LOOK: Duration = Duration::from_millis(50);

const MEGABYTE: usize = 1 << 20;

/// The log of a container; with `follow` what comes too, until the container ends.
pub(super) async fn answer(
    State(client): State<Client>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let is = |name: &str| asked.get(name).is_some_and(|value| value == "true");
    let number = |name: &str| {
        asked
            .get(name)
            .and_then(|value| value.parse::<usize>().ok())
    };
    let pods: Api<Pod> = Api::namespaced(client, &namespace);
    let Ok(found) = pods.get(&pod).await else {
        return (StatusCode::NOT_FOUND, format!("pod {pod} not found")).into_response();
    };
    if let Some(refusal) = refusal(&found, &container, is("previous")) {
        return (StatusCode::BAD_REQUEST, refusal).into_response();
    }
    if found.annotations().contains_key("testbed/log-flood") {
        return flood(number("limitBytes"), is("follow"));
    }
    let since = asked.get("sinceTime").and_then(|it| it.parse().ok());
    let shape = Shape {
        stamped: is("timestamps"),
        since,
    };
    let lines = shape.lines(&found, is("previous"));
    let tail = number("tailLines").unwrap_or(lines.len()).min(lines.len());
    let mut start = lines[lines.len() - tail..].concat();
    if !is("follow") {
        start.truncate(number("limitBytes").unwrap_or(start.len()));
        return start.into_response();
    }
    followed(pods, pod, container, shape, start, lines.len())
}

/// As which a log is asked for.
#[derive(Clone, Copy)]
struct Shape {
    /// With its time before each line.
    stamped: bool,
    /// Without what is older.
    since: Option<DateTime<Utc>>,
}

impl Shape {
    /// The lines of a container's log, a millisecond from one to the next.
    fn lines(self, pod: &Pod, previous: bool) -> Vec<String> {
        let made = pod.creation_timestamp();
        let made = made.and_then(|it| DateTime::from_timestamp(it.0.as_second(), 0));
        let log = log(pod, previous);
        let lines = log.split_inclusive('\n').enumerate();
        let lines = lines.filter_map(|(number, line)| {
            let after = TimeDelta::milliseconds(number.try_into().ok()?);
            let time = made.unwrap_or_default() + after;
            let is_older = self.since.is_some_and(|since| time < since);
            let stamp = time.to_rfc3339_opts(SecondsFormat::Nanos, true);
            (!is_older).then(|| match self.stamped {
                true => format!("{stamp} {line}"),
                false => line.to_owned(),
            })
        });
        lines.collect()
    }
}

/// Why there is no such log, as a kubelet says it.
fn refusal(pod: &Pod, container: &str, previous: bool) -> Option<String> {
    let name = pod.name_any();
    let state = status(pod, container);
    let state = state.as_ref();
    let last = state.and_then(|it| it.last_state.as_ref());
    let has_ended = last.is_some_and(|last| last.terminated.is_some());
    if previous && !has_ended {
        return Some(format!(
            "previous terminated container \"{container}\" in pod \"{name}\" not found"
        ));
    }
    let waiting = state.and_then(|it| it.state.as_ref()?.waiting.as_ref());
    let reason = waiting.and_then(|it| it.reason.clone()).unwrap_or_default();
    (!previous && waiting.is_some() && !has_ended).then(|| {
        format!("container \"{container}\" in pod \"{name}\" is waiting to start: {reason}")
    })
}

fn status(pod: &Pod, container: &str) -> Option<ContainerStatus> {
    let status = pod.status.as_ref()?;
    let lists = [&status.init_container_statuses, &status.container_statuses];
    let mut all = lists.into_iter().flatten().flatten();
    all.find(|it| it.name == container).cloned()
}

/// Each line ends as one.
fn log(pod: &Pod, previous: bool) -> String {
    let of_previous = pod.annotations().get("testbed/previous-log");
    let text = of_previous.filter(|_| previous);
    let text = text.or_else(|| pod.annotations().get("testbed/log"));
    let text = text.cloned().unwrap_or_default();
    match text.is_empty() || text.ends_with('\n') {
        true => text,
        false => text + "\n",
    }
}

fn flood(limit: Option<usize>, paced: bool) -> Response {
    let left = limit.unwrap_or(usize::MAX);
    let lines = stream::unfold(left, move |left| async move {
        if paced {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let mut line = "x".repeat(MEGABYTE - 1) + "\n";
        line.truncate(left);
        (left > 0).then(|| (piece(&line), left - line.len()))
    });
    Body::from_stream(lines).into_response()
}

/// `start`, and what is logged after so many lines.
fn followed(
    pods: Api<Pod>,
    pod: String,
    container: String,
    shape: Shape,
    start: String,
    told: usize,
) -> Response {
    let rest = stream::unfold((told, false), move |(told, ended)| {
        let (pods, pod, container) = (pods.clone(), pod.clone(), container.clone());
        async move {
            if ended {
                return None;
            }
            tokio::time::sleep(LOOK).await;
            let found = pods.get(&pod).await.ok()?;
            let state = status(&found, &container).and_then(|it| it.state);
            let ended = state.is_some_and(|state| state.terminated.is_some());
            let lines = shape.lines(&found, false);
            let more = lines.get(told..).unwrap_or_default().concat();
            Some((piece(&more), (lines.len().max(told), ended)))
        }
    });
    let first = stream::once(async move { piece(&start) });
    Body::from_stream(futures::StreamExt::chain(first, rest)).into_response()
}

fn piece(text: &str) -> Result<Bytes, Infallible> {
    Ok(Bytes::copy_from_slice(text.as_bytes()))
}
