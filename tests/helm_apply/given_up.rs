//! What a release was given up for is what is told, whatever became of it meanwhile.

use serde_json::json;
use testbed::{
    Front,
    faults::{Effect, Matcher},
    tools::Tool,
};

use super::explanation::web;
use crate::site::{Program, Ran, Site};

const PODS: &str = "/api/v1/namespaces/*/pods";

/// A deploy that reaches the API server by a front.
fn deploy(site: &Site, front: &Front, helm: Tool) -> (u64, Program) {
    let deployment = site.push("new");
    let program = site.helm_apply(helm, deployment);
    let program = program.env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig());
    (deployment, program)
}

/// The listings after the watch's own show this in place of the pods.
fn later(front: &Front, effect: Effect) {
    let listed = Matcher::get(PODS).query("limit=100");
    front.faults().when(listed.after(1)).then(effect);
}

fn tells_the_crash(ran: &Ran, words: &str) {
    let says = "Deploy failed: hey-new: container web ends with status 1";
    assert!(words.starts_with(says), "{words}\n{ran}");
    assert!(
        ran.stdout.contains("    │ KeyError: DATABASE_URL\n"),
        "{ran}"
    );
}

/// Once Helm is ended somebody removes the pods, or nobody is allowed to see them any more.
#[test]
fn what_it_was_given_up_for_is_told_though_it_is_not_seen_any_more() {
    let none = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []});
    let gone = Effect::status(200).body(&none.to_string());
    let effects = [
        ("gone", gone.header("content-type", "application/json")),
        ("unseen", Effect::status(500)),
    ];
    for (name, effect) in effects {
        let site = Site::new(&format!("given-up-{name}"));
        let front = site.namespace.front(&site.kubeconfig);
        later(&front, effect);
        let crashes = json!({"testbed/fail": "true", "testbed/restart-after": "200ms",
            "testbed/previous-log": "KeyError: DATABASE_URL"});
        let (deployment, program) = deploy(&site, &front, Tool::Helm3);
        let ran = program.release(&web(crashes)).run().ends_with(1);
        tells_the_crash(&ran, &site.last_words(deployment));
    }
}
