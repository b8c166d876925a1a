//! Why a pod is not ready.

use serde_json::Value;

use super::{
    Look, bare,
    told::{about, newest},
};
use crate::{
    decide::rollout::{condition, is_ready},
    model::{Container, Event, Log, Trouble, What},
};

/// All that is wrong with a pod; nothing with one that is ready or has done its work.
pub(super) fn troubles(look: &Look<'_>, pod: &Value) -> Vec<Trouble> {
    if pod["status"]["phase"] == "Succeeded" || is_ready(pod) {
        return Vec::new();
    }
    let events = about(look.scene, "Pod", pod);
    // The containers of a pod that was ended for something end for that.
    let mut found = match unscheduled(pod).or_else(|| lost(pod)) {
        Some(of_pod) => vec![of_pod],
        None => of_containers(pod, &events),
    };
    if found.is_empty() {
        found.push(waits(&events).unwrap_or_else(|| not_ready(pod, &events)));
    }
    let troubles = found.into_iter().map(|(what, container)| Trouble {
        pod: Some(super::text(&pod["metadata"]["name"])),
        container,
        events: events.clone(),
        ..bare(what)
    });
    troubles.collect()
}

type Found = (What, Option<Container>);

fn unscheduled(pod: &Value) -> Option<Found> {
    let scheduled = condition(pod, "PodScheduled")?;
    let is_refused = scheduled["status"] == "False" && scheduled["reason"] == "Unschedulable";
    is_refused.then(|| {
        (
            What::Unschedulable(super::text(&scheduled["message"])),
            None,
        )
    })
}

fn lost(pod: &Value) -> Option<Found> {
    let reason = pod["status"]["reason"].as_str()?;
    let failed = pod["status"]["phase"] == "Failed";
    let lost = || What::Lost {
        reason: reason.to_owned(),
        message: super::text(&pod["status"]["message"]),
    };
    failed.then(|| (lost(), None))
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(|list| pod["status"][list].as_array().into_iter().flatten())
}

/// What is wrong with its containers: one may wait for what another does not have.
fn of_containers(pod: &Value, events: &[Event]) -> Vec<Found> {
    let found = containers(pod).filter_map(|it| of_container(pod, it, events));
    found.collect()
}

/// What keeps a container from running; none for one that begins, runs, or has done its work.
fn of_container(pod: &Value, status: &Value, events: &[Event]) -> Option<Found> {
    let waiting = status["state"]["waiting"]["reason"].as_str();
    let said = || super::text(&status["state"]["waiting"]["message"]);
    let ended = |state: &str| {
        let ended = &status[state]["terminated"];
        let failed = ended["exitCode"].as_i64().is_some_and(|code| code != 0);
        failed.then_some(ended)
    };
    let backs_off = waiting == Some("CrashLoopBackOff");
    if let Some(reason) = waiting.filter(|reason| is_of_image(reason)) {
        let container = container(pod, status, None);
        let (reason, message) = (reason.to_owned(), of_registry(said(), &container, events));
        return Some((What::Image { reason, message }, Some(container)));
    }
    // One that runs again may be well: its state of now says so.
    let is_well = status["ready"] == true;
    let before = ended("lastState").filter(|_| !is_well);
    let exited = ended("state").map(|ended| (ended, Log::Present));
    // One that backs off after a good end is one that should not end.
    let stopped = &status["lastState"]["terminated"];
    let stopped = (backs_off && !stopped.is_null()).then_some((stopped, Log::Previous));
    let exited = exited
        .or_else(|| before.map(|ended| (ended, Log::Previous)))
        .or(stopped);
    if let Some((ended, log)) = exited {
        let container = container(pod, status, Some(log));
        let message = super::text(&ended["message"]);
        let what = What::Exit {
            code: ended["exitCode"].as_i64().unwrap_or_default(),
            reason: super::text(&ended["reason"]),
            message: match message.is_empty() {
                true => of_probe(&container, events),
                false => message,
            },
            backs_off,
        };
        return Some((what, Some(container)));
    }
    let reason = waiting.filter(|reason| !begins(reason))?.to_owned();
    let what = What::Start {
        reason,
        message: said(),
    };
    Some((what, Some(container(pod, status, None))))
}

/// For which probe the kubelet ends a container; empty if it does not. By its status that was killed, and no
/// more.
fn of_probe(container: &Container, events: &[Event]) -> String {
    let named = format!("ontainer {} failed ", container.name);
    let ended = |event: &Event| event.reason == "Killing" && event.message.contains(&named);
    newest(events, ended).map_or_else(String::new, |event| event.message.clone())
}

fn begins(reason: &str) -> bool {
    matches!(reason, "ContainerCreating" | "PodInitializing")
}

fn is_of_image(reason: &str) -> bool {
    matches!(
        reason,
        "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed"
    )
}

/// Why an image is not to be had: one who waits before he asks again says no more than that.
fn of_registry(said: String, container: &Container, events: &[Event]) -> String {
    let named = format!("\"{}", container.image);
    let failed = |event: &Event| {
        let is_pull = event.reason == "Failed" && event.message.contains("pull");
        // One that names an image names that of another container.
        is_pull && (event.message.contains(&named) || !event.message.contains("image \""))
    };
    match newest(events, failed) {
        Some(failed) if said.is_empty() || said.starts_with("Back-off") => failed.message.clone(),
        Some(_) | None => said,
    }
}

fn container(pod: &Value, status: &Value, log: Option<Log>) -> Container {
    let name = &status["name"];
    let wanted = ["initContainers", "containers"]
        .into_iter()
        .flat_map(|list| pod["spec"][list].as_array().into_iter().flatten())
        .find(|container| container["name"] == *name);
    let image = wanted.map(|container| &container["image"]);
    Container {
        name: super::text(name),
        image: super::text(image.unwrap_or(&status["image"])),
        restarts: status["restartCount"].as_u64().unwrap_or_default(),
        log,
    }
}

/// The container that tells how far a pod came: one that runs, or the last that did.
pub(super) fn speaker(pod: &Value) -> Option<Container> {
    let is_there = |status: &&Value, state: &str| !status["state"][state].is_null();
    let runs = containers(pod).find(|it| is_there(it, "running"));
    let ran = || {
        containers(pod)
            .filter(|it| is_there(it, "terminated"))
            .last()
    };
    let status = runs.or_else(ran)?;
    Some(container(pod, status, Some(Log::Present)))
}

/// What a pod that has no container yet waits for.
fn waits(events: &[Event]) -> Option<Found> {
    let fails = |event: &Event| {
        let starts = [
            "FailedMount",
            "FailedAttachVolume",
            "FailedCreatePodSandBox",
        ];
        event.warns && starts.contains(&event.reason.as_str())
    };
    let last = newest(events, |event| fails(event) || event.reason == "Started")?;
    let waits = || What::Waits {
        reason: last.reason.clone(),
        message: last.message.clone(),
    };
    fails(last).then(|| (waits(), None))
}

fn not_ready(pod: &Value, events: &[Event]) -> Found {
    let probe = newest(events, |event| event.reason == "Unhealthy");
    let unready = containers(pod)
        .find(|status| status["ready"] == false && !status["state"]["running"].is_null());
    let container = unready.map(|status| container(pod, status, Some(Log::Present)));
    (
        What::NotReady(probe.map(|it| it.message.clone())),
        container,
    )
}
