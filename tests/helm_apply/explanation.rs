//! A failure explains itself: in the log, on the page of the job, in the deployment's status.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::{tools::Tool, wait_until_within};

use super::early_end::{objects, pods};
use crate::site::{HELMS, RIGHTS, Ran, Site, chart, echo};

/// A web server whose pods bear these annotations.
pub fn web(annotations: Value) -> Value {
    echo(json!({"web": true, "podAnnotations": annotations}))
}

/// A deploy that fails, and the page that it shows.
fn failed(site: &Site, helm: Tool, release: &Value, status: i32) -> (Ran, String, String) {
    let deployment = site.push("new");
    let page = site.kubeconfig.with_extension("summary.md");
    let ran = site
        .helm_apply(helm, deployment)
        .env("GITHUB_STEP_SUMMARY", &page)
        // On a slow machine the lock of the other tests is lost, and a pod starts late.
        .without("BRANCH_DEPLOYS_LOCK_DURATION")
        .release(release)
        .args(["--helm-timeout", "7s"])
        .run()
        .ends_with(status);
    let page = std::fs::read_to_string(page).expect("the job has a page");
    (ran, page, site.last_words(deployment))
}

#[test]
fn a_crash_is_told_with_its_status_and_the_end_of_its_log() {
    for helm in HELMS {
        let site = Site::new("explains-crash");
        let log: String = (1..=40).map(|line| format!("line {line}\n")).collect();
        let log = log + "KeyError: DATABASE_URL";
        let crashes = json!({"testbed/fail": "true", "testbed/fail-status": "3",
            "testbed/previous-log": log, "testbed/log": "starting"});
        let (ran, page, words) = failed(&site, helm, &web(crashes), 4);
        let says = "Deploy failed: hey-new: container web ends with status 3, restarted once";
        assert!(words.starts_with(says), "{words}");
        for line in [
            "    workload   Deployment/hey-new, 0 of 1 ready\n    pod        hey-new-",
            "    container  web, image example.test/web, restarted once\n",
            "    reason     exit status 3: Error\n    │ line 17\n",
            "    │ KeyError: DATABASE_URL\n",
            " BackOff Pod/hey-new-",
            " deadline exceeded\n    try        kubectl logs hey-new-",
        ] {
            assert!(ran.stdout.contains(line), "{line}\n{ran}");
        }
        assert!(!ran.stdout.contains("line 16\n"), "{ran}");
        assert!(page.contains("\nKeyError: DATABASE_URL\n```\n"), "{page}");
        assert!(
            page.contains("| reason | `exit status 3: Error` |"),
            "{page}"
        );
    }
}

/// A Job that Helm runs before it changes anything.
pub fn migration(annotations: &Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "hey-new-migrate", "annotations":
            {"helm.sh/hook": "pre-install,pre-upgrade",
             "helm.sh/hook-delete-policy": "before-hook-creation,hook-failed"}},
        "spec": {"backoffLimit": 0},
    });
    job["spec"]["template"] = json!({
        "metadata": {"annotations": annotations},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "migrate", "image": "example.test/web"}]},
    });
    json!({"chart": chart("objects"), "values": [{"objects": [job]}]})
}

#[test]
fn a_hook_that_fails_is_told_with_its_log() {
    for helm in HELMS {
        let site = Site::new("explains-hook");
        let fails = json!({"testbed/fail": "true", "testbed/log": "relation exists"});
        let (ran, page, words) = failed(&site, helm, &migration(&fails), 1);
        let says = "Deploy failed: hey-new: the hook Job/hey-new-migrate (pre-install,pre-upgrade) \
                    fails: container migrate ends with status 1";
        assert!(words.starts_with(says), "{words}");
        assert!(ran.stdout.contains("    │ relation exists\n"), "{ran}");
        assert!(page.contains("\nrelation exists\n"), "{page}");
    }
}

