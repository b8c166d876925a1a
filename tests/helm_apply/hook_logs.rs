//! What hooks say: of each of their containers, and not without end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testbed::{
    Front,
    faults::{Effect, Gate, Matcher},
    tools::Tool,
    wait_until_within,
};

use super::explanation::migration;
use crate::{
    processes::Process,
    site::{Running, Site},
};

/// A migration whose pod bears these annotations, and has a container that prepares it and one beside.
fn crowded(annotations: &Value) -> Value {
    let mut release = migration(annotations);
    let pod = &mut release["values"][0]["objects"][0]["spec"]["template"]["spec"];
    let named = |name: &str| json!([{"name": name, "image": "example.test/web"}]);
    pod["initContainers"] = named("prepare");
    let beside = named("beside")[0].clone();
    pod["containers"]
        .as_array_mut()
        .expect("a list")
        .push(beside);
    release
}

#[test]
fn each_container_of_a_hook_is_heard_and_named() {
    let site = Site::new("hook-crowd");
    let ran = site
        .helm_apply(Tool::Helm4, site.push("new"))
        .release(&crowded(&json!({"testbed/log": "adding a column"})))
        .run()
        .ends_with(0);
    for container in ["prepare", "migrate", "beside"] {
        let line = format!("    │ {container}: adding a column\n");
        assert_eq!(ran.stdout.matches(&line).count(), 1, "{line}{ran}");
    }
    assert_eq!(
        ran.stdout.matches("hey-new-migrate runs\n").count(),
        1,
        "{ran}"
    );
}

#[test]
fn of_a_hook_that_says_much_the_beginning_is_shown_and_the_end_where_it_fails() {
    let site = Site::new("hook-much");
    let log: String = (1..=700).map(|line| format!("row {line}\n")).collect();
    let hook = migration(&json!({"testbed/log": log, "testbed/fail": "true"}));
    let ran = site
        .helm_apply(Tool::Helm3, site.push("new"))
        .release(&hook)
        .run()
        .ends_with(1);
    let shown = |line: u32| ran.stdout.matches(&format!("│ row {line}\n")).count();
    assert_eq!([500, 501, 675, 700].map(shown), [1, 0, 0, 1], "{ran}");
    assert!(ran.stdout.contains("says more than is shown here"), "{ran}");
}

/// A megabyte a second, as long as the hook runs and after it.
#[test]
fn a_hook_whose_log_has_no_end_takes_neither_memory_nor_time() {
    let site = Site::new("hook-flood");
    let floods = json!({"testbed/hold": "true", "testbed/log-flood": "true"});
    let running = site
        .helm_apply(Tool::Helm4, site.push("new"))
        .release(&migration(&floods))
        .start();
    let pod = site.wait_for_pod();
    site.wait_for_renewals("hey-new", 6);
    let memory = running.peak_memory();
    assert!(memory < 64 << 20, "{memory} bytes");
    site.namespace.annotate("Pod", &pod, "testbed/hold", None);
    let done = Instant::now();
    let ran = running.end().ends_with(0);
    assert!(
        done.elapsed() < Duration::from_secs(10),
        "{:?}",
        done.elapsed()
    );
    assert!(ran.stdout.contains("    │ xxxx"), "{ran}");
    assert!(ran.stdout.len() < 128 << 10, "{} bytes", ran.stdout.len());
}

/// The deploy needs none of it, and goes on.
#[test]
fn a_log_that_may_not_be_read_is_told_and_not_passed_over() {
    let rights = crate::site::RIGHTS.replace("pods/log", "pods/attach");
    let site = Site::with_rights("hook-unread", &rights);
    let ran = site
        .helm_apply(Tool::Helm4, site.push("new"))
        .release(&migration(&json!({"testbed/log": "adding a column"})))
        .run()
        .ends_with(0);
    let says = "what the hook hey-new-migrate says is not shown: failed to read the log of \
        container migrate of pod";
    assert_eq!(
        ran.stderr.matches(says).count() + ran.stdout.matches(says).count(),
        1,
        "{ran}"
    );
}

const LOG: &str = "/api/v1/namespaces/*/pods/*/log";

/// A deploy whose migration writes a line, by an API server that answers for its log in this way.
fn heard_by(front: &Front, site: &Site, effect: Effect) -> Running {
    front.faults().when(Matcher::get(LOG)).then(effect);
    site.helm_apply(Tool::Helm4, site.push("new"))
        .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
        .release(&migration(&json!({"testbed/log": "adding a column"})))
        .start()
}

#[test]
fn what_a_hook_says_last_is_shown_though_helm_is_done_before_it_is_heard() {
    let site = Site::new("hook-late");
    let front = site.namespace.front(&site.kubeconfig);
    let gate = Gate::default();
    let running = heard_by(&front, &site, Effect::hold_before(&gate));
    gate.reached();
    let name = site.namespace.name();
    wait_until_within(Duration::from_secs(40), "Helm's end", || {
        let is_up = site.namespace.release_revisions("hey-new") == [(1, "deployed".to_owned())];
        let is_over = is_up && Process::helms(name).iter().all(|helm| !helm.lives());
        is_over.then_some(()).ok_or("it works")
    });
    gate.open();
    let ran = running.end().ends_with(0);
    assert!(ran.stdout.contains("    │ adding a column\n"), "{ran}");
}

#[test]
fn a_log_that_is_not_to_be_had_for_the_time_being_is_told_once() {
    let site = Site::new("hook-unheard");
    let front = site.namespace.front(&site.kubeconfig);
    let ran = heard_by(&front, &site, Effect::html(502))
        .end()
        .ends_with(0);
    let says = "what the hook hey-new-migrate says is not shown yet, and is asked for again";
    let told = ran.stderr.matches(says).count() + ran.stdout.matches(says).count();
    assert_eq!(told, 1, "{ran}");
    let asked = front.passed().into_iter();
    assert!(asked.filter(|it| it.path.ends_with("/log")).count() > 1);
}
