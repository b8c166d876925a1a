//! What the agent says in a job of the very build.

use std::path::Path;

use testbed::{
    buildkite::{Build, Step},
    faults::{Effect, Gate, Matcher},
    registry::Login,
};

use super::site::Site;

/// The step that makes the image.
fn base_image(command: &str) -> Step {
    Step::new("base-image").command(command)
}

/// A build of a step, and of a job `gate` beside it that runs `build-gate` with these arguments once
/// `begin` opens.
fn build(site: &Site, image: Step, arguments: &str, begin: &Gate) -> Build {
    let program = Path::new(env!("CARGO_BIN_EXE_build-gate"));
    let folder = program.parent().expect("it is in a folder");
    site.buildkite.agent_path(folder);
    let gate = Step::new("gate").command(&format!("build-gate {arguments}"));
    let pipeline = site.pipeline.clone().step(image).step(gate.held_at(begin));
    pipeline.start_build("new", &site.commit)
}

/// The same, when both have ended, one after the other: the exit status of `build-gate`, and the
/// job's log.
fn built(command: &str, arguments: &str) -> (i32, String) {
    let (site, begin) = (Site::new(Login::Password), Gate::default());
    let step = base_image(command);
    let step = if command == "exit 3" {
        step.soft_fail()
    } else {
        step
    };
    let build = build(&site, step, arguments, &begin);
    let ended = if command == "true" {
        "passed"
    } else {
        "failed"
    };
    build.job("base-image").await_state(ended);
    begin.open();
    build.await_finished();
    let gate = build.job("gate");
    let asked = site.buildkite.requests();
    assert!(!asked.iter().any(|asked| asked.is_rest()), "{}", gate.log());
    (gate.data().exit_status.expect("it has ended"), gate.log())
}

#[test]
fn in_a_job_of_the_same_build_the_agent_is_asked_without_a_token() {
    for (command, status, says) in [
        ("true", 0, "base-image has passed"),
        ("false", 1, "base-image failed: "),
        ("exit 3", 1, "base-image failed softly"),
    ] {
        for pipeline in ["", " --pipeline acme/hey"] {
            let arguments = format!("--step base-image{pipeline}");
            let (exit, log) = built(command, &arguments);
            assert_eq!(exit, status, "{log}");
            assert!(log.contains(says), "{log}");
            assert!(
                log.contains("https://buildkite.com/acme/hey/builds/1"),
                "{log}"
            );
        }
    }
}

#[test]
fn a_step_of_the_same_build_that_runs_is_waited_for() {
    let (site, image, begin) = (Site::new(Login::Password), Gate::default(), Gate::default());
    begin.open();
    let step = base_image("true").held_at(&image);
    let build = build(&site, step, "--step base-image", &begin);
    site.buildkite
        .wait_for_request(|asked| asked.path == "/v3/steps/base-image/export");
    image.open();
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
    let log = build.job("gate").log();
    assert!(log.contains("base-image is running"), "{log}");
}

#[test]
fn a_key_that_no_step_of_the_build_has_is_a_clear_failure() {
    let (exit, log) = built("true", "--step base-imgae --grace 1s");
    assert_eq!(exit, 1, "{log}");
    let says = "no step of this build has the key base-imgae";
    assert!(log.contains(says), "{log}");
}

#[test]
fn an_agent_that_is_refused_does_not_say_that_there_is_no_step() {
    let (site, begin) = (Site::new(Login::Password), Gate::default());
    begin.open();
    let fault = site.buildkite.faults().when(Matcher::any("/v3/steps/**"));
    fault.then(Effect::status(401).body("{}"));
    let arguments = "--step image-404 --timeout 1s";
    let build = build(&site, base_image("true"), arguments, &begin);
    assert_eq!(build.await_finished(), "failed");
    let gate = build.job("gate");
    assert_eq!(gate.data().exit_status, Some(4), "{}", gate.log());
    assert!(gate.log().contains(": 401 Unauthorized"), "{}", gate.log());
}

#[test]
fn another_builds_step_is_not_asked_of_the_agent() {
    let other = "b".repeat(40);
    for (arguments, says) in [
        (format!("--commit {other}"), "--pipeline is missing"),
        ("--branch other".to_owned(), "--pipeline is missing"),
        (
            "--pipeline acme/other".to_owned(),
            "BUILDKITE_API_TOKEN is missing",
        ),
    ] {
        let (exit, log) = built("true", &format!("--step base-image {arguments}"));
        assert_eq!(exit, 2, "{log}");
        assert!(log.contains(says), "{log}");
    }
}
