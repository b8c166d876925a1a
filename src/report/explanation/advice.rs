use crate::model::{Container, DEADLINE, Log, Trouble, What};

/// What to try.
pub(super) fn advice(namespace: &str, trouble: &Trouble) -> String {
    let container = trouble.container.as_ref();
    let logs = || logs(namespace, trouble, container);
    match &trouble.what {
        What::Image { reason, .. } if reason == "InvalidImageName" => {
            "see how the chart puts the image's name and tag together".into()
        }
        What::Image { .. } => {
            "see whether the build has pushed this tag (build-gate waits for it), \
                               and whether the nodes may pull it"
                .into()
        }
        What::Exit { reason, .. } if reason == "OOMKilled" => {
            "give the container more memory, or find what takes it".into()
        }
        What::Exit { code, reason, .. } if matches!(code, 126 | 127) || is_of_start(reason) => {
            "see whether the image holds the container's command, and may run it".into()
        }
        What::Exit { .. } | What::NotReady(_) => logs(),
        What::Runs => "see what it waits for, or give it more time (--helm-timeout)".into(),
        What::Job { reason, .. } if reason == DEADLINE => {
            "see what it waits for, or give it more time (activeDeadlineSeconds)".into()
        }
        What::Start { .. } => {
            "see whether what its container names is there: Secrets, ConfigMaps, the command".into()
        }
        What::Job { .. } => format!(
            "kubectl describe {} --namespace {namespace}",
            trouble.workload
        ),
        What::Lost { .. } => {
            "deploy again; where it is ended again, see its requests and limits".into()
        }
        What::NotMade(message) if message.contains("quota") => {
            "sweep what is old (sweep-stale), ask for less, or raise the quota".into()
        }
        What::NotMade(_) => "see what the cluster's admission asks of pods".into(),
        What::Claim { reason, .. } if reason == "FailedBinding" => {
            "name a storage class in the claim, or make one the cluster's default".into()
        }
        What::Claim { .. } => "see the claim's storage class, and its provisioner".into(),
        What::Unschedulable(_) => {
            "ask for less, sweep what is old (sweep-stale), or add nodes".into()
        }
        What::Ingress {
            culprit: Some(other),
            ..
        } => format!("mend or sweep {other}: all of a group share their load balancer"),
        What::Ingress { culprit: None, .. } => {
            "see the Ingress's annotations: its group, certificate, subnets".into()
        }
        What::Waits { .. } => "see the pod's volumes and network".into(),
    }
}

fn logs(namespace: &str, trouble: &Trouble, container: Option<&Container>) -> String {
    let pod = trouble.pod.as_deref().unwrap_or_default();
    let Some(container) = container else {
        return format!("kubectl describe pod {pod} --namespace {namespace}");
    };
    let previous = match container.log {
        Some(Log::Previous) => " --previous",
        Some(Log::Present) | None => "",
    };
    let name = &container.name;
    format!("kubectl logs {pod} --container {name} --namespace {namespace}{previous}")
}

/// Whether a container's command could not even be begun, in the words of containerd or Docker.
fn is_of_start(reason: &str) -> bool {
    matches!(reason, "StartError" | "ContainerCannotRun")
}
