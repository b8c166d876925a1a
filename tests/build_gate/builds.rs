//! What Buildkite says of the step that makes the image.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::Value;
use testbed::{
    faults::{Effect, Matcher},
    registry::Login,
    wait_until_within,
};

use super::site::Site;

/// The first build's page.
const PAGE: &str = "https://buildkite.com/acme/hey/builds/1";

#[test]
fn the_step_decides_where_no_image_is_looked_for() {
    for (build, job, status, says) in [
        (
            "running",
            "passed",
            0,
            &*format!("base-image has passed: {PAGE}"),
        ),
        (
            "failing",
            "failed",
            1,
            &*format!("base-image failed: {PAGE}"),
        ),
        ("canceled", "canceled", 1, "base-image was cancelled"),
        ("failed", "broken", 1, "base-image was not run"),
        ("skipped", "skipped", 3, "skipped build 1 for a newer one"),
    ] {
        let site = Site::new(Login::Password);
        site.pretend_build(build).pretend_job("base-image", job);
        let program = site.for_pipeline().args(["--step", "base-image"]);
        program
            .run()
            .ends_with(status)
            .says(says)
            .hides(&site.token);
    }
}

#[test]
fn a_build_that_will_never_have_the_step_is_told() {
    let site = Site::new(Login::Password);
    site.pretend_build("not_run");
    let program = site.for_pipeline().args(["--step", "base-image"]);
    program.run().ends_with(1).says("was not run");
}

#[test]
fn without_a_step_the_whole_build_decides() {
    for (state, status) in [("passed", 0), ("failed", 1), ("skipped", 3)] {
        let site = Site::new(Login::Password);
        site.pretend_build(state);
        site.for_pipeline().run().ends_with(status);
    }
}

#[test]
fn only_the_newest_build_of_the_branch_and_the_full_commit_counts() {
    let site = Site::new(Login::Password);
    site.pretend_build("failed");
    site.pretend_build("passed");
    let pipeline = &site.pipeline;
    pipeline
        .pretend_build("newer", &site.commit)
        .set_state("failed");
    pipeline
        .pretend_build("new", &"b".repeat(40))
        .set_state("failed");
    site.for_pipeline().run().ends_with(0).says("builds/2");
}

#[test]
fn a_retried_job_is_what_it_was_retried_in_and_side_by_side_all_have_to_pass() {
    let site = Site::new(Login::Password);
    let build = site.pretend_build("running");
    build
        .pretend_job("base-image", "failed")
        .retry()
        .set_state("passed");
    let gate = || site.for_pipeline().args(["--step", "base-image"]);
    gate().run().ends_with(0);
    let build = site.pretend_build("failing");
    for (index, state) in [(0, "passed"), (1, "failed")] {
        build
            .pretend_job("base-image", state)
            .set_parallel(index, 2);
    }
    gate().run().ends_with(1).says("base-image failed");
    build.jobs("base-image")[1].set_state("passed");
    gate().run().ends_with(0);
}

#[test]
fn a_step_that_failed_softly_made_no_image() {
    let site = Site::new(Login::Password);
    let build = site.pretend_build("passed");
    build.pretend_job("base-image", "failed").set_soft_failed();
    let program = site.for_pipeline().args(["--step", "base-image"]);
    program.run().ends_with(1).says("base-image failed softly");
}

#[test]
fn a_step_that_runs_is_waited_for_with_six_requests_a_minute_at_most() {
    let site = Site::new(Login::Password);
    let job = site
        .pretend_build("running")
        .pretend_job("base-image", "running");
    let running = site.for_pipeline().args(["--step", "base-image"]).start();
    site.wait_for_requests(2);
    job.set_state("a_new_state");
    site.wait_for_requests(6);
    job.set_state("passed");
    running.end().ends_with(0).says("base-image is running");
    let times: Vec<_> = site
        .buildkite
        .requests()
        .iter()
        .map(|asked| asked.at)
        .collect();
    println!(
        "{} requests in {}",
        times.len(),
        times[times.len() - 1] - times[0]
    );
    for begin in &times {
        let minute = *begin..*begin + TimeDelta::minutes(1);
        let asked = times.iter().filter(|at| minute.contains(at)).count();
        assert!(asked <= 6, "{asked} in a minute: {times:?}");
    }
}

#[test]
fn a_commit_without_a_build_may_not_have_been_pushed() {
    let site = Site::new(Login::Password);
    let program = site.for_pipeline().args(["--grace", "0s"]);
    program.run().ends_with(1).says("was the commit pushed");
}

#[test]
fn a_step_that_passed_without_its_image_is_told() {
    let site = Site::new(Login::Password);
    site.pretend_build("passed")
        .pretend_job("base-image", "passed");
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
    let site = Site::new(Login::Password);
    let other = site.buildkite.token(&["read_pipelines"]);
    for (token, pipeline, says) in [
        ("bkua_wrong", "acme/hey", "refuses the token"),
        (&other, "acme/hey", "the scope read_builds"),
        (&site.token, "acme/hay", "shows no pipeline acme/hay"),
        (&site.token, "acmee/hey", "shows no pipeline acmee/hey"),
    ] {
        let program = site.for_pipeline_at(pipeline);
        let ran = program.env("BUILDKITE_API_TOKEN", token).run();
        ran.refuses(1, says).hides(token);
    }
}

#[test]
fn a_buildkite_that_is_busy_is_waited_for() {
    let site = Site::new(Login::Password);
    site.pretend_build("passed");
    let (begun, wait) = (Instant::now(), Duration::from_secs(18));
    site.buildkite.limit(0, wait);
    let ran = site.for_pipeline().run().ends_with(0);
    ran.says("rate limit is used up: it is free again in 1");
    assert!(begun.elapsed() >= wait, "{:?}", begun.elapsed());
    assert_eq!(site.buildkite.requests().len(), 2);
}

#[test]
fn an_answer_that_is_cut_or_garbled_is_asked_for_again() {
    let site = Site::new(Login::Password);
    site.pretend_build("passed");
    let faults = site.buildkite.faults();
    for (nth, effect) in [
        (1, Effect::status(200).body("<html>A proxy's page</html>")),
        (2, Effect::cut_before()),
    ] {
        faults.when(Matcher::any("/v2/**").nth(nth)).then(effect);
    }
    let ran = site.for_pipeline().run().ends_with(0);
    ran.says("cannot be read").says("Buildkite does not answer");
}

#[test]
fn machines_are_told_the_build() {
    let site = Site::new(Login::Password);
    site.pretend_build("failed");
    let ran = site.for_pipeline().args(["--output", "json"]).run();
    let told: Value = serde_json::from_str(&ran.ends_with(1).stdout).expect("one document");
    assert_eq!(told["state"], "closed");
    assert_eq!(told["build"], PAGE);
}

impl Site {
    /// Waits until Buildkite was asked so often.
    fn wait_for_requests(&self, count: usize) {
        let limit = Duration::from_secs(120);
        wait_until_within(limit, "Buildkite is asked", || {
            let asked = self.buildkite.requests().len();
            (asked >= count).then_some(()).ok_or(asked)
        });
    }
}
