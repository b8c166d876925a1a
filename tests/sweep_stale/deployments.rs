//! Deployments that nobody took up: their webhook was lost, and nobody else would close them.

use chrono::TimeDelta;
use serde_json::json;
use testbed::{
    faults::{Effect, Gate, Matcher},
    github::{
        DeploymentState::{InProgress, Inactive, Pending, Success},
        User,
    },
    tools::Tool::Helm3,
};

use super::{of, sweep, with};
use crate::{
    objects::{config_map, objects},
    site::Site,
};

/// A deployment of an hour more than a day ago.
fn old(site: &Site) -> u64 {
    let deployment = site.push("new");
    site.repository
        .age_deployment(deployment, TimeDelta::hours(25));
    deployment
}

#[test]
fn what_nobody_took_up_within_a_day_is_closed_and_nothing_else() {
    let site = with("deployments-lost", &[of("new", 1)]);
    let [lost, pending, landed] = [(); 3].map(|()| old(&site));
    let buildkite = || User::bot("buildkite");
    site.repository.post_status(pending, Pending, buildkite());
    site.repository.post_status(landed, Success, buildkite());
    let young = site.push("new");
    let of_others = site
        .repository
        .deploy("new", "beta", "branch-deploys:shop", json!({}));
    site.repository
        .age_deployment(of_others, TimeDelta::days(2));
    let only_orphans = sweep(&site, &["--only", "orphans"]);
    drop(only_orphans.ends_with(0, "nothing"));
    assert_eq!(site.states(lost), []);

    let swept = sweep(&site, &[]).ends_with(0, "swept");
    let mut closed: Vec<_> = swept.told["closed-deployments"].as_array().unwrap().clone();
    closed.sort_by_key(serde_json::Value::as_u64);
    assert_eq!(closed, [json!(lost), json!(pending)]);
    assert_eq!(site.states(lost), [Inactive]);
    assert_eq!(site.states(pending), [Pending, Inactive]);
    assert!(site.last_words(lost).contains("took it up"));
    for other in [landed, young, of_others] {
        assert_ne!(site.states(other).last(), Some(&Inactive));
    }
    sweep(&site, &[]).ends_with(0, "nothing");
}

#[test]
fn what_a_run_began_that_was_killed_is_closed_after_a_day() {
    let site = Site::new("deployments-killed");
    let killed = old(&site);
    let gate = Gate::default();
    let statuses = Matcher::post("/repos/acme/hey/deployments/*/statuses").once();
    let faults = site.github.faults();
    faults.when(statuses).then(Effect::hold_after(&gate));
    let app = objects(&[config_map("a")]);
    let deploy = |id| site.helm_apply(Helm3, id).release(&app);
    let mut run = deploy(killed).start();
    gate.reached();
    // Before it wrote down that it had begun.
    run.kill_alone();
    gate.open();
    drop(run);
    assert_eq!(site.states(killed), [InProgress]);
    let next = deploy(site.push("new"));
    next.run().ends_with(0);
    assert_eq!(site.states(killed), [InProgress]);
    drop(sweep(&site, &[]).ends_with(0, "swept"));
    assert_eq!(site.states(killed), [InProgress, Inactive]);
}

/// Two deployments of a branch are up one after the other; nobody said that of the first.
#[test]
fn what_is_shown_as_reachable_though_a_newer_one_is_up_is_closed_after_a_day() {
    let site = Site::new("deployments-replaced");
    let app = objects(&[config_map("a")]);
    let deploy = |id| site.helm_apply(Helm3, id).release(&app);
    let [first, second] = [(); 2].map(|()| {
        let id = old(&site);
        deploy(id).run().ends_with(0);
        id
    });
    let shown = |id| site.states(id).last().copied();
    assert_eq!(
        (shown(first), shown(second)),
        (Some(Inactive), Some(Success))
    );
    site.repository
        .post_status(first, Success, User::bot("deployer"));
    let planned = sweep(&site, &["--dry-run"]).ends_with(0, "planned");
    drop(planned.says(&format!("which a newer one took the place of: {first}")));
    let swept = sweep(&site, &[]).ends_with(0, "swept");
    assert_eq!(swept.told["closed-deployments"], json!([first]));
    assert_eq!(
        (shown(first), shown(second)),
        (Some(Inactive), Some(Success))
    );
    assert_eq!(site.last_words(first), "a newer deployment is up");
}

#[test]
fn a_lost_one_is_found_behind_a_hundred_that_came_since_and_a_page_that_fails_is_told() {
    let site = with("deployments-pages", &[of("new", 1)]);
    let lost = old(&site);
    for _ in 0..100 {
        let id = site.queue("new");
        site.repository
            .post_status(id, Success, User::bot("buildkite"));
    }
    let second = || Matcher::question("further");
    for effect in [
        Effect::status(502),
        Effect::status(410),
        Effect::broken_json(),
    ] {
        site.github.faults().when(second()).then(effect);
        sweep(&site, &[])
            .ends_with(1, "failed")
            .says("deployments that nobody took up: ")
            .judges([("hey-new", "stays: young")]);
        assert_eq!(site.states(lost), []);
        site.github.faults().clear();
    }
    sweep(&site, &[]).ends_with(0, "swept");
    assert_eq!(site.states(lost), [Inactive]);
}

#[test]
fn one_that_cannot_be_closed_fails_the_sweep_and_the_next_one_closes_it() {
    let site = with("deployments-refused", &[of("old", 9), of("new", 1)]);
    let lost = old(&site);
    let post = Matcher::post("/repos/*/*/deployments/*/statuses");
    site.github.faults().when(post).then(Effect::status(403));
    sweep(&site, &[])
        .ends_with(1, "failed")
        .judges([("hey-old", "removed: age")])
        .says("is not closed");
    site.github.faults().clear();
    sweep(&site, &[]).ends_with(0, "swept");
    assert_eq!(site.states(lost), [Inactive]);
}

#[test]
fn a_dry_run_names_what_it_would_close_and_closes_nothing() {
    let site = with("deployments-dry", &[of("new", 1)]);
    let lost = old(&site);
    let swept = sweep(&site, &["--dry-run"]).ends_with(0, "planned");
    let swept = swept.says(&format!(
        "which nobody took up, or ended, within a day: {lost}"
    ));
    assert_eq!(swept.told["closed-deployments"], json!([]));
    assert_eq!(site.states(lost), []);
}
