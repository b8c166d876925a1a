//! From a push to a link: GitHub's webhooks, Buildkite's builds by the real agent, and the programs
//! in their jobs.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use testbed::{
    Cluster,
    buildkite::{Build, Buildkite, Pipeline, Step},
    github::{Deployment, DeploymentState},
    tools::{self, Tool},
    wait_until,
};

use crate::site::{Site, echo, held};

/// The part of a team's Buildkite that deploys branches of `acme/hey`.
pub struct Team {
    pub site: Site,
    pub buildkite: Buildkite,
    /// Builds pushes, and queues their deployments.
    ci: Pipeline,
    /// Builds deployments.
    pub deploy: Pipeline,
}

impl Team {
    pub fn new(hint: &str) -> Self {
        Self::with(hint, &echo(json!({"web": true})))
    }

    /// One whose app is this release.
    fn with(hint: &str, release: &Value) -> Self {
        Self::deploying_by(Step::new("deploy").command("helm-apply"), hint, release)
    }

    /// One whose deploy builds have this step.
    pub fn deploying_by(step: Step, hint: &str, release: &Value) -> Self {
        let site = Site::new(hint);
        let buildkite = Buildkite::start(&site.github);
        let programs = Path::new(env!("CARGO_BIN_EXE_helm-apply"));
        buildkite.agent_path(programs.parent().expect("it is in a folder"));
        let helm = tools::get(Tool::Helm4).expect("the testbed has both Helms");
        let port = Cluster::shared().load_balancer().port();
        for (name, value) in [
            ("GITHUB_TOKEN", site.token.clone()),
            ("BRANCH_DEPLOYS_APP", "hey".into()),
            ("BRANCH_DEPLOYS_REPOSITORY", "acme/hey".into()),
            ("BRANCH_DEPLOYS_GITHUB_URL", site.github.url().into()),
            ("BRANCH_DEPLOYS_NAMESPACE", site.namespace.name().into()),
            (
                "BRANCH_DEPLOYS_KUBECONFIG",
                site.kubeconfig.display().to_string(),
            ),
            ("BRANCH_DEPLOYS_LOCK_DURATION", "3s".into()),
            ("BRANCH_DEPLOYS_HELM", helm.display().to_string()),
            ("BRANCH_DEPLOYS_RELEASES", release.to_string()),
            (
                "BRANCH_DEPLOYS_URL",
                format!("http://{{slug}}-{hint}.example.test:{port}"),
            ),
        ] {
            buildkite.agent_env(name, &value);
        }
        let ci = buildkite
            .pipeline("hey")
            .on_pushes(&site.repository)
            .step(Step::new("base-image").command("echo The image is built"))
            .step(Step::new("queue").command("build-gate --step base-image && queue-deploy"));
        let deploy = buildkite
            .pipeline("hey-deploy")
            .on_deployments(&site.repository)
            .step(step);
        Self {
            site,
            buildkite,
            ci,
            deploy,
        }
    }

    /// Pushes to the branch `new`; the commit, and its deployment.
    pub fn push(&self) -> (String, u64) {
        let commit = self.site.repository.push("new");
        let of_commit = |deployment: &Deployment| deployment.sha == commit;
        let deployment = self.site.repository.wait_for_deployment(of_commit);
        (commit, deployment.id)
    }

    /// The deploy builds of a deployment, each once it has ended; there are so many of them.
    pub fn builds_of(&self, id: u64, count: usize) -> Vec<Build> {
        let is_of = |build: &Build| build.data().deployment.is_some_and(|it| it.id == id);
        let builds = wait_until("the deploy builds have begun", || {
            let mut builds = self.deploy.builds();
            builds.retain(is_of);
            (builds.len() == count).then_some(()).ok_or(builds.len())?;
            Ok::<_, usize>(builds)
        });
        for build in &builds {
            build.await_finished();
        }
        builds
    }

    /// The one deploy build of a deployment, once it has ended.
    pub fn build_of(&self, id: u64) -> Build {
        self.builds_of(id, 1).remove(0)
    }

