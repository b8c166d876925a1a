//! A GitHub App asks in place of a token: with what it needs, for as long as it needs it.

use std::time::Duration;

use chrono::TimeDelta;
use rustix::process::Signal;
use serde_json::json;
use testbed::{
    faults::{Effect, Matcher},
    github::{App, DeploymentState, NewStatus, Permission, Permissions, User},
    tools::Tool,
};

use crate::{
    queue_deploy::forge::Forge,
    site::{Program, Ran, Running, Site, echo},
};

/// What the App is told to be given in the README, for all that a test does.
fn permissions() -> Permissions {
    Permissions::app("deployer")
        .read(Permission::Contents)
        .write(Permission::Deployments)
        .write(Permission::PullRequests)
}

/// The program without a token, as this App.
fn by(app: &App, program: Program) -> Program {
    program
        .without("GITHUB_TOKEN")
        .env("BRANCH_DEPLOYS_GITHUB_APP_ID", app.id.to_string())
        .env("GITHUB_APP_PRIVATE_KEY", App::KEY)
}

/// A GitHub with an App, and `queue-deploy` of a branch by it.
fn queueing(permissions: Permissions) -> (Forge, App, Program) {
    let forge = Forge::new();
    let app = forge.github.app(permissions);
    let commit = forge.repository.push("new");
    let program = by(&app, forge.in_a_build("new", &commit));
    (forge, app, program)
}

/// Nothing that a program says holds anything of the key, or a token.
#[track_caller]
fn tells_no_secret(ran: Ran) -> Ran {
    let said = ran.to_string();
    let mut lines = App::KEY.lines().chain(App::OTHER_KEY.lines());
    let line = lines.find(|line| line.len() > 20 && said.contains(line));
    assert!(line.is_none() && !said.contains("ghs_"), "{said}");
    ran
}

#[test]
fn a_deployment_is_the_apps_own_and_its_token_may_do_no_more_than_it_needs() {
    let (forge, app, program) = queueing(permissions());
    tells_no_secret(program.run()).ends_with(0);
    assert_eq!(forge.only().creator.login, "deployer[bot]");
    let least = json!({
        "repositories": ["hey"],
        "permissions": {"contents": "read", "deployments": "write"},
    });
    assert_eq!(app.asked_for_tokens(), [least]);
}

#[test]
fn a_token_of_the_surroundings_is_not_used_beside_an_app() {
    let (forge, _app, program) = queueing(permissions());
    program.env("GITHUB_TOKEN", "ghp_none").run().ends_with(0);
    assert_eq!(forge.only().creator.login, "deployer[bot]");
}

#[test]
fn a_key_may_be_a_file_or_one_line_and_the_installation_given() {
    let (forge, app, program) = queueing(permissions());
    let path = forge.path("key.pem");
    std::fs::write(&path, App::KEY).expect("the folder can be written");
    program
        .without("GITHUB_APP_PRIVATE_KEY")
        .env("BRANCH_DEPLOYS_GITHUB_APP_KEY_FILE", &path)
        .env(
            "BRANCH_DEPLOYS_GITHUB_INSTALLATION_ID",
            app.installation.to_string(),
        )
        .run()
        .ends_with(0);
    let asked = forge.github.requests();
    let looked = asked.iter().any(|it| it.path.ends_with("/installation"));
    assert!(!looked, "the installation is given");
    let commit = forge.repository.push("other");
    by(&app, forge.in_a_build("other", &commit))
        .env("GITHUB_APP_PRIVATE_KEY", App::KEY.replace('\n', "\\n"))
        .run()
        .ends_with(0);
}

#[test]
fn a_deploy_and_a_sweep_are_done_as_an_app() {
    let site = Site::new("github-app");
    let app = site.github.app(permissions());
    let deployment = site.push("new");
    let deploy = by(&app, site.helm_apply(Tool::Helm4, deployment));
    tells_no_secret(deploy.release(&echo(json!({}))).run()).ends_with(0);
    let said = site.repository.deployment(deployment).statuses;
    assert_eq!(
        said.last().expect("a status").creator.login,
        "deployer[bot]"
    );
    site.repository.delete_branch("new");
    let sweep = by(&app, site.sweep_deleted(Tool::Helm4, "new"));
    tells_no_secret(sweep.run()).ends_with(0);
    assert_eq!(site.namespace.inventory(), [""; 0]);
    let last = site.states(deployment).pop();
    assert_eq!(last, Some(DeploymentState::Inactive));
}

#[test]
fn announcing_on_pull_requests_asks_for_them_too() {
    let site = Site::new("github-app-comments");
    let app = site.github.app(permissions());
    by(&app, site.sweep_stale(Tool::Helm3))
        .args(["--comment"])
        .run()
        .ends_with(0);
    let asked = app.asked_for_tokens().pop().expect("a token");
    assert_eq!(asked["permissions"]["pull_requests"], "write");
}

/// `queue-deploy --wait` of an App whose token has been used.
fn waiting(forge: &Forge, program: Program) -> (u64, Running) {
    let running = program.args(["--wait"]).start();
    let id = forge.repository.wait_for_deployment(|_| true).id;
    forge.wait_until_read(id);
    (id, running)
}

fn succeed(forge: &Forge, id: u64, running: Running) {
    let up = NewStatus::bare(DeploymentState::Success, User::bot("deployer"))
        .saying("branch-deploys: 200")
        .at("https://new.beta.example.com");
    forge.repository.post(id, up);
    tells_no_secret(running.end()).ends_with(0);
}