/// Its chart removes it as it fails.
#[test]
fn a_hook_that_is_a_pod_is_told_with_its_log_though_it_is_gone() {
    for helm in HELMS {
        let rights = RIGHTS.replace("verbs: [get, list, watch]", "verbs: ['*']");
        let site = Site::with_rights("explains-pod", &rights);
        let annotations = json!({
            "helm.sh/hook": "pre-install,pre-upgrade",
            "helm.sh/hook-delete-policy": "before-hook-creation,hook-failed",
            "testbed/fail": "true", "testbed/log": "relation exists",
        });
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "hey-new-migrate", "annotations": annotations},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "migrate", "image": "example.test/web"}]},
        });
        let (ran, page, words) = failed(&site, helm, &objects(json!([pod])), 4);
        assert!(
            words.contains("container migrate ends with status 1"),
            "{words}"
        );
        assert!(words.contains("Pod/hey-new-migrate"), "{words}");
        let (_, told) = ran.stdout.split_once("[✘] hey-new").expect("it is told");
        assert!(told.contains("    │ relation exists\n"), "{ran}");
        assert!(page.contains("\nrelation exists\n"), "{page}");
    }
}

#[test]
fn what_helm_refuses_is_not_laid_to_a_crash_of_before() {
    for helm in HELMS {
        let site = Site::new("explains-refusal");
        let release = |label: &str, beside: &[Value]| {
            let mut web = pods("hey-new", &json!({}));
            let labels = json!({"app": label});
            web["spec"]["selector"]["matchLabels"] = labels.clone();
            web["spec"]["template"]["metadata"] = json!({
                "labels": labels, "annotations": {"testbed/restart-after": "200ms"},
            });
            objects(json!([&[web], beside].concat()))
        };
        let deploy = |label: &str, beside: &[Value]| {
            let deployment = site.push("new");
            let program = site.helm_apply(helm, deployment);
            let ran = program.release(&release(label, beside)).run();
            (site.last_words(deployment), ran)
        };
        let (_, first) = deploy("a", &[]);
        first.ends_with(0);
        let pod = site.wait_for_pod();
        site.namespace
            .annotate("Pod", &pod, "testbed/fail", Some("true"));
        wait_until_within(Duration::from_secs(40), "it crashes", || {
            let live = site.namespace.get("Pod", &pod);
            let restarts = live["status"]["containerStatuses"][0]["restartCount"].as_u64();
            (restarts > Some(2)).then_some(()).ok_or("not yet")
        });
        let unknown = json!({"apiVersion": "example.com/v1", "kind": "Nope",
            "metadata": {"name": "x"}});
        // Of the last one Helm has not even a revision.
        for (label, beside, says) in [
            ("b", vec![], "field is immutable"),
            ("a", vec![unknown], "no matches for kind \"Nope\""),
        ] {
            let (words, ran) = deploy(label, &beside);
            let ran = ran.ends_with(1);
            assert!(ran.stdout.contains(says), "{ran}");
            let end = ran
                .stdout
                .trim_end()
                .lines()
                .last()
                .expect("it says something");
            assert!(!end.contains("container web"), "{ran}");
            assert!(words.starts_with("Deploy failed: hey-new: "), "{words}");
            assert!(!words.contains("container web"), "{words}");
        }
    }
}

