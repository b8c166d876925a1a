//! How often GitHub is asked: three times at most, whatever comes of it.

use testbed::{
    faults::{Effect, Gate, Matcher},
    github::{DeploymentState, User},
};

use super::forge::Forge;
use crate::site::Ran;

const DEPLOYMENTS: &str = "/repos/acme/hey/deployments";

/// A GitHub with a branch, which counts what it is asked.
struct Counted {
    forge: Forge,
    commit: String,
}

impl Counted {
    fn new() -> Self {
        let forge = Forge::new();
        let commit = forge.repository.push("new");
        Self { forge, commit }
    }

    /// `queue-deploy`, and the methods of its requests.
    #[track_caller]
    fn asks(&self, methods: &[&str], status: i32) -> Ran {
        self.forge.github.clear_requests();
        let ran = self.forge.in_a_build("new", &self.commit).run();
        let ran = ran.ends_with(status);
        self.assert_asked(methods);
        ran
    }

    #[track_caller]
    fn assert_asked(&self, questions: &[&str]) {
        let requests = self.forge.github.requests();
        let asked: Vec<_> = requests
            .iter()
            .map(|request| request.question().unwrap_or(&request.method))
            .collect();
        assert_eq!(asked, questions);
        assert!(asked.len() <= 3);
    }
}

#[test]
fn a_first_deployment_costs_two_requests() {
    Counted::new().asks(&["asked", "POST"], 0).says("is queued");
}

#[test]
fn joining_one_that_is_under_way_costs_one() {
    let counted = Counted::new();
    counted.asks(&["asked", "POST"], 0);
    counted.asks(&["asked"], 0).says("joined");
    let id = counted.forge.only().id;
    let state = DeploymentState::InProgress;
    let repository = &counted.forge.repository;
    repository.post_status(id, state, User::bot("buildkite"));
    counted.asks(&["asked"], 0).says("joined");
}

#[test]
fn the_same_again_after_its_end_costs_two() {
    for state in [DeploymentState::Failure, DeploymentState::Success] {
        let counted = Counted::new();
        counted.asks(&["asked", "POST"], 0);
        let id = counted.forge.only().id;
        let repository = &counted.forge.repository;
        repository.post_status(id, state, User::bot("buildkite"));
        counted.asks(&["asked", "POST"], 0).says("is queued");
    }
}

#[test]
fn a_branch_that_is_another_or_gone_costs_one_or_two() {
    let counted = Counted::new();
    counted.forge.repository.push("new");
    counted.asks(&["asked"], 3).says("is not deployed");
    counted.forge.repository.delete_branch("new");
    counted.asks(&["asked", "asked"], 3).says("it is deleted");
}

#[test]
fn a_branch_that_moves_in_the_middle_costs_three() {
    let counted = Counted::new();
    let gate = Gate::default();
    let faults = counted.forge.github.faults();
    let made = Matcher::post(DEPLOYMENTS).once();
    faults.when(made).then(Effect::hold_before(&gate));
    let running = counted.forge.in_a_build("new", &counted.commit).start();
    gate.reached();
    counted.forge.repository.push("new");
    gate.open();
    running.end().ends_with(3).says("moved on");
    counted.assert_asked(&["asked", "POST", "POST"]);
}

#[test]
fn a_lost_answer_costs_three() {
    let counted = Counted::new();
    let faults = counted.forge.github.faults();
    let made = Matcher::post(DEPLOYMENTS).once();
    faults.when(made).then(Effect::cut_after());
    let ran = counted.asks(&["asked", "POST", "asked"], 0);
    ran.says(&format!("Deployment {} is queued", counted.forge.only().id));
}
