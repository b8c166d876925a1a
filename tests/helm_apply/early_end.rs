//! What cannot come up any more is not waited for; what runs meanwhile is shown.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testbed::{Cluster, tools::Tool, wait_until, wait_until_within};

use super::explanation::{migration, web};
use crate::{
    site::{HELMS, Ran, Running, Site, chart, companion, echo, held},
    terminal::Terminal,
};

/// The longest from a state that does not heal to the failed status, as the issue asks for it.
const MOST: Duration = Duration::from_secs(10);

/// A deploy that Helm would wait for a minute.
fn start(site: &Site, helm: Tool, release: &Value) -> (u64, Running) {
    let deployment = site.push("new");
    let program = site.helm_apply(helm, deployment).release(release);
    (deployment, program.start())
}

/// Waits until one of the pods is in a state, and then for the end of the deploy, soon.
#[track_caller]
fn ends_soon(site: &Site, running: Running, is_fatal: impl Fn(&Value) -> bool) -> (Ran, Duration) {
    wait_until("the fatal state", || {
        let mut pods = site.namespace.objects("Pod").into_iter();
        let pods = pods
            .by_ref()
            .filter_map(|pod| site.namespace.find("Pod", &pod));
        let found = pods.collect::<Vec<_>>().iter().any(&is_fatal);
        found.then_some(()).ok_or("none is in it")
    });
    fails_soon(running)
}

/// From now, when it is lost.
#[track_caller]
fn fails_soon(running: Running) -> (Ran, Duration) {
    let fatal = Instant::now();
    let ran = running.end().ends_with(1);
    let took = fatal.elapsed();
    assert!(took < MOST, "{took:?}\n{ran}");
    (ran, took)
}

/// Waits until the cluster says this of something.
fn wait_for_word(site: &Site, reason: &str) {
    wait_until_within(Duration::from_secs(30), reason, || {
        let events = site.namespace.objects("Event").into_iter();
        let mut events = events.filter_map(|name| site.namespace.find("Event", &name));
        let said = events.any(|event| event["reason"] == reason);
        said.then_some(()).ok_or("it is not said")
    });
}

/// What a person who runs the tests reads.
fn tell(what: &str, took: Duration) {
    println!("from the fatal state to the failed status: {took:.1?} ({what})");
}

fn waits_for(pod: &Value, reasons: &[&str]) -> bool {
    let reason = pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_str();
    reason.is_some_and(|reason| reasons.contains(&reason))
}

fn restarts(pod: &Value) -> u64 {
    let restarts = pod["status"]["containerStatuses"][0]["restartCount"].as_u64();
    restarts.unwrap_or_default()
}

/// The figure: from a pod's fatal state to the failed status with its cause.
#[test]
fn a_pod_that_is_lost_fails_the_deploy_within_seconds() {
    let mut figures = Vec::new();
    for helm in HELMS {
        let site = Site::new("early-image");
        let (deployment, running) =
            start(&site, helm, &web(json!({"testbed/image-missing": "true"})));
        let reasons = ["ErrImagePull", "ImagePullBackOff"];
        let (_, took) = ends_soon(&site, running, |pod| waits_for(pod, &reasons));
        let words = site.last_words(deployment);
        assert!(
            words.starts_with("Deploy failed: hey-new: there is no image example.test/web"),
            "{words}"
        );
        figures.push(("an image that is not there", helm, took));

        let site = Site::new("early-crash");
        let crashes = json!({"testbed/fail": "true", "testbed/restart-after": "200ms"});
        let (deployment, running) = start(&site, helm, &web(crashes));
        let (ran, took) = ends_soon(&site, running, |pod| restarts(pod) >= 3);
        let words = site.last_words(deployment);
        assert!(
            words.starts_with("Deploy failed: hey-new: container web ends with status 1"),
            "{words}"
        );
        assert!(ran.stdout.contains("given up after"), "{ran}");
        figures.push(("a container that crashes", helm, took));
    }
    for (what, helm, took) in figures {
        tell(&format!("{what}, {helm:?}"), took);
    }
}

#[test]
fn what_crashes_less_often_than_is_allowed_is_waited_for() {
    let site = Site::new("early-heals");
    let crashes = json!({"testbed/fail": "true", "testbed/restart-after": "200ms"});
    let deployment = site.push("new");
    let program = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&web(crashes));
    let running = program.args(["--max-restarts", "1000"]).start();
    let pod = wait_until("a crash or four", || {
        let pods = site.namespace.objects("Pod");
        let pod = pods.first().ok_or("no pod")?;
        let live = site.namespace.find("Pod", pod).ok_or("it is gone")?;
        (restarts(&live) >= 4).then(|| pod.clone()).ok_or("too few")
    });
    site.namespace.patch(
        "Pod",
        &pod,
        &json!({"metadata": {"annotations": {"testbed/fail": null}}}),
    );
    running.end().ends_with(0);
}

