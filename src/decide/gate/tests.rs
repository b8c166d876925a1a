use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const IMAGE: &str = "r.example.com/hey:1";

fn commit() -> Commit {
    "a".repeat(40).parse().unwrap()
}

fn since() -> DateTime<Utc> {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

fn wanted(image: bool, step: Option<&str>) -> Wanted {
    Wanted {
        image: image.then(|| IMAGE.to_owned()),
        platform: None,
        step: step.map(str::to_owned),
        grace: Duration::from_secs(120),
    }
}

fn build(number: u64, state: &str, jobs: Value) -> Value {
    json!({
        "number": number, "web_url": format!("https://b/{number}"), "state": state,
        "commit": commit(), "branch": "new", "jobs": jobs,
    })
}

fn job(state: &str) -> Value {
    json!({"step_key": "base-image", "state": state})
}

fn evidence(builds: &[Value]) -> Evidence {
    let builds = builds.iter().cloned();
    let builds = builds.map(|build| serde_json::from_value(build).unwrap());
    let branch = "new".parse().unwrap();
    Evidence {
        image: None,
        is_registry_silent: false,
        builds: Builds::Of(
            "acme/hey".parse().unwrap(),
            commit(),
            branch,
            builds.collect(),
        ),
        since: since(),
        passed_since: None,
    }
}

fn after(evidence: &Evidence, wanted: &Wanted, seconds: i64) -> Gate {
    gate(wanted, evidence, since() + TimeDelta::seconds(seconds))
}

fn of_step(builds: &[Value]) -> Gate {
    after(&evidence(builds), &wanted(false, Some("base-image")), 0)
}

fn of_build(builds: &[Value]) -> Gate {
    after(&evidence(builds), &wanted(false, None), 0)
}

fn passed(number: u64) -> Gate {
    Gate::Open(Proof::Passed(format!("https://b/{number}")))
}

#[track_caller]
fn waits(gate: &Gate, words: &str) {
    let fits = matches!(gate, Gate::Wait(waiting) if waiting.words.contains(words));
    assert!(fits, "{gate:?} does not wait with `{words}`");
}

#[track_caller]
fn closed(gate: &Gate, words: &str) {
    let fits = matches!(gate, Gate::Closed { why, .. } if why.contains(words));
    assert!(fits, "{gate:?} is not closed with `{words}`");
}

#[track_caller]
fn superseded(gate: &Gate) {
    assert!(matches!(gate, Gate::Superseded { .. }), "{gate:?}");
}

#[test]
fn an_image_that_is_there_opens_whatever_its_builders_say() {
    let image = Image {
        digest: "sha256:1".into(),
        platforms: vec![],
    };
    for builds in [vec![], vec![build(1, "failed", json!([job("failed")]))]] {
        let evidence = Evidence {
            image: Some(image.clone()),
            ..evidence(&builds)
        };
        let gate = after(&evidence, &wanted(true, Some("base-image")), 9999);
        assert_eq!(gate, Gate::Open(Proof::Digest("sha256:1".into())));
    }
}

#[test]
fn an_image_for_other_machines_is_told_with_what_it_is_for() {
    let evidence = |platforms: &[&str]| Evidence {
        image: Some(Image {
            digest: "sha256:1".into(),
            platforms: platforms.iter().map(|it| it.parse().unwrap()).collect(),
        }),
        ..evidence(&[])
    };
    let wanted = Wanted {
        platform: Some("linux/amd64".parse().unwrap()),
        ..wanted(true, None)
    };
    let gate = after(&evidence(&["linux/arm64", "linux/amd64"]), &wanted, 0);
    assert!(matches!(gate, Gate::Open(_)), "{gate:?}");
    closed(
        &after(&evidence(&["linux/arm64"]), &wanted, 0),
        "is there, but not for linux/amd64: it is for linux/arm64",
    );
    closed(&after(&evidence(&[]), &wanted, 0), "no platform");
}

#[test]
fn an_image_that_nobody_is_asked_about_is_waited_for() {
    let evidence = Evidence {
        builds: Builds::NotAsked,
        ..evidence(&[])
    };
    waits(
        &after(&evidence, &wanted(true, None), 9999),
        "not in the registry",
    );
}

#[test]
fn a_step_that_may_still_pass_is_waited_for() {
    for state in [
        "running",
        "scheduled",
        "waiting",
        "assigned",
        "canceling",
        "a_new_state",
    ] {
        let spaced = state.replace('_', " ");
        let gate = of_step(&[build(1, "running", json!([job(state)]))]);
        waits(&gate, &format!("base-image is {spaced}: https://b/1"));
    }
    waits(
        &of_step(&[build(1, "running", json!([]))]),
        "not in the build yet",
    );
    waits(
        &of_step(&[build(1, "a_new_state", json!([]))]),
        "https://b/1",
    );
}

#[test]
fn a_step_that_passed_opens_though_the_rest_goes_on_or_fails() {
    for state in ["running", "failing", "failed", "canceled", "blocked"] {
        assert_eq!(
            of_step(&[build(1, state, json!([job("passed")]))]),
            passed(1)
        );
    }
}

#[test]
fn a_step_that_will_not_pass_closes_at_once_with_the_reason() {
    for (state, words) in [
        ("failed", "base-image failed"),
        ("timed_out", "timed out"),
        ("canceled", "was cancelled"),
        ("broken", "was not run"),
        ("skipped", "was skipped"),
        ("expired", "no agent"),
        ("waiting_failed", "what it depends on failed"),
    ] {
        closed(&of_step(&[build(1, "running", json!([job(state)]))]), words);
    }
    let mut soft = job("failed");
    soft["soft_failed"] = json!(true);
    closed(
        &of_step(&[build(1, "passed", json!([soft]))]),
        "failed softly",
    );
}

#[test]
fn a_build_that_ended_without_the_step_closes() {
    for (state, words) in [
        ("passed", "passed, and has no step base-image"),
        ("failed", "failed, and has no step"),
        ("canceled", "was cancelled"),
        ("not_run", "was not run"),
    ] {
        closed(&of_step(&[build(1, state, json!([]))]), words);
    }
    let waiting = build(1, "canceled", json!([job("scheduled")]));
    closed(&of_step(&[waiting]), "before base-image has passed");
}

#[test]
fn a_build_that_is_skipped_for_a_newer_one_is_superseded() {
    superseded(&of_step(&[build(1, "skipped", json!([job("skipped")]))]));
    superseded(&of_step(&[build(1, "skipped", json!([]))]));
    superseded(&of_build(&[build(1, "skipped", json!([]))]));
}

#[test]
fn a_build_that_is_blocked_before_the_step_waits() {
    let mut half = build(1, "passed", json!([job("waiting")]));
    half["blocked"] = json!(true);
    waits(&of_step(&[half.clone()]), "unblock");
    waits(&of_build(&[half]), "unblock");
    waits(&of_step(&[build(1, "blocked", json!([]))]), "unblock");
}

#[test]
fn all_parallel_jobs_have_to_pass() {
    let part = |state: &str| {
        let mut part = job(state);
        part["parallel_group_total"] = json!(2);
        part
    };
    let of = |jobs: Value| of_step(&[build(1, "running", jobs)]);
    assert_eq!(of(json!([part("passed"), part("passed")])), passed(1));
    waits(&of(json!([part("passed"), part("running")])), "running");
    waits(&of(json!([part("passed")])), "base-image");
    closed(&of(json!([part("running"), part("failed")])), "failed");
}

#[test]
fn a_job_that_was_retried_counts_by_its_newest() {
    let mut first = job("failed");
    first["retried"] = json!(true);
    let of = |again: &str| of_step(&[build(1, "running", json!([first, job(again)]))]);
    assert_eq!(of("passed"), passed(1));
    waits(&of("running"), "running");
    closed(&of("failed"), "failed");
}

#[test]
fn the_newest_build_that_has_the_step_decides() {
    let old = build(1, "failed", json!([job("failed")]));
    let new = build(2, "running", json!([job("passed")]));
    assert_eq!(of_step(&[old.clone(), new]), passed(2));
    let other = build(2, "passed", json!([]));
    closed(&of_step(&[other, old]), "base-image failed");
}

#[test]
fn builds_of_other_commits_and_branches_do_not_count() {
    let mut short = build(1, "passed", json!([job("passed")]));
    short["commit"] = json!(&commit().as_str()[..12]);
    let mut other = build(2, "passed", json!([job("passed")]));
    other["branch"] = json!("new-inbox");
    waits(
        &of_step(&[short, other]),
        "acme/hey has no build of aaaaaaa yet",
    );
}

#[test]
fn no_build_within_the_grace_closes() {
    let wanted = wanted(false, Some("base-image"));
    waits(&after(&evidence(&[]), &wanted, 119), "no build");
    closed(
        &after(&evidence(&[]), &wanted, 120),
        "was the commit pushed",
    );
}

#[test]
fn without_a_step_the_whole_build_decides() {
    assert_eq!(of_build(&[build(1, "passed", json!([]))]), passed(1));
    for state in ["running", "failing", "creating", "canceling", "a_new_state"] {
        waits(&of_build(&[build(1, state, json!([]))]), "the build is");
    }
    for (state, words) in [
        ("failed", "failed"),
        ("canceled", "was cancelled"),
        ("not_run", "was not run"),
        ("waiting_failed", "what the build waited for failed"),
    ] {
        let gate = of_build(&[build(1, state, json!([]))]);
        closed(&gate, words);
        let url = matches!(&gate, Gate::Closed { build: Some(url), .. } if url == "https://b/1");
        assert!(url, "{gate:?}");
    }
}

#[test]
fn a_build_that_was_not_run_says_why_of_a_step_that_it_lacks() {
    let gate = of_step(&[build(1, "waiting_failed", json!([]))]);
    closed(&gate, "was not run, as what it waited for failed");
}

#[test]
fn a_step_that_passed_without_its_image_is_not_believed_for_ever() {
    let wanted = wanted(true, Some("base-image"));
    let mut evidence = evidence(&[build(1, "passed", json!([job("passed")]))]);
    let gate = after(&evidence, &wanted, 1000);
    waits(&gate, "has passed");
    assert!(matches!(gate, Gate::Wait(Waiting { passed: true, .. })));
    evidence.passed_since = Some(since() + TimeDelta::seconds(1000));
    waits(&after(&evidence, &wanted, 1119), "has passed");
    evidence.is_registry_silent = true;
    waits(&after(&evidence, &wanted, 9999), "has passed");
    evidence.is_registry_silent = false;
    closed(&after(&evidence, &wanted, 1120), "is not in the registry");
}

#[test]
fn in_its_own_build_the_agent_is_believed() {
    let of = |state: Option<&str>, outcome: &str| {
        let step = StepState {
            state: state.map(str::to_owned),
            outcome: outcome.to_owned(),
            build: "https://b/1".into(),
        };
        let evidence = Evidence {
            builds: Builds::Here(step),
            ..evidence(&[])
        };
        after(&evidence, &wanted(false, Some("base-image")), 9999)
    };
    assert_eq!(of(Some("finished"), "passed"), passed(1));
    for outcome in ["hard_failed", "soft_failed", "errored", "neutral"] {
        closed(&of(Some("finished"), outcome), "base-image");
    }
    closed(
        &of(None, ""),
        "no step of this build has the key base-image",
    );
    let late = Evidence {
        builds: Builds::Here(StepState {
            state: None,
            outcome: String::new(),
            build: "https://b/1".into(),
        }),
        ..evidence(&[])
    };
    let late = after(&late, &wanted(false, Some("base-image")), 1);
    waits(&late, "this build has no step base-image yet");
    closed(&of(Some("ignored"), ""), "left out");
    for state in [
        "waiting_for_dependencies",
        "ready",
        "running",
        "failing",
        "a_new_state",
    ] {
        waits(&of(Some(state), ""), "base-image is");
    }
    waits(&of(Some("finished"), "a_new_outcome"), "finished");
}

#[test]
fn only_what_failed_softly_is_told_as_that() {
    let told = |job: Value| match of_step(&[build(1, "failed", json!([job]))]) {
        Gate::Closed { why, .. } => why,
        gate => panic!("{gate:?}"),
    };
    let mut soft = job("failed");
    soft["soft_failed"] = json!(true);
    assert!(told(soft).contains("failed softly"));
    let hard = told(job("failed"));
    assert!(
        hard.contains("failed") && !hard.contains("softly"),
        "{hard}"
    );
}

#[test]
fn of_several_jobs_the_one_that_runs_is_waited_for() {
    let started = |state| {
        let mut job = job(state);
        job["started_at"] = json!(since());
        job
    };
    for jobs in [["running", "timing_out"], ["timing_out", "running"]] {
        let jobs = json!(jobs.map(started));
        waits(
            &of_step(&[build(1, "running", jobs)]),
            "base-image is running",
        );
    }
}

#[test]
fn what_is_cached_is_asked_for_soon_and_all_else_four_times_a_minute() {
    let seconds = Duration::from_secs;
    assert_eq!([pace(0, 1.0, None), pace(1, 0.0, None)], [seconds(2); 2]);
    assert_eq!(pace(2, 0.0, None), seconds(12));
    assert_eq!(pace(2, 0.5, None), Duration::from_millis(13_500));
    assert_eq!(pace(9, 1.0, None), seconds(15));
}

proptest! {
    #[test]
    fn what_is_unknown_neither_opens_nor_closes(state in "x[a-z_]{0,12}", job_state in "x[a-z_]{0,12}") {
        let jobs = json!([job(&job_state)]);
        for gate in [of_step(&[build(1, &state, jobs)]), of_build(&[build(1, &state, json!([]))])] {
            prop_assert!(matches!(gate, Gate::Wait(_)), "{gate:?}");
        }
    }

    #[test]
    fn in_no_minute_are_more_than_six_requests(
        jitters in prop::collection::vec(0.0f64..=1.0, 20),
        first in 0usize..14,
    ) {
        let mut at = vec![Duration::ZERO];
        for (round, jitter) in (1..).zip(&jitters) {
            at.push(at[at.len() - 1] + pace(round, *jitter, None));
        }
        // The seventh after any one is in another minute than it.
        prop_assert!(at[first + 6] - at[first] >= Duration::from_secs(60));
    }

    #[test]
    fn a_wait_that_was_asked_for_is_waited_for(
        seconds in 0u64..600,
        rounds in 1u32..9,
        jitter in 0.0f64..=1.0,
    ) {
        let asked = Duration::from_secs(seconds);
        prop_assert!(pace(rounds, jitter, Some(asked)) >= asked);
    }
}
