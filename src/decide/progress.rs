//! How far a release is.

use serde_json::Value;

use super::{
    cause::{is_done, said_of},
    rollout::{pods_of, ready},
};
use crate::model::{Event, Object, Progress, Scene, Speaker, Waited};

/// What of a release is not ready yet, and what was said of that last.
pub fn progress(scene: &Scene, objects: &[Object]) -> Progress {
    let (mut waited, mut said) = (Vec::new(), Vec::new());
    for object in objects {
        let (kind, name) = (&object.key.kind, &object.key.name);
        let Some(live) = scene.object(kind, name) else {
            continue;
        };
        let pods = pods_of(scene, kind, live);
        let count = match object.annotation("helm.sh/hook") {
            Some(_) => has_yet_to_run(scene, kind, live, &pods).then_some(None),
            None => ready(kind, live, &pods)
                .filter(|(ready, wanted)| ready < wanted)
                .map(Some),
        };
        if let Some(pods_ready) = count {
            let name = name.clone();
            waited.push(Waited { name, pods_ready });
            said.extend(said_of(scene, kind, live, &pods));
        }
    }
    // That the scheduler and the controllers do their work goes without saying.
    let usual = ["ScalingReplicaSet", "SuccessfulCreate", "Scheduled"];
    said.retain(|event: &Event| !event.before && !usual.contains(&event.reason.as_str()));
    Progress {
        waited,
        last: said.into_iter().max_by_key(|event| event.at),
    }
}

/// Whether it is a hook that was made, and of whose pods no container runs yet.
fn has_yet_to_run(scene: &Scene, kind: &str, live: &Value, pods: &[&Value]) -> bool {
    let has_run = || pods.iter().any(|pod| !of_pod("", pod).is_empty());
    !scene.is_old(live) && !is_done(kind, live) && !has_run()
}

/// The containers of a release's hooks that run, or have run: those that prepare a pod too, in the pod's order.
pub fn speakers(scene: &Scene, objects: &[Object]) -> Vec<Speaker> {
    let hooks = objects
        .iter()
        .filter(|it| it.annotation("helm.sh/hook").is_some());
    let speakers = hooks.flat_map(|hook| {
        let live = scene.object(&hook.key.kind, &hook.key.name);
        let live = live.filter(|live| !scene.is_old(live));
        let pods = live.map(|live| pods_of(scene, &hook.key.kind, live));
        let pods = pods.unwrap_or_default().into_iter();
        pods.flat_map(|pod| of_pod(&hook.key.name, pod))
    });
    speakers.collect()
}

