//! `environments`: what is up, until when, and whose it becomes.

use serde_json::{Value, json};
use testbed::tools::Tool;

use crate::{
    site::{Program, Ran, Site, companion, echo, held},
    terminal::Terminal,
};

fn environments(site: &Site, arguments: &[&str]) -> Program {
    let mut program = site
        .program(env!("CARGO_BIN_EXE_environments"))
        .without("BRANCH_DEPLOYS_APP");
    program.0.args(arguments);
    program
}

fn listed(site: &Site) -> Vec<Value> {
    let ran = environments(site, &["--output", "json"]).run().ends_with(0);
    serde_json::from_str(&ran.stdout).expect("one JSON document")
}

/// A branch that is up.
fn up(site: &Site, branch: &str) {
    let deployment = site.push(branch);
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .args(["--url", "https://{slug}.beta.example.com"])
        .args(["--address-timeout", "1s"])
        .run();
}

fn keeps(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).expect("one JSON document")
}

#[test]
fn nothing_up_is_said_so() {
    let site = Site::new("none-up");
    let name = site.namespace.name().to_owned();
    environments(&site, &[])
        .run()
        .ends_with(0)
        .says(&format!("No environment is up in {name}"));
    assert!(listed(&site).is_empty());
}

#[test]
fn what_is_up_is_told_with_all_that_people_ask() {
    let site = Site::new("listed");
    let deployment = site.queue_with_push("feature/new", json!({"deployed_by": "Jane"}));
    site.helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({})))
        .run()
        .ends_with(0);
    let shown = listed(&site);
    let [one] = &shown[..] else {
        panic!("{shown:?}");
    };
    assert_eq!(one["branch"], "feature/new");
    assert_eq!(one["state"], "up");
    assert_eq!(one["deployed-by"], "Jane");
    assert_eq!(one["commit"], json!(site.repository.head("feature/new")));
    assert_eq!(one["why"], "5 d after its last deploy");
    let time = |key: &str| -> chrono::DateTime<chrono::Utc> {
        one[key].as_str().expect(key).parse().expect("a time")
    };
    let left = time("goes") - time("last-deployed");
    assert_eq!(left, chrono::TimeDelta::days(5));

    let lines = environments(&site, &[]).run().ends_with(0).stdout;
    let row = lines.lines().nth(1).expect("a row below the head");
    assert!(row.starts_with("feature/new"), "{lines}");
    assert!(row.contains("Jane") && row.contains("up"), "{lines}");
    assert!(!lines.contains('\u{1b}'), "no colour in a pipe: {lines}");
}

#[test]
fn sixty_columns_are_enough() {
    let site = Site::new("narrow");
    let deployment = site.queue_with_push("feature/new", json!({"deployed_by": "Jane"}));
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .run()
        .ends_with(0);
    let (status, screen) = Terminal::run(environments(&site, &[]), 60).end();
    assert_eq!(status, Some(0), "{screen}");
    let lines: Vec<_> = screen.lines().collect();
    let commit = site.repository.head("feature/new").expect("it was pushed");
    assert_eq!(lines[0], "feature/new");
    assert!(
        lines[1].starts_with(&format!("  up: {}, deployed ", &commit[..7])),
        "{screen}"
    );
    assert!(lines[1].ends_with(" s ago by Jane"), "{screen}");
    assert_eq!(lines[2], "  goes in 4 d (5 d after its last deploy)");
}

#[test]
fn a_deploy_that_runs_is_told_with_its_log() {
    let site = Site::new("running");
    let deployment = site.push("new");
    let running = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(held()))
        .args(["--log-url", "https://buildkite.com/acme/d/builds/8"])
        .start();
    site.wait_for_helm("hey-new");
    let shown = listed(&site);
    assert_eq!(shown[0]["state"], "deploying");
    assert_eq!(shown[0]["log-url"], "https://buildkite.com/acme/d/builds/8");
    site.let_go("hey-new");
    running.end().ends_with(0);
}

#[test]
fn an_environment_whose_record_is_lost_is_not_hidden() {
    let site = Site::new("lost");
    up(&site, "new");
    site.namespace.delete("Lease", "hey-new");
    let shown = listed(&site);
    assert_eq!(shown[0]["state"], "no-record");
    assert_eq!(shown[0]["branch"], "new");
}

#[test]
fn a_record_that_cannot_be_read_is_told() {
    let site = Site::new("unreadable");
    up(&site, "new");
    site.namespace.annotate(
        "Lease",
        "hey-new",
        "branch-deploys/record",
        Some("{\"version\":2}"),
    );
    let shown = listed(&site);
    assert_eq!(shown[0]["state"], "unreadable");
    assert!(
        shown[0]["why"]
            .as_str()
            .is_some_and(|why| why.contains("version 2"))
    );
}

