use super::times;
use crate::model::{Container, Trouble, Unpulled, What};

/// What is wrong, in one sentence that begins with what tells most: it may be cut.
pub(super) fn sentence(release: &str, trouble: &Trouble) -> String {
    let pod = trouble.pod.as_deref().unwrap_or_default();
    let said = said(trouble, &format!("pod {pod}"), &trouble.workload);
    let (kind, name) = trouble.workload.split_once('/').unwrap_or_default();
    match (&trouble.hook, &trouble.what) {
        (Some(events), What::Runs) => {
            format!("the hook {kind}/{name} ({events}) is not done in time")
        }
        (Some(events), _) => format!("the hook {kind}/{name} ({events}) fails: {said}"),
        // Its own name stands in what is said, or is the release's.
        (None, What::Ingress { .. } | What::Claim { .. }) => said,
        (None, _) if name == release => said,
        (None, _) => format!("{kind}/{name}: {said}"),
    }
}

/// The same without names: of long ones nothing else would be left where there is little room.
pub(super) fn cause(trouble: &Trouble) -> String {
    let (kind, _) = trouble.workload.split_once('/').unwrap_or_default();
    let said = said(trouble, "a pod", &format!("its {kind}"));
    match (&trouble.hook, &trouble.what) {
        (Some(_), What::Runs) => "a hook is not done in time".to_owned(),
        (Some(_), _) => format!("a hook fails: {said}"),
        (None, _) => said,
    }
}

/// What is wrong with `pod`, or with `workload`.
fn said(trouble: &Trouble, pod: &str, workload: &str) -> String {
    let container = trouble.container.as_ref();
    let name = container.map(|it| it.name.as_str()).unwrap_or_default();
    match &trouble.what {
        What::Image { reason, message } => image(container, reason, message),
        What::Exit { code, reason, .. } => {
            let reason = match reason.as_str() {
                "" | "Error" | "Completed" => String::new(),
                reason => format!(" ({reason})"),
            };
            let restarts = container.map_or(0, |it| it.restarts);
            let restarts = (restarts > 0).then(|| format!(", restarted {}", times(restarts)));
            let restarts = restarts.unwrap_or_default();
            format!("container {name} ends with status {code}{reason}{restarts}")
        }
        What::Start { reason, message } => {
            format!("container {name} does not start: {}", both(reason, message))
        }
        What::Job { reason, message } => both(reason, message),
        What::Lost { reason, message } => format!("{pod} was ended: {}", both(reason, message)),
        What::NotMade(message) => format!("its pods are not made: {message}"),
        What::Claim { name, message, .. } => {
            format!("the volume claim {name} gets no disk: {message}")
        }
        What::Unschedulable(message) => format!("{pod} finds no node: {message}"),
        What::Ingress {
            reason,
            message,
            culprit,
        } => {
            let refuses = match culprit {
                Some(other) => format!("{other} holds up the load balancer of {workload}"),
                None => format!("the load balancer refuses {workload}"),
            };
            format!("{refuses}: {}", both(reason, message))
        }
        What::Waits { reason, message } => {
            format!("{pod} does not start: {}", both(reason, message))
        }
        What::Runs => format!("{pod} is not done in time"),
        What::NotReady(Some(probe)) => format!("{pod} is not ready: {probe}"),
        What::NotReady(None) => format!("{pod} is not ready"),
    }
}

fn image(container: Option<&Container>, reason: &str, message: &str) -> String {
    let image = container.map(|it| it.image.as_str()).unwrap_or_default();
    let name = container.map(|it| it.name.as_str()).unwrap_or_default();
    match Unpulled::by(message) {
        Unpulled::Missing => format!("there is no image {image} for container {name} ({reason})"),
        Unpulled::Refused => {
            format!(
                "the image {image} of container {name} may not be pulled, or is not there ({reason})"
            )
        }
        Unpulled::Else => format!("the image {image} of container {name} cannot be had: {reason}"),
    }
}

fn both(reason: &str, message: &str) -> String {
    let texts = [reason, message].into_iter();
    let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
    texts.join(": ")
}
