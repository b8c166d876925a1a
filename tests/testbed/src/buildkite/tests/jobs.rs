//! Jobs and what their builds come to by them.

use serde_json::json;

use super::{BUILDS, acme, agent::told, commit};
use crate::{buildkite::Step, faults::Gate};

#[test]
fn a_failure_fails_the_build_and_breaks_what_depends_on_it() {
    let acme = acme();
    let gate = Gate::default();
    let hey = acme
        .hey
        .step(Step::new("fails").command("exit 7"))
        .step(Step::new("held").held_at(&gate))
        .step(Step::new("after").after(&["fails"]));
    let build = hey.start_build("main", &commit("a"));
    build.await_state("failing");
    assert_eq!(build.job("held").state(), "running");
    assert_eq!(build.job("after").state(), "broken");
    gate.open();
    assert_eq!(build.await_finished(), "failed");
    assert_eq!(build.job("fails").data().exit_status, Some(7));
}

#[test]
fn a_soft_failure_lets_the_build_pass() {
    let acme = acme();
    let hey = acme
        .hey
        .step(Step::new("soft").command("exit 3").soft_fail())
        .wait()
        .step(Step::new("after"));
    let build = hey.start_build("main", &commit("a"));
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
    let soft = build.job("soft").data();
    assert_eq!((soft.state.as_str(), soft.soft_failed), ("failed", true));
}

#[test]
fn a_retry_gives_a_build_another_chance() {
    let acme = acme();
    let hey = acme
        .hey
        .step(Step::new("first").command("[ $BUILDKITE_RETRY_COUNT = 1 ]"))
        .step(Step::new("after").after(&["first"]));
    let build = hey.start_build("main", &commit("a"));
    assert_eq!(build.await_finished(), "failed");
    let job = build.job("first").data().id;
    let path = format!("{BUILDS}/1/jobs/{job}/retry");
    assert_eq!(acme.client.put(&path, json!({})).status, 200);
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
    assert_eq!(build.jobs("first").len(), 2);
    assert_eq!(build.job("after").state(), "passed");
}

#[test]
fn a_rebuild_says_what_it_repeats_and_begins_without_meta_data() {
    let acme = acme();
    let tell = "buildkite-agent meta-data exists kept || echo told: forgotten
                buildkite-agent meta-data set kept 1
                echo \"told: $BUILDKITE_REBUILT_FROM_BUILD_ID\"";
    let hey = acme.hey.step(Step::new("it").command(tell));
    let build = hey.start_build("x", &commit("a"));
    build.await_finished();
    let answer = acme.client.put(&format!("{BUILDS}/1/rebuild"), json!({}));
    assert_eq!(answer.json()["rebuilt_from"]["number"], 1);
    let again = hey.await_build(|build| build.number == 2);
    assert_eq!(again.await_finished(), "passed", "{}", again.logs());
    assert_eq!(
        told(&again, "it"),
        ["forgotten".to_owned(), build.data().id]
    );
    assert_eq!(again.data().commit, commit("a"));
    assert_eq!(build.rebuild().data().rebuilt_from.unwrap().1, 1);
}

#[test]
fn jobs_side_by_side_know_their_places() {
    let acme = acme();
    let tell = "echo told: $BUILDKITE_PARALLEL_JOB of $BUILDKITE_PARALLEL_JOB_COUNT";
    let hey = acme.hey.step(Step::new("it").command(tell).parallelism(3));
    let build = hey.start_build("main", &commit("a"));
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
    let logs = build.logs();
    for place in 0..3 {
        assert!(logs.contains(&format!("told: {place} of 3")), "{logs}");
    }
    assert_eq!(build.jobs("it").len(), 3);
}

#[test]
fn a_job_without_agents_stays_scheduled() {
    let acme = acme();
    acme.buildkite.stop_agents();
    let hey = acme.hey.step(Step::new("it"));
    let build = hey.start_build("main", &commit("a"));
    assert_eq!(
        (build.state(), build.job("it").state()),
        ("scheduled".into(), "scheduled".into())
    );
    acme.buildkite.start_agents();
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
}

#[test]
fn a_plugin_s_hook_runs_with_its_configuration() {
    let acme = acme();
    let plugin = tempfile::Builder::new()
        .suffix("-buildkite-plugin")
        .tempdir()
        .unwrap();
    let hooks = plugin.path().join("hooks");
    std::fs::create_dir(&hooks).unwrap();
    let hook = "#!/bin/sh\necho \"told: $BUILDKITE_PLUGIN_CONFIGURATION\"\n";
    std::fs::write(hooks.join("command"), hook).unwrap();
    for arguments in [
        &["init", "--quiet"][..],
        &["add", "."],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "commit",
            "-qm",
            "A plugin",
        ],
    ] {
        let mut git = std::process::Command::new("git");
        let status = git.args(arguments).current_dir(plugin.path()).status();
        assert!(status.unwrap().success());
    }
    let address = format!("file://{}", plugin.path().display());
    let plugins = json!([{ address: { "run": "helm-apply" } }]);
    let hey = acme.hey.step(Step::new("it").plugins(plugins));
    let build = hey.start_build("main", &commit("a"));
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
    assert_eq!(told(&build, "it"), [r#"{"run":"helm-apply"}"#]);
}
