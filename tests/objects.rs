//! Objects for the chart `objects`, which makes what it is told of.

use serde_json::{Value, json};

use crate::site::chart;

/// The main release, made of these objects.
pub fn objects(objects: &[Value]) -> Value {
    json!({"chart": chart("objects"), "values": [{"objects": objects}]})
}

/// A release beside the main one, made of these objects.
pub fn companion_of(name: &str, objects: &[Value]) -> Value {
    json!({"name": name, "chart": chart("objects"), "values": [{"objects": objects}]})
}

/// An object that is there at once.
pub fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
}

/// An object that its chart asks to keep.
pub fn kept(name: &str) -> Value {
    annotated(config_map(name), "helm.sh/resource-policy", "keep")
}

/// An object that somebody else has to let go of, once it is deleted.
pub fn held(name: &str) -> Value {
    let mut object = config_map(name);
    object["metadata"]["finalizers"] = json!([FINALIZER]);
    object
}

/// What holds an object that was deleted.
pub const FINALIZER: &str = "example.test/held";

/// A Deployment whose pod does not become ready, so that Helm waits for it, until its annotation
/// [`NEVER_READY`] is taken away.
pub fn stuck(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"deployment": name}},
            "template": {
                "metadata": {"labels": {"deployment": name}, "annotations": {NEVER_READY: "true"}},
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": "stuck", "image": "example.test/stuck"}],
                },
            },
        },
    })
}

/// A Deployment whose pod is ready at once, and takes a second to end.
pub fn slow_to_end(name: &str) -> Value {
    let mut object = stuck(name);
    let template = &mut object["spec"]["template"];
    template["metadata"]["annotations"] = json!({"testbed/slow-delete": "1s"});
    template["spec"]["terminationGracePeriodSeconds"] = json!(30);
    object
}

/// What keeps a pod from being ready.
pub const NEVER_READY: &str = "testbed/never-ready";

/// A Service that the API server refuses, after all of the chart's ConfigMaps were made.
pub fn refused(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"ports": [{"port": 0}]},
    })
}

/// A Job that runs as these hooks, its pod steered by an annotation of the testbed's.
pub fn hook(name: &str, when: &str, steer: &str) -> Value {
    let annotations = if steer.is_empty() {
        json!({})
    } else {
        json!({steer: "true"})
    };
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": {
            "metadata": {"annotations": annotations},
            "spec": {
                "restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "hook", "image": "example.test/hook"}],
            },
        }},
    });
    annotated(job, "helm.sh/hook", when)
}

/// A StatefulSet whose volume claims nobody removes by themselves.
pub fn stateful_set(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
        "spec": {
            "serviceName": name, "selector": {"matchLabels": {"set": name}},
            "template": {
                "metadata": {"labels": {"set": name}},
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": "set", "image": "example.test/set"}],
                },
            },
            "volumeClaimTemplates": [{
                "metadata": {"name": "disk"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"], "storageClassName": "standard",
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            }],
        },
    })
}

fn annotated(mut object: Value, key: &str, value: &str) -> Value {
    object["metadata"]["annotations"][key] = json!(value);
    object
}