#[test]
fn a_migration_that_passed_at_its_second_try_is_blamed_for_nothing() {
    for helm in HELMS {
        let site = Site::new("explains-tries");
        let fails = json!({"testbed/hold": "true", "testbed/fail": "true"});
        let mut release = migration(&fails);
        let list = &mut release["values"][0]["objects"];
        list[0]["spec"]["backoffLimit"] = json!(3);
        let mut web = pods("hey-new", &json!({}));
        let never = json!({"testbed/never-ready": "true"});
        web["spec"]["template"]["metadata"]["annotations"] = never;
        list.as_array_mut().expect("a list").push(web);
        let deployment = site.push("new");
        let program = site.helm_apply(helm, deployment).release(&release);
        let running = program.args(["--helm-timeout", "30s"]).start();
        let first = site.wait_for_pod();
        site.namespace.annotate("Pod", &first, "testbed/hold", None);
        let second = wait_until_within(Duration::from_secs(40), "the second try", || {
            let mut pods = site.namespace.objects("Pod").into_iter();
            let second = pods.find(|pod| *pod != first).ok_or("none")?;
            let live = site.namespace.find("Pod", &second).ok_or("gone")?;
            let runs = live["status"]["phase"] == "Running";
            runs.then_some(second).ok_or("it does not run")
        });
        for annotation in ["testbed/fail", "testbed/hold"] {
            site.namespace.annotate("Pod", &second, annotation, None);
        }
        let ran = running.end().ends_with(4);
        let words = site.last_words(deployment);
        assert!(!words.contains("the hook"), "{words}");
        let (_, told) = ran.stdout.split_once("[✘] hey-new").expect("it is told");
        assert!(!told.contains("migrate"), "{ran}");
    }
}

/// A migration that waits for a lock is what Helm gives up most likely, and it says no more than that its time
/// was up.
#[test]
fn a_hook_that_is_not_done_in_time_is_told_with_its_log() {
    for helm in HELMS {
        let site = Site::new("explains-slow-hook");
        let holds = json!({"testbed/hold": "true", "testbed/log": "waiting for a lock"});
        let (ran, page, words) = failed(&site, helm, &migration(&holds), 4);
        let says = "Deploy failed: hey-new: the hook Job/hey-new-migrate (pre-install,pre-upgrade) is \
                    not done in time";
        assert!(words.starts_with(says), "{words}");
        let told = ran.stdout.split_once("[✘] ").expect("it failed").1;
        for line in [
            "a hook (pre-install,pre-upgrade): nothing of hey-new has changed\n    pod        hey-new-migrate-",
            "    container  migrate, image example.test/web\n",
            "    │ waiting for a lock\n",
            "    try        see what it waits for, or give it more time (--helm-timeout)\n",
        ] {
            assert!(told.contains(line), "{line}\n{ran}");
        }
        assert!(page.contains("\nwaiting for a lock\n"), "{page}");
    }
}

#[test]
fn a_hook_that_its_job_gives_no_more_time_is_told_with_its_log() {
    let site = Site::new("explains-late-hook");
    let mut late = migration(&json!({"testbed/hold": "true", "testbed/log": "adding an index"}));
    late["values"][0]["objects"][0]["spec"]["activeDeadlineSeconds"] = json!(3);
    let (ran, _, words) = failed(&site, Tool::Helm4, &late, 1);
    assert!(
        words.contains(" fails: DeadlineExceeded: Job was"),
        "{words}"
    );
    let told = ran.stdout.split_once("[✘] ").expect("it failed").1;
    assert!(told.contains("    pod        hey-new-migrate-"), "{ran}");
    assert!(told.contains("    │ adding an index\n"), "{ran}");
    ran.says("give it more time (activeDeadlineSeconds)");
}

/// GitHub takes 140 characters, and the names of app and branch may have 51 of them, twice.
#[test]
fn in_the_status_long_names_leave_room_for_the_cause() {
    let site = Site::new("explains-long");
    let mut hook = migration(&json!({"testbed/fail": "true", "testbed/fail-status": "3"}));
    let name = "hey-a-branch-that-somebody-named-at-length-migrate";
    hook["values"][0]["objects"][0]["metadata"]["name"] = json!(name);
    let (ran, _, words) = failed(&site, Tool::Helm4, &hook, 1);
    let says =
        "Deploy failed: a hook fails: container migrate ends with status 3 (Job/hey-a-branch";
    assert!(words.starts_with(says), "{words}");
    let says =
        format!("Deploy failed: hey-new: the hook Job/{name} (pre-install,pre-upgrade) fails");
    ran.says(&says);
}