fn of_pod(hook: &str, pod: &Value) -> Vec<Speaker> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = |part: &str, lists: [&str; 2]| -> Vec<Value> {
        let lists = lists.into_iter();
        let lists = lists.flat_map(|list| pod[part][list].as_array().into_iter().flatten());
        lists.cloned().collect()
    };
    let alone = all("spec", ["initContainers", "containers"]).len() < 2;
    let statuses = all("status", ["initContainerStatuses", "containerStatuses"]);
    let speaks = |status: &&Value| {
        let state = &status["state"];
        !state["running"].is_null() || !state["terminated"].is_null()
    };
    let speakers = statuses.iter().filter(speaks).map(|status| Speaker {
        hook: hook.to_owned(),
        pod: text(&pod["metadata"]["name"]),
        container: text(&status["name"]),
        restarts: status["restartCount"].as_u64().unwrap_or_default(),
        runs: !status["state"]["running"].is_null(),
        alone,
    });
    speakers.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Change, ObjectKey};

    fn object(kind: &str, name: &str, hook: bool) -> Object {
        let annotations = hook.then(|| json!({"helm.sh/hook": "pre-upgrade"}));
        Object {
            key: ObjectKey::new("v1", kind, name),
            body: json!({"metadata": {"annotations": annotations}}),
        }
    }

    fn scene(objects: &[(&str, &str, &str, Value)]) -> Scene {
        let mut scene = Scene::default();
        for (kind, name, owner, status) in objects {
            let owners = json!([{"uid": owner}]);
            let metadata = json!({"name": name, "uid": name, "ownerReferences": owners});
            let spec = json!({"replicas": 2, "containers": [{"name": "app"}]});
            let body = json!({"metadata": metadata, "spec": spec, "status": status});
            scene.apply(Change::There(((*kind).into(), (*name).into()), body));
        }
        scene
    }

    #[test]
    fn what_is_not_ready_is_counted_and_its_last_word_told() {
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        let mut scene = scene(&[
            ("StatefulSet", "web", "", json!({})),
            ("Pod", "web-0", "web", ready),
            ("Pod", "web-1", "web", json!({})),
        ]);
        let say = |reason: &str, at, before| {
            Change::Said(Event {
                kind: "Pod".into(),
                object: "web-1".into(),
                reason: reason.into(),
                before,
                at: chrono::DateTime::from_timestamp(at, 0),
                ..Event::default()
            })
        };
        for (reason, at, before) in [
            ("Pulled", 2, false),
            ("Pulling", 1, false),
            ("Old", 3, true),
        ] {
            scene.apply(say(reason, at, before));
        }
        let found = progress(&scene, &[object("StatefulSet", "web", false)]);
        let pods_ready = Some((1, 2));
        let name = "web".into();
        assert_eq!(found.waited, [Waited { name, pods_ready }]);
        assert_eq!(found.last.map(|it| it.reason).as_deref(), Some("Pulled"));
    }

    #[test]
    fn what_is_ready_is_neither_waited_for_nor_spoken_of() {
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        let mut scene = scene(&[
            ("StatefulSet", "web", "", json!({})),
            ("Pod", "web-0", "web", ready.clone()),
            ("Pod", "web-1", "web", ready),
        ]);
        scene.apply(Change::Said(Event {
            kind: "Pod".into(),
            object: "web-1".into(),
            reason: "Pulled".into(),
            ..Event::default()
        }));
        let found = progress(&scene, &[object("StatefulSet", "web", false)]);
        assert_eq!((found.waited, found.last), (vec![], None));
    }

    #[test]
    fn a_hook_is_waited_for_until_it_runs() {
        let waited = |status: Value| {
            let scene = scene(&[
                ("Job", "migrate", "", json!({})),
                ("Pod", "migrate-1", "migrate", status),
            ]);
            let found = progress(&scene, &[object("Job", "migrate", true)]);
            found
                .waited
                .into_iter()
                .map(|it| it.pods_ready)
                .collect::<Vec<_>>()
        };
        let state =
            |state: &str| json!({"containerStatuses": [{"name": "app", "state": {state: {}}}]});
        assert_eq!(waited(json!({})), [None]);
        assert_eq!(waited(state("waiting")), [None]);
        assert_eq!(waited(state("running")), []);
        let done = json!({"conditions": [{"type": "Complete", "status": "True"}]});
        let gone = scene(&[("Job", "migrate", "", done)]);
        let found = progress(&gone, &[object("Job", "migrate", true)]);
        assert_eq!(found.waited, []);
    }

    #[test]
    fn each_container_of_a_hook_is_heard_from_when_it_runs_on() {
        let status =
            |name: &str, state: Value| json!({"name": name, "restartCount": 2, "state": state});
        let heard = |first: Value, second: Value| {
            let status = json!({"initContainerStatuses": [status("wait", first)],
                "containerStatuses": [status("app", second)]});
            let mut scene = scene(&[("Job", "migrate", "", json!({}))]);
            let metadata = json!({"name": "migrate-1", "ownerReferences": [{"uid": "migrate"}]});
            let spec =
                json!({"initContainers": [{"name": "wait"}], "containers": [{"name": "app"}]});
            let pod = json!({"metadata": metadata, "spec": spec, "status": status});
            scene.apply(Change::There(("Pod".into(), "migrate-1".into()), pod));
            let hooks = [object("Job", "migrate", true), object("Job", "x", false)];
            let heard = speakers(&scene, &hooks).into_iter();
            heard
                .map(|it| (it.container, it.alone, it.restarts))
                .collect::<Vec<_>>()
        };
        let [waits, runs, ended] = ["waiting", "running", "terminated"].map(|it| json!({it: {}}));
        assert_eq!(heard(waits.clone(), waits.clone()), []);
        assert_eq!(heard(runs, waits), [("wait".to_owned(), false, 2)]);
        let both = ["wait", "app"].map(|name| (name.to_owned(), false, 2));
        assert_eq!(heard(ended.clone(), ended), both);
    }

    #[test]
    fn a_container_that_has_no_other_beside_it_is_alone() {
        let ended = json!({"containerStatuses": [{"name": "app", "state": {"terminated": {}}}]});
        let scene = scene(&[
            ("Job", "migrate", "", json!({})),
            ("Pod", "migrate-1", "migrate", ended),
        ]);
        let [heard] = &speakers(&scene, &[object("Job", "migrate", true)])[..] else {
            panic!("it is heard");
        };
        assert!(heard.alone);
    }
}
