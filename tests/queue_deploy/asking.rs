//! What is asked of GitHub, and that it is asked once.

use serde_json::{Value, json};
use testbed::faults::{Effect, Gate, Matcher};

use super::forge::Forge;

const DEPLOYMENTS: &str = "/repos/acme/hey/deployments";

#[test]
fn a_push_becomes_one_deployment_that_says_all_that_lands_it() {
    let forge = Forge::new();
    let commit = forge.repository.push("feature/new");
    let ran = forge
        .in_a_build("feature/new", &commit)
        .args(["--migrate", "--keep-for", "14d", "--output", "json"])
        .args(["--url", "https://{slug}.beta.example.com"])
        .run()
        .ends_with(0);
    let deployment = forge.only();
    assert_eq!(deployment.sha, commit);
    assert_eq!(deployment.reference, "feature/new");
    assert_eq!(deployment.task, "branch-deploys:hey");
    assert_eq!(deployment.environment, "beta");
    assert!(deployment.transient && !deployment.production);
    let payload = &deployment.payload;
    let nonce = payload["nonce"].as_str().expect("a nonce");
    assert_eq!(
        *payload,
        json!({
            "app": "hey", "branch": "feature/new", "commit": commit, "nonce": nonce,
            "migrate": true, "keep_for": "14d", "deployed_by": "Jane",
        })
    );
    let result: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    assert_eq!(result["state"], "queued");
    assert_eq!(result["deployment"], deployment.id);
    let url = result["url"].as_str().expect("an address");
    assert!(url.starts_with("https://feature-new-"), "{url}");
}

#[test]
fn a_deployment_is_never_merged_nor_gated_by_github() {
    let forge = Forge::new();
    forge.repository.required_contexts(["ci"]);
    let commit = forge.repository.push("new");
    // The default branch has what the branch lacks.
    forge.repository.push("main");
    forge.in_a_build("new", &commit).run().ends_with(0);
    assert_eq!(forge.only().sha, commit);
    assert_eq!(forge.repository.head("new"), Some(commit));
}

#[test]
fn of_two_builds_only_the_newer_commit_is_queued_whichever_ends_first() {
    for newer_first in [true, false] {
        let forge = Forge::new();
        let older = forge.repository.push("new");
        let newer = forge.repository.push("new");
        let late = |commit: &str| {
            forge
                .in_a_build("new", commit)
                .run()
                .ends_with(3)
                .says("is not deployed")
        };
        let timely = || forge.in_a_build("new", &newer).run().ends_with(0);
        if newer_first {
            timely();
            late(&older);
        } else {
            late(&older);
            timely();
        }
        assert_eq!(forge.only().sha, newer);
    }
}

#[test]
fn asking_twice_for_the_same_joins() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let ask = || forge.in_a_build("new", &commit);
    ask().run().ends_with(0);
    let id = forge.only().id.to_string();
    ask()
        .run()
        .ends_with(0)
        .says(&format!("Deployment {id} asks for the same"));

    ask().args(["--migrate"]).run().ends_with(0);
    ask().args(["--keep-for", "1d"]).run().ends_with(0);
    assert_eq!(forge.repository.deployments().len(), 3);
}

#[test]
fn what_has_ended_is_queued_anew() {
    use testbed::github::{DeploymentState, User};
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let ask = || forge.in_a_build("new", &commit).run().ends_with(0);
    for state in [DeploymentState::Failure, DeploymentState::Success] {
        ask();
        let newest = forge.repository.deployments().pop().expect("it was made");
        let buildkite = User::bot("buildkite");
        forge.repository.post_status(newest.id, state, buildkite);
    }
    ask();
    assert_eq!(forge.repository.deployments().len(), 3);
}

#[test]
fn each_of_two_apps_ignores_the_others_deployments() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    forge.in_a_build("new", &commit).run().ends_with(0);
    forge
        .in_a_build("new", &commit)
        .env("BRANCH_DEPLOYS_APP", "shop")
        .run()
        .ends_with(0)
        .says("is queued");
    let tasks = forge.repository.deployments();
    let tasks: Vec<_> = tasks.iter().map(|one| one.task.as_str()).collect();
    assert_eq!(tasks, ["branch-deploys:hey", "branch-deploys:shop"]);
}

#[test]
fn a_deployment_of_an_actions_job_of_the_same_environment_is_none_of_ours() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    forge.repository.deploy("new", "beta", "deploy", json!({}));
    forge.in_a_build("new", &commit).run().ends_with(0);
    assert_eq!(forge.repository.deployments().len(), 2);
}

