//! What `queue-deploy` needs: rights at GitHub, and somebody who is sent the deployment.

use rustix::process::Signal;
use testbed::{
    buildkite::{Buildkite, Pipeline},
    faults::{Effect, Gate, Matcher},
    github::{Permission, Permissions},
};

use super::{check, has_all, misses, passes, told};
use crate::{queue_deploy::Forge, site::Program};

struct Site {
    forge: Forge,
    buildkite: Buildkite,
    pipeline: Pipeline,
    commit: String,
}

fn rights() -> Permissions {
    Permissions::named("ci")
        .read(Permission::Contents)
        .write(Permission::Deployments)
        .read(Permission::Webhooks)
}

impl Site {
    /// A GitHub whose deployments start a pipeline at Buildkite.
    fn new() -> Self {
        let forge = Forge::new();
        let buildkite = Buildkite::start(&forge.github);
        let pipeline = buildkite
            .pipeline("hey-deploy")
            .on_deployments(&forge.repository);
        let commit = forge.repository.push("new");
        Self {
            forge,
            buildkite,
            pipeline,
            commit,
        }
    }

    /// `queue-deploy` with a token of these permissions at GitHub.
    fn program(&self, permissions: Permissions) -> Program {
        self.bare(permissions)
            .env("BRANCH_DEPLOYS_DEPLOY_PIPELINE", "acme/hey-deploy")
            .args(["--buildkite-url", self.buildkite.url()])
            .env(
                "BUILDKITE_API_TOKEN",
                self.buildkite.token(&["read_pipelines"]),
            )
    }

    fn bare(&self, permissions: Permissions) -> Program {
        let token = self.forge.github.token(permissions);
        self.forge
            .in_a_build("new", &self.commit)
            .env("GITHUB_TOKEN", token)
    }
}

#[test]
fn all_that_queue_deploy_needs_is_there_and_nothing_is_made() {
    let site = Site::new();
    let ran = has_all(site.program(rights()));
    told(&ran, "repository", "there", "acme/hey");
    told(
        &ran,
        "deploy pipeline",
        "there",
        "trigger_mode is deployment",
    );
    let ran = site.program(rights()).args(["--check"]).run().ends_with(0);
    ran.says("[✔]")
        .says("Nothing that queue-deploy needs is missing");
    assert!(site.forge.repository.deployments().is_empty());
    assert!(site.pipeline.builds().is_empty());
}

#[test]
fn the_readme_shows_what_a_person_sees_of_a_check() {
    let site = Site::new();
    site.buildkite
        .pipeline("hey")
        .clones("git@github.com:acme/hey.git");
    let reader = rights().read(Permission::Deployments);
    let ran = site
        .program(reader)
        .args(["--deploy-pipeline=acme/hey", "--check"])
        .env("COLUMNS", "100")
        .run()
        .ends_with(1);
    let seen = ran.stdout.replace("127.0.0.1", "webhook.buildkite.com");
    let lines = seen.trim_end().lines();
    let lines = lines.map(|line| format!("    {line}").trim_end().to_owned());
    let seen = lines.collect::<Vec<_>>().join("\n");
    let shown = include_str!("../../README.md");
    assert!(shown.contains(&seen), "the README should show:\n{seen}");
}

#[test]
fn a_hooks_address_is_a_secret_and_only_its_host_is_told() {
    let site = Site::new();
    let ran = check(site.program(rights()));
    assert!(!ran.to_string().contains("/deliver/"), "{ran}");
    told(&ran, "webhook", "there", "127.0.0.1 is sent");
}