/// The next deploy is the one that heals what is broken.
#[test]
fn pods_that_were_broken_before_do_not_end_the_deploy_that_mends_them() {
    for helm in HELMS {
        let site = Site::new("early-mends");
        let release = |commit| {
            echo(json!({"web": true, "tellsCommit": commit,
                "podAnnotations": {"testbed/restart-after": "100ms"}}))
        };
        let (_, running) = start(&site, helm, &release(false));
        running.end().ends_with(0);
        let pod = site.wait_for_pod();
        site.namespace
            .annotate("Pod", &pod, "testbed/fail", Some("true"));
        wait_until("it crashes", || {
            let live = site.namespace.get("Pod", &pod);
            (restarts(&live) >= 4).then_some(()).ok_or("not yet")
        });
        let (_, running) = start(&site, helm, &release(true));
        running.end().ends_with(0);
    }
}

pub fn pods(name: &str, spec: &Value) -> Value {
    let labels = json!({"app": name});
    let mut spec = spec.clone();
    spec["containers"] = json!([{"name": "web", "image": "example.test/web"}]);
    spec["terminationGracePeriodSeconds"] = json!(0);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec}},
    })
}

pub fn objects(objects: Value) -> Value {
    json!({"chart": chart("objects"), "values": [{"objects": objects}]})
}

#[test]
fn a_quota_ends_it() {
    let site = Site::new("early-quota");
    site.namespace.apply(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small}\nspec: {hard: {pods: '0'}}",
    );
    let release = objects(json!([pods("hey-new", &json!({}))]));
    let (deployment, running) = start(&site, Tool::Helm3, &release);
    wait_for_word(&site, "FailedCreate");
    let (ran, took) = fails_soon(running);
    tell("a quota", took);
    let words = site.last_words(deployment);
    assert!(
        words.starts_with("Deploy failed: hey-new: its pods are not made: "),
        "{words}"
    );
    assert!(ran.stdout.contains("exceeded quota: small"), "{ran}");
    assert!(
        ran.stdout.contains("    try        sweep what is old"),
        "{ran}"
    );
}

/// The controller's pauses grow: it asks again a good while after the old pods have gone.
#[test]
fn a_quota_that_the_old_pods_are_about_to_leave_is_waited_for() {
    let site = Site::new("early-quota-drain");
    site.namespace.apply(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small}\nspec: {hard: {pods: '2'}}",
    );
    let release = |annotations: Value| {
        let mut pods = pods("hey-new", &json!({}));
        pods["spec"]["replicas"] = json!(2);
        pods["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 2}});
        let template = &mut pods["spec"]["template"];
        template["metadata"]["annotations"] = annotations;
        template["spec"]["terminationGracePeriodSeconds"] = json!(30);
        objects(json!([pods]))
    };
    let (_, old) = start(
        &site,
        Tool::Helm4,
        &release(json!({"testbed/slow-delete": "11s"})),
    );
    old.end().ends_with(0);
    let (_, new) = start(&site, Tool::Helm4, &release(json!({"is": "new"})));
    wait_for_word(&site, "FailedCreate");
    new.end().ends_with(0);
}

/// In a namespace that all branches share.
#[test]
fn a_quota_that_another_branch_is_about_to_leave_is_waited_for() {
    let site = Site::new("early-quota-shared");
    site.namespace.apply(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small}\nspec: {hard: {pods: '1'}}",
    );
    let mut others = pods("hey-old", &json!({}));
    let template = &mut others["spec"]["template"];
    template["metadata"]["annotations"] = json!({"testbed/slow-delete": "11s"});
    template["spec"]["terminationGracePeriodSeconds"] = json!(30);
    site.namespace.apply(&others.to_string());
    wait_until("the other branch's pod", || {
        let pod = site.namespace.objects("Pod").pop();
        pod.map(drop).ok_or("none")
    });
    let (_, running) = start(
        &site,
        Tool::Helm3,
        &objects(json!([pods("hey-new", &json!({}))])),
    );
    wait_for_word(&site, "FailedCreate");
    site.namespace.delete("Deployment", "hey-old");
    running.end().ends_with(0);
}