#[test]
fn what_one_of_several_builds_still_lands_is_joined() {
    use testbed::github::{DeploymentState, NewStatus, User};
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let ask = || forge.in_a_build("new", &commit).run().ends_with(0);
    ask();
    let id = forge.only().id;
    let landing = NewStatus::bare(DeploymentState::InProgress, User::bot("deployer"));
    let landing = landing
        .saying("branch-deploys: deploying")
        .log("https://a#job");
    forge.repository.post(id, landing);
    let other = NewStatus::bare(DeploymentState::Success, User::bot("buildkite"));
    forge.repository.post(id, other.log("https://b"));
    ask().says("joined");
}

#[test]
fn a_busy_tier_hides_nothing_that_is_under_way() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let ask = || forge.in_a_build("new", &commit).run().ends_with(0);
    ask();
    for _ in 0..100 {
        forge
            .repository
            .deploy("main", "beta", "branch-deploys:shop", json!({}));
    }
    ask().says("joined");
}

#[test]
fn a_deployment_whose_answer_was_lost_is_found_and_not_made_again() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let made = Matcher::post(DEPLOYMENTS).once();
    forge.github.faults().when(made).then(Effect::cut_after());
    let ran = forge.in_a_build("new", &commit).run().ends_with(0);
    ran.says(&format!("Deployment {} is queued", forge.only().id));
}

#[test]
fn the_last_answer_that_was_lost_is_looked_for_as_the_first_is() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let faults = forge.github.faults();
    let asked = || Matcher::post(DEPLOYMENTS);
    faults.when(asked().times(3)).then(Effect::status(502));
    faults.when(asked().nth(4)).then(Effect::cut_after());
    let ran = forge.in_a_build("new", &commit).run().ends_with(0);
    ran.says(&format!("Deployment {} is queued", forge.only().id));
}

#[test]
fn a_deployment_that_github_dropped_is_asked_for_again() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let asked = Matcher::post(DEPLOYMENTS).once();
    forge.github.faults().when(asked).then(Effect::status(502));
    forge.in_a_build("new", &commit).run().ends_with(0);
    assert_eq!(forge.only().sha, commit);
}

#[test]
fn a_push_in_the_middle_of_asking_leaves_no_deployment_of_it() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let gate = Gate::default();
    let asked = Matcher::post(DEPLOYMENTS).once();
    forge
        .github
        .faults()
        .when(asked)
        .then(Effect::hold_before(&gate));
    let running = forge.in_a_build("new", &commit).start();
    gate.reached();
    let newer = forge.repository.push("new");
    gate.open();
    running.end().ends_with(3).says("moved on");
    let deployment = forge.only();
    assert_eq!(deployment.sha, newer);
    assert!(deployment.is_inactive());
}

#[test]
fn going_back_on_purpose_deploys_an_older_commit_of_the_branch() {
    let forge = Forge::new();
    let older = forge.repository.push("new");
    forge.repository.push("new");
    forge
        .queue_deploy()
        .args(["--repository", "acme/hey", "--branch", "new"])
        .args(["--commit", &older])
        .run()
        .ends_with(0);
    let deployment = forge.only();
    assert_eq!(deployment.reference, older);
    assert_eq!(deployment.payload["branch"], "new");
    assert_eq!(deployment.payload["commit"], older);
}

#[test]
fn a_branch_that_was_forced_back_is_queued_anew() {
    let forge = Forge::new();
    let first = forge.repository.push("new");
    forge.in_a_build("new", &first).run().ends_with(0);
    let second = forge.repository.push("new");
    forge.in_a_build("new", &second).run().ends_with(0);
    forge.repository.force_push("new", &first);
    forge.in_a_build("new", &first).run().ends_with(0);
    let deployments = forge.repository.deployments();
    let commits: Vec<_> = deployments.iter().map(|one| &one.sha).collect();
    assert_eq!(commits, [&first, &second, &first]);
}

#[test]
fn a_renamed_repository_is_still_itself() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    forge.repository.rename("acme/hello");
    forge.in_a_build("new", &commit).run().ends_with(0);
    assert_eq!(forge.only().sha, commit);
}

#[test]
fn later_steps_learn_what_was_queued() {
    let forge = Forge::new();
    let commit = forge.repository.push("new");
    let output = forge.path("output");
    forge
        .in_a_build("new", &commit)
        .env("GITHUB_OUTPUT", &output)
        .args(["--url", "https://{slug}.beta.example.com"])
        .run()
        .ends_with(0);
    let text = std::fs::read_to_string(output).expect("the outputs are written");
    let id = forge.only().id;
    let holds = |name: &str, value: &str| {
        let mut lines = text.lines().skip_while(|line| !line.starts_with(name));
        lines.nth(1) == Some(value)
    };
    assert!(holds("deployment-id<<", &id.to_string()), "{text}");
    assert!(holds("url<<", "https://new.beta.example.com"), "{text}");
    assert!(holds("state<<", "queued"), "{text}");
}