#[test]
fn each_right_that_is_missing_at_github_is_told_with_what_to_do() {
    let site = Site::new();
    let reader = rights().read(Permission::Deployments);
    misses(
        site.program(reader),
        "deployments: write",
        "give the token deployments: write",
    );
    let blind = Permissions::named("ci")
        .write(Permission::Deployments)
        .read(Permission::Webhooks);
    misses(
        site.program(blind),
        "contents: read",
        "give the token contents: read",
    );
    let elsewhere = site.forge.github.repository("acme/other");
    let elsewhere = rights().only(&[&elsewhere.full_name()]);
    misses(
        site.program(elsewhere),
        "repository",
        "that may see acme/hey",
    );
    let without = site.bare(rights()).without("GITHUB_TOKEN");
    misses(without, "token", "gh auth login");
    let wrong = site.bare(rights()).env("GITHUB_TOKEN", "ghp_wrong");
    misses(wrong, "repository", "401");
    assert!(site.forge.repository.deployments().is_empty());
}

#[test]
fn a_classic_token_is_told_by_its_scopes() {
    let site = Site::new();
    let ran = has_all(site.program(Permissions::classic("jane", &["repo"])));
    told(&ran, "repository", "there", "a token with the scopes repo");
    let none = Permissions::classic("jane", &["gist"]);
    misses(site.program(none), "deployments: write", "the scope repo");
}

#[test]
fn hooks_that_are_not_shown_are_unknown_and_fail_nothing() {
    let site = Site::new();
    let blind = Permissions::named("ci")
        .read(Permission::Contents)
        .write(Permission::Deployments);
    passes(site.program(blind), "webhook", "unknown", "/settings/hooks");
}

#[test]
fn a_webhook_that_is_sent_no_deployments_is_told_with_where_to_add_them() {
    let site = Site::new();
    site.pipeline.webhook().switch_off();
    misses(site.program(rights()), "webhook", "switch it on");
    let site = Site::new();
    let other = site.forge.github.repository("acme/other");
    let program = |name: &str| site.program(rights()).args(["--repository", name]);
    let on_pushes = site.buildkite.pipeline("other").on_pushes(&other);
    let lacking = check(program("acme/other")).ends_with(1);
    told(
        &lacking,
        "webhook",
        "missing",
        "add Deployments to its events",
    );
    told(
        &lacking,
        "deploy pipeline",
        "missing",
        "it is of another repository",
    );
    drop(on_pushes);
    let third = site.forge.github.repository("acme/third");
    let ran = check(program(&third.full_name()));
    told(&ran, "webhook", "doubtful", "unless Buildkite's GitHub App");
}

#[test]
fn a_webhook_that_nobody_answers_well_is_doubtful() {
    let site = Site::new();
    let faults = site.buildkite.faults();
    faults
        .when(Matcher::post("/deliver/*"))
        .then(Effect::status(500));
    site.forge
        .repository
        .deploy("new", "beta", "branch-deploys:hey", Default::default());
    site.pipeline.webhook().wait_for_answers(1);
    passes(site.program(rights()), "webhook", "doubtful", "with 500");
}

#[test]
fn a_deploy_pipeline_that_deployments_do_not_start_is_told() {
    let site = Site::new();
    let code = site
        .buildkite
        .pipeline("hey")
        .on_pushes(&site.forge.repository);
    let asked = || {
        site.bare(rights())
            .args(["--buildkite-url", site.buildkite.url()])
    };
    let with = |scopes: &[&str]| asked().env("BUILDKITE_API_TOKEN", site.buildkite.token(scopes));
    let of = |name: &str| with(&["read_pipelines"]).args(["--deploy-pipeline", name]);
    misses(
        of("acme/hey"),
        "deploy pipeline",
        "set trigger_mode to deployment",
    );
    misses(of("acme/none"), "deploy pipeline", "no pipeline acme/none");
    drop(code);
    let looping = site.pipeline.clone().on_statuses().skip_queued();
    let ran = check(of("acme/hey-deploy")).ends_with(1);
    told(
        &ran,
        "deploy pipeline",
        "missing",
        "build_deployment_status_created is on",
    );
    told(&ran, "deploy pipeline", "doubtful", "leave both off");
    drop(looping);
    let blind = with(&["read_builds"]).args(["--deploy-pipeline", "acme/hey-deploy"]);
    passes(
        blind,
        "deploy pipeline",
        "unknown",
        "lacks the scope read_pipelines",
    );
    let without = asked().args(["--deploy-pipeline", "acme/hey-deploy"]);
    passes(without, "deploy pipeline", "unknown", "BUILDKITE_API_TOKEN");
    passes(asked(), "deploy pipeline", "unknown", "--deploy-pipeline");
}