    pub fn is_up_at(&self, commit: &str) {
        let told = self.site.echoed("hey-new", "branch");
        assert_eq!(told["commit"], commit, "{told}");
    }
}

#[track_caller]
pub fn ended(build: &Build, state: &str, says: &str) {
    let logs = build.logs();
    assert_eq!(build.state(), state, "{logs}");
    assert!(
        logs.contains(says),
        "its log does not say `{says}`:\n{logs}"
    );
}

#[test]
fn a_push_becomes_a_link() {
    let team = Team::new("link");
    let (commit, deployment) = team.push();
    let ci = team.ci.await_build(|build| build.commit == commit);
    assert_eq!(ci.await_finished(), "passed", "{}", ci.logs());
    let id = deployment.to_string();
    assert_eq!(ci.meta_data("branch-deploys:deployment-id"), Some(id));
    let build = team.build_of(deployment);
    ended(
        &build,
        "passed",
        "Deploy success! App URL: http://new-link.example.test",
    );
    team.is_up_at(&commit);

    let both = |deployment: &Deployment| {
        let successes = deployment.statuses.iter();
        let successes = successes.filter(|status| status.state == DeploymentState::Success);
        successes.count() == 2
    };
    let deployment = team.site.repository.wait_for_deployment(both);
    let [.., ours, buildkites] = &deployment.statuses[..] else {
        unreachable!("there are two successes");
    };
    assert_eq!(ours.creator.login, "deployer");
    assert_eq!(buildkites.creator.login, "buildkite[bot]");
    assert!(
        ours.environment_url
            .starts_with("http://new-link.example.test")
    );
    assert_eq!(buildkites.environment_url, ours.environment_url);
    assert_eq!(buildkites.environment, "beta");
}

#[test]
fn the_page_of_a_deploy_build_shows_the_environment() {
    let team = Team::new("page");
    let (commit, deployment) = team.push();
    let build = team.build_of(deployment);
    ended(&build, "passed", "\n--- Deploying new at ");
    ended(&build, "passed", "\n+++ Deploy success!");
    assert!(!build.logs().contains("^^^ +++"), "{}", build.logs());
    let shown = build.annotation("branch-deploys-hey-new");
    let (style, text) = shown.expect("the build is annotated");
    assert_eq!(style, "success");
    for told in ["<http://new-page.example.test", "`new`", &commit[..7]] {
        assert!(text.contains(told), "{text}");
    }
    assert_eq!(
        build.meta_data("branch-deploys:state").as_deref(),
        Some("success")
    );
}

#[test]
fn a_deploy_build_that_fails_shows_why_and_opens_its_log() {
    let team = Team::with("fails", &echo(held()));
    team.buildkite
        .agent_env("BRANCH_DEPLOYS_HELM_TIMEOUT", "3s");
    let (_, deployment) = team.push();
    let build = team.build_of(deployment);
    ended(&build, "failed", "\n^^^ +++\n+++ Deploy failed: ");
    let (style, text) = build
        .annotation("branch-deploys-hey-new")
        .expect("it is annotated");
    assert_eq!(style, "error");
    assert!(text.contains("Deploy failed"), "{text}");
}

#[test]
fn a_second_push_overtakes_the_first() {
    let team = Team::with("overtakes", &echo(held()));
    let (_, first) = team.push();
    team.site.wait_for_helm("hey-new");
    team.buildkite.agent_env(
        "BRANCH_DEPLOYS_RELEASES",
        &echo(json!({"web": true})).to_string(),
    );
    let (commit, second) = team.push();
    ended(&team.build_of(second), "passed", "Deploy success!");
    ended(
        &team.build_of(first),
        "failed",
        &format!("Superseded by deployment {second}"),
    );
    team.is_up_at(&commit);
    let words = |id| team.site.repository.deployment(id).statuses;
    let mut ours = words(first)
        .into_iter()
        .filter(|it| it.creator.login == "deployer");
    let last = ours.next_back().expect("we had a word");
    assert_eq!(last.state, DeploymentState::Inactive);
}

