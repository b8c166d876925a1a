//! What the agent says of the steps of its build.

use super::{
    acme,
    agent::{passed, told},
    commit,
};
use crate::{buildkite::Step, faults::Gate};

/// A command that tells state and outcome of a step.
fn ask(step: &str) -> String {
    let get = |attribute| format!("$(buildkite-agent step get {attribute} --step {step})");
    format!("echo \"told: {} {}\"", get("state"), get("outcome"))
}

#[test]
fn a_step_that_has_ended_tells_how() {
    let acme = acme();
    for (command, soft, outcome) in [
        ("true", false, "passed"),
        ("false", true, "soft_failed"),
        ("exit 3", false, "hard_failed"),
    ] {
        let step = Step::new("first").command(command);
        let step = if soft { step.soft_fail() } else { step };
        let gate = Gate::default();
        let hey = acme.buildkite.pipeline(outcome);
        let hey = hey
            .step(step)
            .step(Step::new("second").command(&ask("first")).held_at(&gate));
        let build = hey.start_build("main", &commit("a"));
        let ended = if command == "true" {
            "passed"
        } else {
            "failed"
        };
        build.job("first").await_state(ended);
        gate.open();
        build.await_finished();
        assert_eq!(
            told(&build, "second"),
            [format!("finished {outcome}")],
            "{}",
            build.logs()
        );
    }
}

#[test]
fn a_step_that_has_not_ended_has_no_outcome() {
    let acme = acme();
    let gate = Gate::default();
    let both = format!("{}; {}", ask("running"), ask("later"));
    let hey = acme
        .hey
        .step(Step::new("running").held_at(&gate))
        .step(Step::new("asking").command(&both))
        .step(Step::new("later").after(&["running"]));
    let build = hey.start_build("main", &commit("a"));
    build.job("asking").await_state("passed");
    gate.open();
    build.await_finished();
    let expected = ["running ", "waiting_for_dependencies "];
    assert_eq!(told(&build, "asking"), expected);
}

#[test]
fn a_step_that_runs_again_keeps_the_outcome_it_had() {
    let acme = acme();
    let gate = Gate::default();
    let hey = acme
        .hey
        .step(Step::new("first").command("[ $BUILDKITE_RETRY_COUNT = 1 ]"))
        .step(Step::new("second").command(&ask("first")).held_at(&gate));
    let build = hey.start_build("main", &commit("a"));
    build.job("first").await_state("failed");
    acme.buildkite.stop_agents();
    build.job("first").retry();
    gate.open();
    build.job("second").await_state("passed");
    assert_eq!(told(&build, "second"), ["ready hard_failed"]);
    acme.buildkite.start_agents();
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
}

#[test]
fn a_step_that_is_not_there_is_a_404_and_a_strange_attribute_a_400() {
    let acme = acme();
    let build = passed(
        &acme.hey,
        "buildkite-agent step get state --step nobody 2>&1 || echo told: $?
         buildkite-agent step get retry 2>&1 || echo told: $?",
    );
    assert_eq!(told(&build, "it"), ["1", "1"]);
    let log = build.job("it").log();
    assert!(log.contains("steps/nobody/export: 404 Not Found"), "{log}");
    assert!(
        log.contains("export: 400 Bad Request: `retry` is currently not supported"),
        "{log}"
    );
}

#[test]
fn a_whole_step_is_told_as_json_and_its_label_can_change() {
    let acme = acme();
    let build = passed(
        &acme.hey,
        "buildkite-agent step update label ' again' --append
         buildkite-agent step get --format json | sed 's/^/told: /'",
    );
    let told = told(&build, "it").join("\n");
    let step: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(step["key"], "it");
    assert_eq!(step["label"], "it again");
    assert_eq!(step["state"], "running");
    assert!(step["outcome"].is_null());
}
