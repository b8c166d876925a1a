//! A GitHub that refuses, limits, or stumbles.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use testbed::{
    faults::{Effect, Matcher},
    github::{DeploymentState, Permission, Permissions},
    tools::Tool,
};

use crate::site::{Program, Site, echo, held};

const STATUSES: &str = "/repos/acme/hey/deployments/*/statuses";

/// A deployment, and what lands it.
fn deploy<'a>(site: &'a Site, helm: Tool) -> (u64, impl Fn() -> Program + 'a) {
    let deployment = site.push("new");
    (deployment, move || {
        site.helm_apply(helm, deployment).release(&echo(json!({})))
    })
}

#[test]
fn a_token_that_expired_is_one_clear_line() {
    let site = Site::new("expired");
    let (_, program) = deploy(&site, Tool::Helm3);
    site.github.expire(&site.token);
    program().run().refuses(1, "it is wrong or has expired");
    program()
        .env("GITHUB_TOKEN", "")
        .run()
        .refuses(2, "GITHUB_TOKEN is missing");
    program()
        .env("GITHUB_TOKEN", "a b")
        .run()
        .refuses(2, "other than plain symbols");
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_token_that_expires_in_mid_deploy_locks_nothing() {
    let site = Site::new("expires");
    let deployment = site.push("new");
    let program = || {
        site.helm_apply(Tool::Helm4, deployment)
            .release(&echo(held()))
    };
    let running = program().start();
    site.wait_for_helm("hey-new");
    site.github.expire(&site.token);
    site.let_go("hey-new");
    running
        .end()
        .ends_with(1)
        .says("final status is not posted: GitHub refuses the token");
    assert_eq!(site.states(deployment), [DeploymentState::InProgress]);
    assert!(site.is_free("hey-new"));

    let fresh = site.github.token(Site::least_rights());
    program().env("GITHUB_TOKEN", fresh).run().ends_with(0);
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Success)
    );
}

#[test]
fn a_token_without_access_is_one_clear_line() {
    let site = Site::new("no-access");
    let (_, program) = deploy(&site, Tool::Helm4);
    site.github.lose_access(&site.token);
    program().run().refuses(2, "has the token no access");
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_token_that_may_not_post_statuses_stops_the_deploy_before_helm() {
    let site = Site::new("no-statuses");
    let (deployment, program) = deploy(&site, Tool::Helm3);
    let reader = Permissions::named("reader")
        .read(Permission::Metadata)
        .read(Permission::Contents)
        .read(Permission::Deployments);
    let token = site.github.token(reader);
    program()
        .env("GITHUB_TOKEN", token)
        .run()
        .ends_with(1)
        .says("the token needs deployments=write");
    assert!(site.states(deployment).is_empty());
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_short_rate_limit_is_waited_for_and_shown() {
    let site = Site::new("limit");
    let (deployment, program) = deploy(&site, Tool::Helm4);
    let faults = site.github.faults();
    let reading = Matcher::get("/repos/acme/hey/deployments/*").once();
    faults
        .when(reading)
        .then(Effect::secondary_limit(429, Some(2)));
    faults
        .when(Matcher::post(STATUSES).once())
        .then(Effect::secondary_limit(403, Some(1)));
    let waits = "waiting: GitHub is asked again in 2.0 s";
    program().run().ends_with(0).says(waits);
    assert_eq!(
        site.states(deployment),
        [DeploymentState::InProgress, DeploymentState::Success]
    );
}

#[test]
fn a_long_rate_limit_is_one_clear_line() {
    let site = Site::new("long-limit");
    let (_, program) = deploy(&site, Tool::Helm3);
    let reset = Utc::now() + TimeDelta::hours(1);
    site.github
        .faults()
        .when(Matcher::any("/**"))
        .then(Effect::rate_limited(403, reset));
    program().run().refuses(1, "GitHub's rate limit is used up");
}

#[test]
fn a_github_that_stumbles_is_asked_again() {
    let site = Site::new("stumbles");
    let (deployment, program) = deploy(&site, Tool::Helm4);
    let faults = site.github.faults();
    let deployments = "/repos/acme/hey/deployments";
    faults
        .when(Matcher::get("/repos/acme/hey").once())
        .then(Effect::html(502));
    faults
        .when(Matcher::get("/repos/acme/hey/git/ref/**").once())
        .then(Effect::cut_before());
    faults
        .when(Matcher::get(deployments).once())
        .then(Effect::truncated_body());
    program().run().ends_with(0);
    assert_eq!(
        site.states(deployment),
        [DeploymentState::InProgress, DeploymentState::Success]
    );
}

#[test]
fn a_status_that_github_stumbles_over_is_posted_once_all_the_same() {
    for effect in [Effect::html(502), Effect::cut_before(), Effect::cut_after()] {
        let site = Site::new("status-stumbles");
        let (deployment, program) = deploy(&site, Tool::Helm3);
        let faults = site.github.faults();
        faults
            .when(Matcher::post(STATUSES).times(1))
            .then(effect.clone());
        faults.when(Matcher::post(STATUSES).nth(3)).then(effect);
        program().run().ends_with(0);
        assert_eq!(
            site.states(deployment),
            [DeploymentState::InProgress, DeploymentState::Success]
        );
    }
}

#[test]
fn a_github_that_stays_down_is_one_clear_line() {
    let site = Site::new("down");
    let (_, program) = deploy(&site, Tool::Helm4);
    site.github
        .faults()
        .when(Matcher::any("/**"))
        .then(Effect::html(503));
    program().run().refuses(1, "GitHub answered 503");
    program()
        .env("BRANCH_DEPLOYS_GITHUB_URL", "http://127.0.0.1:1")
        .run()
        .refuses(1, "GitHub does not answer");
}

#[test]
fn a_branch_that_github_is_unsure_of_is_neither_there_nor_gone() {
    let site = Site::new("unsure");
    let (deployment, program) = deploy(&site, Tool::Helm3);
    let refs = Matcher::get("/repos/acme/hey/git/ref/**");
    let not_found = Effect::status(404).body(r#"{"message": "Not Found", "status": "404"}"#);
    site.github.faults().when(refs).then(not_found);
    program().run().ends_with(1).says("nothing is known of new");
    assert_eq!(site.states(deployment), [DeploymentState::Failure]);
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_renamed_repository_is_followed() {
    let site = Site::new("renamed");
    let (deployment, program) = deploy(&site, Tool::Helm4);
    site.repository.rename("acme/howdy");
    program().run().ends_with(0);
    assert_eq!(
        site.states(deployment).last(),
        Some(&DeploymentState::Success)
    );
    assert_eq!(site.record("hey-new")["repository"], "acme/howdy");
}
