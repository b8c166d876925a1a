//! Builds of GitHub's deployments, and the statuses that Buildkite itself posts.

use serde_json::json;

use super::{Acme, acme, agent::told};
use crate::{
    buildkite::{Pipeline, Step},
    faults::Gate,
    github::{DeploymentState, Status, Webhook},
};

const TASK: &str = "branch-deploys:hey";

impl Acme {
    fn deploys(&self, step: Step) -> Pipeline {
        let pipeline = self.buildkite.pipeline("hey-deploy");
        pipeline.on_deployments(&self.repository).step(step)
    }

    /// A second webhook to a pipeline, of all events.
    fn everything_to(&self, pipeline: &Pipeline) -> Webhook {
        let deliver = &self.buildkite.shared.lock().pipelines[pipeline.place].deliver;
        let url = format!("{}/deliver/{deliver}", self.buildkite.url());
        self.repository.webhook(&url, &["*"], "")
    }

    /// The statuses of a deployment, once there are so many.
    fn statuses(&self, deployment: u64, count: usize) -> Vec<Status> {
        let seen = self
            .repository
            .wait_for_deployment(|one| one.id == deployment && one.statuses.len() >= count);
        assert_eq!(seen.statuses.len(), count, "{:?}", seen.states());
        seen.statuses
    }
}

#[test]
fn a_deployment_starts_a_build_that_knows_it() {
    let acme = acme();
    let tell = "env | sed -n 's/^BUILDKITE_GITHUB_DEPLOYMENT_/told: /p' | sort
                echo told: $BUILDKITE_BRANCH $BUILDKITE_COMMIT";
    let pipeline = acme.deploys(Step::new("deploy").command(tell));
    let head = acme.repository.push("feature/x");
    let payload = json!({ "app": "hey" });
    let id = acme.repository.deploy("feature/x", "beta", TASK, payload);
    let build = pipeline.await_build(|build| build.deployment.is_some());
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
    let expected = [
        "ENVIRONMENT=beta".to_owned(),
        format!("ID={id}"),
        r#"PAYLOAD={"app":"hey"}"#.to_owned(),
        format!("TASK={TASK}"),
        format!("feature/x {head}"),
    ];
    assert_eq!(told(&build, "deploy"), expected);
}

#[test]
fn the_build_s_own_statuses_carry_what_its_meta_data_says_of_the_environment() {
    let acme = acme();
    let set = "buildkite-agent meta-data set github_deployment_status:environment beta
               buildkite-agent meta-data set github_deployment_status:environment_url \
                   https://x.beta.example.com";
    let gate = Gate::default();
    let pipeline = acme.deploys(Step::new("deploy").command(set).held_at(&gate));
    let id = acme.repository.deploy("main", "beta", TASK, json!({}));
    let build = pipeline.await_build(|_| true);
    let began = acme.statuses(id, 1).remove(0);
    assert_eq!(began.state, DeploymentState::InProgress);
    assert_eq!(began.environment_url, "");
    assert_eq!(began.log_url, build.web_url());
    assert_eq!(began.creator.login, "buildkite[bot]");
    gate.open();
    let ended = acme.statuses(id, 2).remove(1);
    assert_eq!(build.state(), "passed", "{}", build.logs());
    assert_eq!(ended.state, DeploymentState::Success);
    assert_eq!(ended.environment, "beta");
    assert_eq!(ended.environment_url, "https://x.beta.example.com");
}

#[test]
fn a_build_that_fails_or_is_canceled_says_so_and_one_that_fails_softly_does_not() {
    let acme = acme();
    let gate = Gate::default();
    let last = |step: Step, cancel: bool| {
        let slug = format!("deploy-{}-{cancel}", step.soft_fail);
        let pipeline = acme
            .buildkite
            .pipeline(&slug)
            .on_deployments(&acme.repository);
        let pipeline = pipeline
            .step(step)
            .only_if(move |event| event["deployment"]["environment"] == slug);
        let slug = pipeline.path().replace("acme/", "");
        let id = acme.repository.deploy("main", &slug, TASK, json!({}));
        let build = pipeline.await_build(|_| true);
        if cancel {
            gate.reached();
            build.cancel();
        }
        acme.statuses(id, 2).remove(1).state
    };
    let fails = Step::new("deploy").command("exit 3");
    let held = Step::new("deploy").held_at(&gate);
    assert_eq!(last(fails.clone(), false), DeploymentState::Failure);
    assert_eq!(last(held, true), DeploymentState::Error);
    assert_eq!(last(fails.soft_fail(), false), DeploymentState::Success);
}

#[test]
fn a_pipeline_heeds_the_event_that_starts_its_builds_and_no_other() {
    let acme = acme();
    acme.buildkite.stop_agents();
    let ci = acme.hey.clone().on_pushes(&acme.repository);
    let deploys = acme.deploys(Step::new("deploy"));
    let all = [&ci, &deploys].map(|pipeline| acme.everything_to(pipeline));
    acme.repository.push("x");
    acme.repository.deploy("x", "beta", TASK, json!({}));
    for webhook in all {
        webhook.wait_for_answers(2);
    }
    for (pipeline, deployment) in [(ci, false), (deploys, true)] {
        pipeline.webhook().wait_for_answers(1);
        let builds = pipeline.builds();
        assert_eq!(builds.len(), 2, "one for each webhook");
        for build in builds {
            assert_eq!(build.data().deployment.is_some(), deployment);
        }
    }
    assert!(acme.github.requests().is_empty(), "nothing began");
}