#[test]
fn a_repository_that_was_renamed_is_told_by_its_new_name() {
    let site = Site::new();
    site.forge.repository.rename("acme/hello");
    let bare = site.bare(rights());
    passes(bare, "repository", "doubtful", "--repository acme/hello");
}

#[test]
fn a_check_ends_at_a_signal() {
    let site = Site::new();
    let gate = Gate::default();
    let asked = Matcher::get("/repos/acme/hey/hooks");
    let faults = site.forge.github.faults();
    faults.when(asked).then(Effect::hold_before(&gate));
    let running = site.program(rights()).args(["--check"]).start();
    gate.reached();
    running.signal(Signal::TERM);
    running.end().ends_with(128 + 15);
}

#[test]
fn a_github_that_does_not_answer_is_missing_and_nothing_more_is_asked_of_it() {
    let site = Site::new();
    let refused = Effect::status(500);
    let asked = Matcher::any("/repos/acme/hey");
    site.forge.github.faults().when(asked).then(refused);
    let ran = check(site.program(rights())).ends_with(1);
    told(&ran, "repository", "missing", "500");
    for line in ["contents", "deployments: write", "webhook"] {
        told(&ran, line, "unknown", "the repository is not seen");
    }
}

#[test]
fn who_cannot_ask_github_at_all_is_told_so_beside_buildkites_lines() {
    let site = Site::new();
    let app = || {
        site.program(rights())
            .without("GITHUB_TOKEN")
            .args(["--github-app-id", "7"])
    };
    let bad = app().env("GITHUB_APP_PRIVATE_KEY", "no key");
    let unread = app().args(["--github-app-key-file", "/nowhere"]);
    let alone = site
        .program(rights())
        .args(["--github-installation-id", "7"]);
    let file = site
        .program(rights())
        .args(["--github-token-file", "/nowhere"]);
    for (program, what, says) in [
        (bad, "GitHub: App", "it is no private key in PEM"),
        (
            app(),
            "GitHub: App",
            "the private key of the App 7 is missing",
        ),
        (unread, "GitHub: App", "the App's private key in /nowhere"),
        (alone, "GitHub: App", "of no use without --github-app-id"),
        (file, "GitHub: token", "the token in /nowhere"),
    ] {
        let ran = check(program).ends_with(1);
        told(&ran, what, "missing", says);
        told(
            &ran,
            "deploy pipeline",
            "there",
            "trigger_mode is deployment",
        );
    }
}

#[test]
fn a_token_that_buildkite_refuses_is_doubtful_where_only_a_check_would_use_it() {
    let site = Site::new();
    let wrong = site
        .program(rights())
        .env("BUILDKITE_API_TOKEN", "bkua_wrong");
    passes(wrong, "deploy pipeline", "doubtful", "or none");
    let unreadable = site
        .program(rights())
        .args(["--buildkite-token-file", "/nowhere"]);
    passes(
        unreadable,
        "deploy pipeline",
        "doubtful",
        "Buildkite's token in /nowhere",
    );
    let refused = Effect::status(500);
    let faults = site.buildkite.faults();
    faults.when(Matcher::get("/v2/access-token")).then(refused);
    passes(site.program(rights()), "deploy pipeline", "unknown", "500");
}

#[test]
fn settings_that_cannot_be_are_refused_by_a_check_too() {
    let site = Site::new();
    let unfit = site.bare(rights()).args(["--url", "https://{branch}.test"]);
    unfit
        .args(["--check"])
        .run()
        .refuses(2, "--url: `{branch}` does not belong in an address");
}