#[test]
fn a_disk_that_cannot_be_made_ends_it() {
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "hey-new-data"},
        "spec": {"storageClassName": "nowhere", "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}},
    });
    let volumes = json!({"volumes": [
        {"name": "data", "persistentVolumeClaim": {"claimName": "hey-new-data"}}]});
    let release = objects(json!([claim, pods("hey-new", &volumes)]));
    let rights = crate::site::RIGHTS.replace("verbs: [get, list, watch, delete]", "verbs: ['*']");
    let site = Site::with_rights("early-claim", &rights);
    let (deployment, running) = start(&site, Tool::Helm4, &release);
    wait_for_word(&site, "ProvisioningFailed");
    let (ran, took) = fails_soon(running);
    tell("a class of disks that is not there", took);
    ran.says("storageclass.storage.k8s.io \"nowhere\" not found");
    let words = site.last_words(deployment);
    let says = "Deploy failed: hey-new: the volume claim hey-new-data gets no disk";
    assert!(words.starts_with(says), "{words}");
}

/// An event as somebody else's controller writes it.
pub fn say(site: &Site, kind: &str, name: &str, reason: &str, message: &str) {
    let about = site.namespace.get(kind, name);
    let uid = about["metadata"]["uid"].as_str().unwrap_or_default();
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let namespace = site.namespace.name();
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "said"}, "type": "Warning",
        "reason": reason, "message": message, "firstTimestamp": now, "lastTimestamp": now,
        "involvedObject": {"kind": kind, "name": name, "uid": uid, "namespace": namespace},
    });
    site.namespace.apply(&event.to_string());
}

#[test]
fn a_node_that_nobody_makes_ends_it() {
    let site = Site::new("early-node");
    let release = objects(json!([pods(
        "hey-new",
        &json!({"nodeSelector": {"gpu": "yes"}})
    )]));
    let (deployment, running) = start(&site, Tool::Helm3, &release);
    let pod = wait_until("a pod", || {
        site.namespace.objects("Pod").pop().ok_or("none")
    });
    say(&site, "Pod", &pod, "NotTriggerScaleUp", "no group has it");
    let is_there = |pod: &Value| !pod["metadata"].is_null();
    let (_, took) = ends_soon(&site, running, is_there);
    tell("a node that nobody makes", took);
    let words = site.last_words(deployment);
    assert!(
        words.contains(" finds no node: 0/1 nodes are available"),
        "{words}"
    );
}

#[test]
fn an_ingress_that_is_refused_ends_the_wait_for_the_address() {
    let took = refused_for(
        "FailedBuildModel",
        "no certificate",
        &refuses("FailedBuildModel"),
    );
    assert!(took < MOST, "{took:?}");
    tell("an Ingress of which no load balancer can be made", took);
}

/// The controller may yet have what it asks of the cloud.
#[test]
fn an_ingress_that_cannot_be_brought_about_is_given_time() {
    let took = refused_for(
        "FailedDeployModel",
        "no certificate",
        &refuses("FailedDeployModel"),
    );
    let time = Duration::from_secs(40)..Duration::from_secs(45) + MOST;
    assert!(time.contains(&took), "{took:?}");
    tell(
        "an Ingress that is not brought about, which is given 45 s",
        took,
    );
}

/// What is wrong with another branch's Ingress is said of each that shares its load balancer.
#[test]
fn an_ingress_that_anothers_holds_up_is_given_time_and_that_one_is_named() {
    let message = "Failed build model due to ingress: betas/hey-old: no such Service";
    let says = "Ingress betas/hey-old holds up the load balancer of Ingress/hey-new-refused: ";
    let took = refused_for("FailedBuildModel", message, says);
    let time = Duration::from_secs(40)..Duration::from_secs(45) + MOST;
    assert!(time.contains(&took), "{took:?}");
}

fn refuses(reason: &str) -> String {
    format!("the load balancer refuses Ingress/hey-new-refused: {reason}")
}

/// How long a deploy lasts whose Ingress is refused like that. Its other release has nothing to do with
/// that, and is not told.
fn refused_for(reason: &str, message: &str, says: &str) -> Duration {
    let site = Site::new("early-ingress");
    Cluster::shared()
        .load_balancer()
        .hold_addresses(site.namespace.name());
    let deployment = site.push("new-refused");
    let running = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&companion("redis", json!({})))
        .release(&echo(json!({"web": true})))
        .args([
            "--url",
            "http://{slug}.beta.example.test",
            "--lookup",
            "ingress",
        ])
        .start();
    wait_until_within(Duration::from_secs(30), "the Ingress", || {
        let there = site.namespace.find("Ingress", "hey-new-refused");
        there.map(drop).ok_or("there is none")
    });
    say(&site, "Ingress", "hey-new-refused", reason, message);
    let refused = Instant::now();
    let ran = running.end().ends_with(1);
    let took = refused.elapsed();
    let words = site.last_words(deployment);
    let says = format!("Deploy failed: hey-new-refused: {says}");
    assert!(words.starts_with(&says), "{words}");
    let says = format!("    reason     {reason}: {message}");
    assert!(ran.stdout.contains(&says), "{ran}");
    let other = "[✘] hey-new-refused--redis";
    assert!(!ran.stdout.contains(other), "{ran}");
    took
}

