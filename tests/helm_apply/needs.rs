//! Several releases: in order where one needs another, else at once.

use serde_json::{Value, json};
use testbed::{github::DeploymentState, tools::Tool, wait_until};

use crate::{
    objects::{hook, objects, refused},
    site::{HELMS, Site, companion, echo, held},
};

fn needing(mut release: Value, needs: &[&str]) -> Value {
    release["needs"] = json!(needs);
    release
}

#[test]
fn a_release_waits_for_those_it_needs_and_the_others_go_up_at_once() {
    let site = Site::new("needs");
    let deployment = site.push("new");
    let running = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&needing(echo(json!({})), &["redis"]))
        .release(&companion("redis", held()))
        .release(&companion("mail", json!({})))
        .start();
    wait_until("mail to be up while redis is not", || {
        let statuses =
            ["hey-new--redis", "hey-new--mail"].map(|name| site.namespace.release_revisions(name));
        match statuses.each_ref().map(Vec::as_slice) {
            [[(1, redis)], [(1, mail)]] if redis == "pending-install" && mail == "deployed" => {
                Ok(())
            }
            _ => Err(format!("{statuses:?}")),
        }
    });
    assert!(site.namespace.release_revisions("hey-new").is_empty());
    site.let_go("hey-new--redis");
    running.end().ends_with(0);
    assert_eq!(
        site.namespace.release_revisions("hey-new"),
        [(1, "deployed".into())]
    );
    assert_eq!(
        site.record("hey-new")["releases"][0],
        json!({"name": "hey-new--redis"}),
        "each release stands after those that it needs"
    );
}

#[test]
fn a_companion_that_fails_stops_only_what_needs_it() {
    let site = Site::new("companion-fails");
    let deployment = site.push("new");
    let ran = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&needing(echo(json!({})), &["redis"]))
        .release(&companion("redis", held()))
        .release(&companion("mail", json!({})))
        .args(["--helm-timeout", "3s"])
        .run()
        .ends_with(4);
    ran.says("hey-new: not begun, since hey-new--redis failed");
    assert!(site.namespace.release_revisions("hey-new").is_empty());
    assert_eq!(
        site.namespace.release_revisions("hey-new--mail"),
        [(1, "deployed".into())]
    );

    assert_eq!(
        site.states(deployment),
        [DeploymentState::InProgress, DeploymentState::Failure]
    );
    let words = site.last_words(deployment);
    assert!(words.contains("hey-new--redis"), "{words}");
    assert!(words.chars().count() <= 140, "{words}");
    assert_eq!(site.record("hey-new")["phase"], "failed");
    assert!(site.is_free("hey-new"));
}

#[test]
fn a_rollout_that_takes_too_long_ends_in_4_and_beside_a_failure_in_1() {
    for helm in HELMS {
        let site = Site::new("too-long");
        let deploy = |others: &[Value]| {
            let deploy = site.helm_apply(helm, site.push("new"));
            let deploy = deploy.release(&companion("redis", held()));
            let deploy = others
                .iter()
                .fold(deploy, |deploy, release| deploy.release(release));
            deploy.args(["--helm-timeout", "2s"]).run()
        };
        deploy(&[echo(json!({}))]).ends_with(4);
        let failing = objects(&[refused("x")]);
        deploy(&[failing]).ends_with(1);
        let hook = hook("migrate", "pre-upgrade,pre-install", "testbed/hold");
        deploy(&[objects(&[hook])]).ends_with(4);
    }
}