#[test]
fn an_image_that_is_not_there_is_named_with_the_registrys_words() {
    let site = Site::new("explains-image");
    let release = web(json!({"testbed/image-missing": "true"}));
    let (ran, _, words) = failed(&site, Tool::Helm3, &release, 1);
    let says = "there is no image example.test/web for container web (";
    assert!(words.contains(says), "{words}");
    assert!(
        ran.stdout
            .contains(": failed to pull image \"example.test/web\": not found\n"),
        "{ran}"
    );
}

/// The cluster's own controller says it, in another word than where a class makes no disk.
#[test]
fn a_claim_without_a_class_is_told_with_the_clusters_words() {
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "hey-new-data"},
        "spec": {"storageClassName": "", "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}},
    });
    let volumes = json!({"volumes": [
        {"name": "data", "persistentVolumeClaim": {"claimName": "hey-new-data"}}]});
    let release = objects(json!([claim, pods("hey-new", &volumes)]));
    let rights = RIGHTS.replace("verbs: [get, list, watch, delete]", "verbs: ['*']");
    let site = Site::with_rights("explains-claim", &rights);
    let (ran, _, words) = failed(&site, Tool::Helm4, &release, 4);
    let says = "Deploy failed: hey-new: the volume claim hey-new-data gets no disk";
    assert!(words.starts_with(says), "{words}");
    ran.says("    reason     FailedBinding: no persistent volumes available")
        .says("    try        name a storage class in the claim");
}

/// What a pod logs is hostile: no line of it is a command to a CI, nor markup on a page; and it may hold
/// our token.
#[test]
fn a_log_is_text_and_tells_no_secret() {
    let site = Site::new("explains-hostile");
    let log = format!(
        "::error::boo\n##[error]boo\n--- fold\n^^^ +++\n\u{1b}[2Jx\n```\n<script>\ntoken={}\n",
        site.token
    );
    let crashes = json!({"testbed/fail": "true", "testbed/log": log});
    let (ran, page, _) = failed(&site, Tool::Helm4, &web(crashes), 4);
    for line in ran.stdout.lines() {
        let begins = ["::", "##[", "--- ", "^^^ "]
            .iter()
            .any(|it| line.trim_start().starts_with(it));
        assert!(
            !begins && !line.contains("##[") && !line.contains('\u{1b}'),
            "{line}"
        );
    }
    assert!(ran.stdout.contains("    │ token=***\n"), "{ran}");
    assert!(page.contains("\ntoken=***\n````\n"), "{page}");
    assert!(!page.contains(&site.token), "{page}");
}

#[test]
fn a_log_without_end_is_shown_in_part() {
    let site = Site::new("explains-flood");
    let floods = json!({"testbed/never-ready": "true", "testbed/log-flood": "true"});
    let (ran, page, words) = failed(&site, Tool::Helm3, &web(floods), 4);
    assert!(words.contains(" is not ready"), "{words}");
    assert!(ran.stdout.contains("    │ xxxx"), "{ran}");
    assert!(ran.stdout.len() < 10_000 && page.len() < 10_000, "{ran}");
}

#[test]
fn without_the_rights_a_failure_tells_what_it_could_not_see() {
    let less = RIGHTS
        .replace("[events]", "[nothing]")
        .replace("[pods/log]", "[nothing]");
    let site = Site::with_rights("explains-blind", &less);
    let crashes = json!({"testbed/fail": "true", "testbed/log": "boo"});
    let (ran, _, words) = failed(&site, Tool::Helm4, &web(crashes), 4);
    assert!(
        words.contains("container web ends with status 1"),
        "{words}"
    );
    let refused =
        |what: &str| format!("{what} in namespace {}: the cluster", site.namespace.name());
    assert!(
        ran.stdout
            .contains("    log        not seen: failed to read the log of"),
        "{ran}"
    );
    assert!(
        ran.stdout.contains(&format!(
            "    not seen   failed to {}",
            refused("list events")
        )),
        "{ran}"
    );
}