#[test]
fn the_log_of_a_hook_is_shown_while_it_runs_and_a_failure_stops_the_rest() {
    for helm in HELMS {
        let site = Site::new("hook-log");
        let hook = migration(
            &json!({"testbed/hold": "true", "testbed/log": "adding a column",
            "testbed/fail": "true"}),
        );
        let (deployment, mut running) = start(&site, helm, &hook);
        let pod = site.wait_for_pod();
        site.namespace.annotate(
            "Pod",
            &pod,
            "testbed/log",
            Some("adding a column\nlock timeout"),
        );
        assert!(running.runs());
        site.namespace.annotate("Pod", &pod, "testbed/hold", None);
        let ran = running.end().ends_with(1);
        let hears = "[…] hey-new: the hook hey-new-migrate runs\n    │ adding a column\n    │ lock timeout\n";
        assert!(ran.stdout.contains(hears), "{ran}");
        assert!(
            site.namespace.find("Job", "hey-new-migrate").is_none(),
            "its chart removes it"
        );
        let told = ran.stdout.split_once("[✘] ").expect("it failed").1;
        assert!(told.contains("    │ lock timeout\n"), "{ran}");
        let words = site.last_words(deployment);
        assert!(words.contains("the hook Job/hey-new-migrate"), "{words}");
    }
}

#[test]
fn what_a_hook_says_is_shown_once_however_long_the_address_takes() {
    let site = Site::new("hook-once");
    let deployment = site.push("new-once");
    let port = Cluster::shared().load_balancer().port();
    let url = format!("http://{{slug}}.beta.example.test:{port}");
    let ran = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({"web": true})))
        .release(&{
            let mut hook = migration(&json!({"testbed/log": "adding a column"}));
            hook["name"] = json!("jobs");
            hook
        })
        .args(["--url", &url, "--lookup", "ingress"])
        .run()
        .ends_with(0);
    assert_eq!(ran.stdout.matches("adding a column").count(), 1, "{ran}");
}

/// What Helm has of the release, and what the cluster has of the app, is what it was.
#[test]
fn a_failed_migration_leaves_the_app_as_it_was() {
    for helm in HELMS {
        let site = Site::new("hook-first");
        let release = |size: &str, fails: bool| {
            let annotations = match fails {
                true => json!({"testbed/fail": "true", "testbed/log": "boo"}),
                false => json!({"testbed/log": "fine"}),
            };
            let mut release = migration(&annotations);
            let config = json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "hey-new"}, "data": {"size": size}});
            let objects = &mut release["values"][0]["objects"];
            objects.as_array_mut().expect("a list").push(config);
            release
        };
        let (_, running) = start(&site, helm, &release("small", false));
        running.end().ends_with(0).says("    │ fine\n");
        let (deployment, running) = start(&site, helm, &release("large", true));
        let ran = running.end().ends_with(1);
        let config = site.namespace.get("ConfigMap", "hey-new");
        assert_eq!(config["data"]["size"], "small");
        let says = "a hook (pre-install,pre-upgrade): nothing of hey-new has changed\n";
        assert!(ran.stdout.contains(says), "{ran}");
        let words = site.last_words(deployment);
        assert!(
            words.starts_with("Deploy failed: hey-new: the hook Job/hey-new-migrate"),
            "{words}"
        );
    }
}

#[test]
fn on_a_terminal_each_release_has_one_line_that_turns() {
    let site = Site::new("live-line");
    let deployment = site.push("new");
    let program = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&echo(held()));
    let program = program.release(&companion("redis", held()));
    let terminal = Terminal::run(program, 100);
    for release in ["hey-new", "hey-new--redis"] {
        terminal.wait_for(&format!("] {release}: {release} 0 of 1 ready"));
    }
    site.let_go("hey-new--redis");
    terminal.wait_for("[✔] hey-new--redis: revision 1 is up");
    terminal.wait_for("] hey-new: hey-new 0 of 1 ready");
    let pods = site.namespace.objects("Pod");
    let held = pods.iter().find(|pod| !pod.starts_with("hey-new--redis-"));
    site.namespace.annotate(
        "Pod",
        held.expect("it has one"),
        "testbed/never-ready",
        None,
    );
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    assert!(!screen.contains("0 of 1 ready"), "{screen}");
}
