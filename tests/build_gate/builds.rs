//! What Buildkite says of the step that makes the image.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testbed::{faults::Effect, registry::Login};

use super::site::{Site, base_image};

#[test]
fn the_step_decides_where_no_image_is_looked_for() {
    for (state, jobs, status, says) in [
        (
            "running",
            base_image("passed"),
            0,
            "base-image has passed: https://buildkite.com/acme/hey/builds/7",
        ),
        (
            "failing",
            base_image("failed"),
            1,
            "base-image failed: https://buildkite.com/acme/hey/builds/7",
        ),
        (
            "canceled",
            base_image("canceled"),
            1,
            "base-image was cancelled",
        ),
        ("failed", base_image("broken"), 1, "base-image was not run"),
        ("not_run", json!([]), 1, "was not run"),
        ("skipped", json!([]), 3, "skipped build 7 for a newer one"),
    ] {
        let site = Site::new(Login::Password);
        site.says(None, site.builds(&[(7, state, jobs)]));
        let program = site.for_pipeline().args(["--step", "base-image"]);
        let ran = program.run().ends_with(status).says(says);
        ran.hides("a-token-of-buildkites");
    }
}

#[test]
fn without_a_step_the_whole_build_decides() {
    for (state, status) in [("passed", 0), ("failed", 1), ("skipped", 3)] {
        let site = Site::new(Login::Password);
        site.says(None, site.builds(&[(7, state, json!([]))]));
        site.for_pipeline().run().ends_with(status);
    }
}

#[test]
fn a_step_that_runs_is_waited_for_at_a_polite_pace() {
    let site = Site::new(Login::Password);
    site.says(
        Some(1),
        site.builds(&[(7, "running", base_image("running"))]),
    );
    site.says(
        Some(2),
        site.builds(&[(7, "running", base_image("a_new_state"))]),
    );
    site.says(None, site.builds(&[(7, "running", base_image("passed"))]));
    let begun = Instant::now();
    let program = site.for_pipeline().args(["--step", "base-image"]);
    program.run().ends_with(0).says("base-image is running");
    // Six requests a minute, at most.
    assert!(
        begun.elapsed() >= Duration::from_secs(14),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_commit_without_a_build_may_not_have_been_pushed() {
    let site = Site::new(Login::Password);
    site.says(None, site.builds(&[]));
    let program = site.for_pipeline().args(["--grace", "0s"]);
    program.run().ends_with(1).says("was the commit pushed");
}

#[test]
fn a_step_that_passed_without_its_image_is_told() {
    let site = Site::new(Login::Password);
    site.says(None, site.builds(&[(7, "passed", base_image("passed"))]));
    site.log_in();
    let image = format!("{}/hey:{{commit}}", site.registry.host());
    let program = site.for_pipeline().args(["--step", "base-image"]);
    let program = program.args(["--image", &image, "--grace", "0s"]);
    program
        .run()
        .ends_with(1)
        .says("is it what the build pushes?");
}

#[test]
fn a_buildkite_that_refuses_is_one_clear_line() {
    for (status, says) in [
        (401, "refuses the token"),
        (403, "the scope read_builds"),
        (404, "shows no pipeline acme/hey"),
    ] {
        let site = Site::new(Login::Password);
        site.says(None, Effect::status(status).body(r#"{"message": "No"}"#));
        site.for_pipeline().run().refuses(1, says);
    }
}

#[test]
fn a_buildkite_that_is_busy_is_waited_for() {
    let site = Site::new(Login::Password);
    let limited = Effect::status(429)
        .header("RateLimit-Reset", "12")
        .header("RateLimit-Remaining", "0");
    site.says(Some(1), limited);
    site.says(None, site.builds(&[(7, "passed", json!([]))]));
    let begun = Instant::now();
    site.for_pipeline()
        .run()
        .ends_with(0)
        .says("free again in 12 s");
    assert!(
        begun.elapsed() >= Duration::from_secs(12),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn machines_are_told_the_build() {
    let site = Site::new(Login::Password);
    site.says(None, site.builds(&[(7, "failed", json!([]))]));
    let ran = site.for_pipeline().args(["--output", "json"]).run();
    let told: Value = serde_json::from_str(&ran.ends_with(1).stdout).expect("one document");
    assert_eq!(told["state"], "closed");
    assert_eq!(told["build"], "https://buildkite.com/acme/hey/builds/7");
}