#[test]
fn a_webhook_that_comes_twice_lands_once() {
    let team = Team::new("twice");
    team.deploy.webhook().next_twice();
    let (_, deployment) = team.push();
    let builds = team.builds_of(deployment, 2);
    for build in &builds {
        assert_eq!(build.state(), "passed", "{}", build.logs());
    }
    let revisions = team.site.namespace.release_revisions("hey-new");
    assert_eq!(revisions.len(), 1, "{revisions:?}");
}

#[test]
fn a_webhook_that_comes_late_lands_if_nothing_newer_has() {
    let team = Team::new("late");
    team.deploy.webhook().next_late(Duration::from_secs(8));
    let (_, older) = team.push();
    let (commit, newer) = team.push();
    ended(&team.build_of(newer), "passed", "Deploy success!");
    ended(
        &team.build_of(older),
        "failed",
        "to go back on purpose: deploy --commit",
    );
    team.is_up_at(&commit);

    team.deploy.webhook().next_late(Duration::from_secs(2));
    let (commit, newest) = team.push();
    ended(&team.build_of(newest), "passed", "Deploy success!");
    team.is_up_at(&commit);
}

#[test]
fn a_webhook_that_never_comes_holds_nothing_up() {
    let team = Team::new("lost");
    team.deploy.webhook().lose_next();
    let (_, lost) = team.push();
    let (commit, deployment) = team.push();
    ended(&team.build_of(deployment), "passed", "Deploy success!");
    team.is_up_at(&commit);
    assert!(team.site.states(lost).is_empty());
}

#[test]
fn a_rebuild_changes_nothing_and_an_older_one_does_not_come_back() {
    let team = Team::new("rebuilt");
    let (_, older) = team.push();
    let older = team.build_of(older);
    let (commit, current) = team.push();
    let current = team.build_of(current);
    let again = current.rebuild();
    again.await_finished();
    ended(
        &again,
        "passed",
        "This deployment is up already: nothing to do",
    );
    let back = older.rebuild();
    back.await_finished();
    ended(&back, "failed", "to go back on purpose: deploy --commit");
    team.is_up_at(&commit);
    assert_eq!(team.site.namespace.release_revisions("hey-new").len(), 2);
}

#[test]
fn going_back_on_purpose_lands_the_older_commit() {
    let team = Team::new("back");
    let (older, first) = team.push();
    team.build_of(first);
    let (_, second) = team.push();
    team.build_of(second);
    let queue = team.site.program(env!("CARGO_BIN_EXE_queue-deploy"));
    let back = queue.args(["--branch", "new", "--commit", &older]);
    back.run().ends_with(0);
    let of_commit = |deployment: &Deployment| deployment.reference == older;
    let back = team.site.repository.wait_for_deployment(of_commit);
    ended(&team.build_of(back.id), "passed", "Deploy success!");
    team.is_up_at(&older);
}

#[test]
fn two_apps_of_one_repository_ignore_each_others_deployments() {
    let team = Team::new("apps");
    let shop = team
        .buildkite
        .pipeline("shop-deploy")
        .on_deployments(&team.site.repository)
        .step(Step::new("deploy").command("BRANCH_DEPLOYS_APP=shop helm-apply"));
    let (commit, deployment) = team.push();
    ended(&team.build_of(deployment), "passed", "Deploy success!");
    let other = shop.await_build(|build| build.commit == commit);
    other.await_finished();
    ended(&other, "passed", "none of shop's on beta: nothing to do");
    assert_eq!(team.site.namespace.objects("Lease"), ["hey-new"]);
}

#[test]
fn a_deploy_build_that_is_cancelled_says_so_and_locks_nothing() {
    let team = Team::with("cancelled", &echo(held()));
    let (_, deployment) = team.push();
    team.site.wait_for_helm("hey-new");
    let build = team.deploy.await_build(|_| true);
    build.cancel();
    assert_eq!(build.await_finished(), "canceled", "{}", build.logs());
    let statuses = team.site.repository.deployment(deployment).statuses;
    let said = |words: &str| statuses.iter().any(|it| it.description.contains(words));
    assert!(
        said("branch-deploys: Cancelled by SIGTERM"),
        "{statuses:#?}"
    );
    assert!(team.site.is_free("hey-new"));
}