#[test]
fn keeping_holds_off_age_and_outlives_the_next_deploy() {
    let site = Site::new("keep");
    up(&site, "new");
    let ran = environments(
        &site,
        &["keep", "new", "--for", "14d", "--because", "demo on Friday"],
    )
    .args(["--output", "json"])
    .run()
    .ends_with(0);
    let until = keeps(&ran)["keep_until"].clone();
    assert!(site.is_free("hey-new"));
    let shown = listed(&site);
    assert_eq!(shown[0]["goes"], until);
    assert_eq!(shown[0]["why"], "kept until then (demo on Friday)");

    up(&site, "new");
    assert_eq!(site.record("hey-new")["keep_until"], until);
}

#[test]
fn keeping_asks_for_what_it_lacks() {
    let site = Site::new("keep-lacks");
    for (arguments, says) in [
        (&["keep"][..], "which branch? environments keep BRANCH"),
        (&["keep", "new"], "how long? --for 14d"),
        (&["keep", "new", "--for", "1d"], "nothing is up for new"),
        (&["kep", "new"], "list, keep, adopt"),
    ] {
        environments(&site, arguments).run().refuses(2, says);
    }
}

#[test]
fn of_two_apps_with_one_branch_one_is_chosen() {
    let site = Site::new("two-apps");
    up(&site, "new");
    let commit = site.repository.head("new").expect("it was pushed");
    site.helm_apply_alone(Tool::Helm4)
        .env("BRANCH_DEPLOYS_APP", "shop")
        .release(&echo(json!({})))
        .args(["--branch", "new", "--commit", &commit])
        .run()
        .ends_with(0);
    let keep = &["keep", "new", "--for", "9d"][..];
    environments(&site, keep)
        .run()
        .refuses(2, "choose by --app, of hey, shop");
    environments(&site, keep)
        .args(["--app", "shop"])
        .run()
        .ends_with(0);
    assert!(site.record("hey-new")["keep_until"].is_null());
    let of_shop = environments(&site, &["--app", "shop", "--output", "json"]);
    let shown: Vec<Value> = serde_json::from_str(&of_shop.run().stdout).expect("JSON");
    assert_eq!(shown.len(), 1);
}

#[test]
fn what_was_made_by_hand_is_adopted_and_from_then_on_deployed_and_swept() {
    for helm in crate::site::HELMS {
        let site = Site::new("adopted");
        site.repository.push("new");
        site.install_by_hand(helm, "hey-new");
        site.install_by_hand(helm, "hey-new--redis");
        site.install_by_hand(helm, "hey-newer");
        environments(&site, &["adopt", "new", "--app", "hey"])
            .run()
            .ends_with(0)
            .says("hey-new: revision 1, deployed; made by somebody else")
            .says("hey-new--redis: revision 1");
        assert_eq!(site.record("hey-new")["branch"], "new");
        assert!(site.is_free("hey-new"));

        let deployment = site.queue("new");
        site.helm_apply(helm, deployment)
            .release(&echo(json!({})))
            .release(&companion("redis", json!({})))
            .run()
            .ends_with(0);

        site.repository.delete_branch("new");
        site.sweep_deleted(helm, "new").run().ends_with(0);
        let left = site.namespace.release_revisions("hey-new--redis");
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(site.namespace.release_revisions("hey-newer").len(), 1);
    }
}

#[test]
fn what_cannot_be_adopted_is_told_and_stays_as_it_is() {
    let site = Site::new("not-adopted");
    let adopt = |branch: &str| environments(&site, &["adopt", branch, "--app", "hey"]);
    adopt("new").run().refuses(5, "there is no branch new");
    site.repository.push("new");
    adopt("new")
        .run()
        .ends_with(2)
        .says("there is no release hey-new");
    environments(&site, &["adopt", "new"])
        .run()
        .refuses(2, "which app? --app NAME");

    // Of another repository, by its labels.
    up(&site, "new");
    let other = site.github.repository("acme/other");
    other.push("new");
    adopt("new")
        .env("BRANCH_DEPLOYS_REPOSITORY", "acme/other")
        .run()
        .ends_with(2)
        .says("another environment's");
    assert_eq!(
        site.record("hey-new")["repository_id"],
        site.repository.id()
    );
}

#[test]
fn looking_needs_no_more_rights_than_the_readme_gives() {
    let site = Site::new("looking");
    up(&site, "new");
    let viewer = include_str!("../examples/rbac-viewer.yaml");
    let kubeconfig = site
        .namespace
        .service_account("environments-viewer", viewer);
    environments(&site, &[])
        .env("BRANCH_DEPLOYS_KUBECONFIG", kubeconfig)
        .without("GITHUB_TOKEN")
        .run()
        .ends_with(0)
        .says("1 environment in");
}