#[test]
fn a_token_that_ends_in_a_long_wait_is_replaced() {
    let (forge, app, program) = queueing(permissions());
    let (id, running) = waiting(&forge, program);
    let path = format!("/repos/acme/hey/deployments/{id}/statuses");
    app.expire_tokens();
    forge
        .github
        .wait_for_request(|it| it.path == path && it.status == Some(401));
    forge.wait_until_read(id);
    forge
        .github
        .wait_for_request(|it| it.path == path && matches!(it.status, Some(200 | 304)));
    succeed(&forge, id, running);
}

#[test]
fn a_token_is_replaced_before_it_ends() {
    let (forge, app, program) = queueing(permissions());
    app.tokens_last(Duration::from_secs(8));
    let (id, running) = waiting(&forge, program);
    // The first was asked for before the deployment was there.
    forge
        .github
        .wait_for_request(|it| it.path.ends_with("/access_tokens") && it.status == Some(201));
    let refused = |it: &testbed::github::Request| it.status == Some(401);
    assert!(!forge.github.requests().iter().any(refused));
    succeed(&forge, id, running);
}

#[test]
fn a_new_token_that_not_all_of_github_knows_yet_is_asked_with_again() {
    let (forge, app, program) = queueing(permissions());
    let unknown = Effect::status(401);
    let asked = Matcher::post("/graphql").times(3);
    forge.github.faults().when(asked).then(unknown);
    tells_no_secret(program.run()).ends_with(0);
    assert_eq!(app.asked_for_tokens().len(), 2);
}

#[test]
fn a_clock_that_is_wrong_by_minutes_keeps_no_app_out() {
    for minutes in [-30, 30] {
        let (forge, _app, program) = queueing(permissions());
        forge.github.set_clock(TimeDelta::minutes(minutes));
        tells_no_secret(program.run()).ends_with(0);
        assert_eq!(forge.only().creator.login, "deployer[bot]");
    }
}

#[test]
fn an_installation_that_was_suspended_is_told_as_such() {
    let (_forge, app, program) = queueing(permissions());
    app.suspend();
    let told = "somebody suspended the App";
    tells_no_secret(program.run()).refuses(1, told);
}

#[test]
fn an_app_that_is_taken_away_in_a_long_wait_is_told_and_is_no_deleted_branch() {
    let (forge, app, program) = queueing(permissions());
    let (_, running) = waiting(&forge, program);
    app.uninstall();
    tells_no_secret(running.end())
        .ends_with(1)
        .says("is not installed on acme/hey: install it there");
}

#[test]
fn what_is_wrong_with_an_app_is_one_line_with_what_to_do() {
    let (forge, app, program) = queueing(permissions());
    let other = program.env("GITHUB_APP_PRIVATE_KEY", App::OTHER_KEY);
    tells_no_secret(other.run()).refuses(1, "the private key is none of the App");
    let program = || {
        by(
            &app,
            forge.in_a_build("new", &forge.repository.head("new").unwrap()),
        )
    };
    program()
        .env("BRANCH_DEPLOYS_GITHUB_APP_ID", "12")
        .run()
        .refuses(1, "there is no App 12");
    program()
        .env("BRANCH_DEPLOYS_GITHUB_INSTALLATION_ID", "13")
        .run()
        .refuses(1, "has no installation 13");
    program()
        .env("BRANCH_DEPLOYS_REPOSITORY", "acme/other")
        .run()
        .refuses(1, "is not installed on acme/other");
    let reader = Permissions::app("reader").read(Permission::Contents);
    let reader = forge.github.app(reader);
    let refused = by(&reader, program()).run();
    refused.refuses(1, "acme/hey, contents: read, deployments: write");
    assert!(forge.repository.deployments().is_empty());
}

#[test]
fn a_repository_that_was_renamed_is_told_with_what_to_do() {
    let (forge, _app, program) = queueing(permissions());
    forge.repository.rename("acme/hello");
    let told = "acme/hey is none of those that the App";
    tells_no_secret(program.run())
        .says("if it was renamed, give its new name by --repository")
        .refuses(1, told);
    assert!(forge.repository.deployments().is_empty());
}

#[test]
fn settings_of_an_app_that_cannot_be_are_refused_without_a_request() {
    let (forge, app, program) = queueing(permissions());
    let garbled = program.env("GITHUB_APP_PRIVATE_KEY", "hush-hush-hush");
    let ran = garbled.run();
    assert!(!ran.to_string().contains("hush-hush"), "{ran}");
    ran.refuses(2, "GITHUB_APP_PRIVATE_KEY: it is no private key in PEM");
    let program = || {
        by(
            &app,
            forge.in_a_build("new", &forge.repository.head("new").unwrap()),
        )
    };
    program().without("GITHUB_APP_PRIVATE_KEY").run().refuses(
        2,
        "set GITHUB_APP_PRIVATE_KEY, or give --github-app-key-file",
    );
    program()
        .args(["--github-app-key-file", "/nowhere/key.pem"])
        .run()
        .refuses(2, "the App's private key in /nowhere/key.pem");
    program()
        .args(["--github-token-file", "/nowhere/token"])
        .run()
        .says("BRANCH_DEPLOYS_GITHUB_APP_ID and --github-token-file are both given")
        .refuses(2, "which one asks?");
    program()
        .without("BRANCH_DEPLOYS_GITHUB_APP_ID")
        .env("BRANCH_DEPLOYS_GITHUB_INSTALLATION_ID", "7")
        .run()
        .says("error: BRANCH_DEPLOYS_GITHUB_INSTALLATION_ID: it is of no use")
        .refuses(2, "of no use without --github-app-id");
    assert!(forge.github.requests().is_empty());
}

#[test]
fn a_wait_by_an_app_ends_at_a_signal() {
    let (forge, _app, program) = queueing(permissions());
    let (_, running) = waiting(&forge, program);
    running.signal(Signal::TERM);
    running.end().ends_with(128 + 15);
}
