//! What people and programs are told.

use std::fs;

use rustix::process::Signal;
use testbed::faults::{Effect, Gate, Matcher};

use super::{Swept, of, program, sweep, up, with};
use crate::site::Site;

#[test]
fn nothing_up_is_a_success() {
    let site = Site::new("telling-none");
    program(&site, &[])
        .run()
        .says("No environment is up")
        .ends_with(0);
    sweep(&site, &[]).ends_with(0, "nothing");
}

#[test]
fn a_dry_run_shows_the_plan_and_touches_nothing() {
    let seeds = [
        of("live", 1),
        of("soon", 4),
        of("old", 9),
        of("gone", 1),
        of("demo", 9),
    ];
    let site = with("telling-dry", &seeds);
    site.repository.delete_branch("gone");
    let all = site.namespace.inventory();
    let arguments = ["--dry-run", "--keep", "demo", "--warn-before", "2d"];
    let ran = program(&site, &arguments).run().ends_with(0);
    let plan: Vec<&str> = ran.stdout.lines().map(str::trim).collect();
    let place = |line: &str| {
        let found = plan.iter().position(|it| it.starts_with(line));
        found.unwrap_or_else(|| panic!("no line begins with `{line}`:\n{ran}"))
    };
    let order = [
        "Soon, unless they are deployed before, or kept by",
        "soon (hey-soon), deployed 4 d ago: goes in ",
        "Now:",
        "gone (hey-gone): its branch is gone",
        "old (hey-old), deployed 9 d ago: nobody deployed it since",
        "Kept:",
        "demo (hey-demo), deployed 9 d ago: --keep demo covers it",
        "1 more is not due.",
        "Environments: 2 would go, 3 stay",
    ]
    .map(place);
    assert!(order.is_sorted(), "{order:?}:\n{ran}");
    sweep(&site, &arguments)
        .ends_with(0, "planned")
        .judges([("hey-gone", "goes: branch-gone"), ("hey-old", "goes: age")]);
    assert_eq!(site.namespace.inventory(), all);
}

#[test]
fn a_plan_that_something_is_missing_from_fails_though_nothing_is_done() {
    let site = with("telling-dry-fails", &[of("odd", 1).status("hibernating")]);
    let told = sweep(&site, &["--dry-run"]).ends_with(1, "failed");
    assert_eq!(told.told["environments"][0]["verdict"], "unknown");
}

#[test]
fn the_page_of_a_job_gets_a_table() {
    let site = with("telling-summary", &[of("old", 9), of("live", 1)]);
    let summary = site.kubeconfig.with_extension("summary");
    let sweep = program(&site, &[]).env("GITHUB_STEP_SUMMARY", &summary);
    sweep.run().ends_with(0);
    let summary = fs::read_to_string(summary).unwrap();
    assert!(
        summary.contains("Environments: 1 removed, 1 stay"),
        "{summary}"
    );
    assert!(
        summary.contains("| `old` | `hey-old` | 9 d ago | removed |"),
        "{summary}"
    );
}

#[test]
fn a_sweep_that_is_cancelled_lets_its_locks_go_and_the_next_one_goes_on() {
    let site = with("telling-cancelled", &[of("gone", 1), of("old", 9)]);
    site.repository.delete_branch("gone");
    let gate = Gate::default();
    let third = Matcher::get("/repos/acme/hey/git/ref/heads/gone").nth(3);
    site.github
        .faults()
        .when(third)
        .then(Effect::hold_before(&gate));
    let sweep = program(&site, &["--output", "json"]).start();
    gate.reached();
    sweep.signal(Signal::TERM);
    Swept::from(sweep.end())
        .ends_with(143, "failed")
        .judges([("hey-gone", "failed: branch-gone")])
        .reasons("hey-gone", "stopped by a signal");
    assert!(site.is_free("hey-gone"));
    gate.open();
    program(&site, &[]).run().ends_with(0);
    assert_eq!(up(&site), [""; 0]);
}
