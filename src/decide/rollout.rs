use serde_json::Value;

/// The labels that select a workload's pods, as a query; none for what has no pods.
pub fn pods_of(kind: &str, body: &Value) -> Option<String> {
    if kind == "Job" {
        let name = body["metadata"]["name"].as_str()?;
        return Some(format!("batch.kubernetes.io/job-name={name}"));
    }
    let labels = body["spec"]["selector"]["matchLabels"].as_object()?;
    let pairs = labels
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    let pairs: Vec<_> = pairs.collect();
    (!pairs.is_empty()).then(|| pairs.join(","))
}

/// Why a pod is not ready, for people; none if it is, or is on its way out.
pub fn unready(pod: &Value) -> Option<String> {
    let done = pod["status"]["phase"] == "Succeeded";
    let leaves = !pod["metadata"]["deletionTimestamp"].is_null();
    if done || leaves || condition(pod, "Ready").is_some_and(is_true) {
        return None;
    }
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let reason = unscheduled(pod).or_else(|| containers(pod).find_map(trouble));
    let reason = reason.unwrap_or_else(|| "is not ready".to_owned());
    Some(format!("pod {name} {reason}"))
}

fn condition<'a>(pod: &'a Value, kind: &str) -> Option<&'a Value> {
    let mut conditions = pod["status"]["conditions"].as_array()?.iter();
    conditions.find(|condition| condition["type"] == kind)
}

fn is_true(condition: &Value) -> bool {
    condition["status"] == "True"
}

fn unscheduled(pod: &Value) -> Option<String> {
    let scheduled = condition(pod, "PodScheduled").filter(|condition| !is_true(condition))?;
    let message = scheduled["message"].as_str().unwrap_or_default();
    Some(format!("finds no node: {message}"))
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(|list| pod["status"][list].as_array().into_iter().flatten())
}

/// What keeps a container from running; none for one that begins or runs.
fn trouble(container: &Value) -> Option<String> {
    let name = container["name"].as_str().unwrap_or_default();
    let code = |state: &str| {
        container[state]["terminated"]["exitCode"]
            .as_i64()
            .filter(|code| *code != 0)
    };
    if let Some(code) = code("state").or_else(|| code("lastState")) {
        return Some(format!(
            "has a container {name} that ends with status {code}"
        ));
    }
    let waiting = container["state"]["waiting"]["reason"].as_str()?;
    let begins = matches!(waiting, "ContainerCreating" | "PodInitializing");
    (!begins).then(|| format!("has a container {name} that does not start: {waiting}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(ready: &str, scheduled: &str, container: Value) -> Value {
        json!({"metadata": {"name": "web-1"}, "status": {
            "phase": "Running",
            "conditions": [
                {"type": "PodScheduled", "status": scheduled, "message": "no room"},
                {"type": "Ready", "status": ready},
            ],
            "containerStatuses": [container],
        }})
    }

    #[test]
    fn a_pod_tells_why_it_is_not_ready() {
        let waiting = |reason| json!({"name": "app", "state": {"waiting": {"reason": reason}}});
        let crash = json!({"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 3}}});
        for (pod, expected) in [
            (
                pod("False", "False", json!({})),
                "pod web-1 finds no node: no room",
            ),
            (pod("False", "True", json!({})), "pod web-1 is not ready"),
            (
                pod("False", "True", waiting("ContainerCreating")),
                "pod web-1 is not ready",
            ),
            (
                pod("False", "True", waiting("ImagePullBackOff")),
                "pod web-1 has a container app that does not start: ImagePullBackOff",
            ),
            (
                pod("False", "True", crash),
                "pod web-1 has a container app that ends with status 3",
            ),
        ] {
            assert_eq!(unready(&pod).as_deref(), Some(expected));
        }
        assert_eq!(unready(&pod("True", "True", json!({}))), None);
    }

    #[test]
    fn pods_are_found_by_their_workload() {
        let deployment = json!({"spec": {"selector": {"matchLabels": {"a": "b", "c": "d"}}}});
        assert_eq!(
            pods_of("Deployment", &deployment).as_deref(),
            Some("a=b,c=d")
        );
        let job = json!({"metadata": {"name": "migrate"}});
        let expected = Some("batch.kubernetes.io/job-name=migrate");
        assert_eq!(pods_of("Job", &job).as_deref(), expected);
        assert_eq!(pods_of("ConfigMap", &json!({})), None);
    }

    #[test]
    fn a_pod_that_has_done_its_work_or_leaves_is_none_that_is_waited_for() {
        let unready_pod = pod("False", "True", json!({}));
        let mut done = unready_pod.clone();
        done["status"]["phase"] = json!("Succeeded");
        let mut leaving = unready_pod.clone();
        leaving["metadata"]["deletionTimestamp"] = json!("2026-11-24T09:00:00Z");
        assert!(unready(&unready_pod).is_some());
        assert_eq!([unready(&done), unready(&leaving)], [None, None]);
    }
}
