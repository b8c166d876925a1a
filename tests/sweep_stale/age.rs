//! What nobody has deployed for days.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use testbed::{
    faults::{Effect, Gate, Matcher},
    github::DeploymentState::{InProgress, Inactive, Success},
    tools::Tool::Helm4,
    wait_until,
};

use super::{Swept, any_helm, changed_since_the_plan, of, program, sweep, up, with};
use crate::{
    objects::{companion_of, config_map, held, hook, kept, objects, stateful_set},
    past::{Seed, secret_name},
    site::{HELMS, Site},
};

#[test]
fn what_nobody_deployed_for_five_days_goes_with_all_that_was_up() {
    for helm in HELMS {
        let site = with("stale", &[of("young", 4)]);
        let deployment = site.push("old");
        site.helm_apply(helm, deployment)
            .release(&objects(&[config_map("a"), kept("k")]))
            .release(&companion_of("redis", &[stateful_set("redis")]))
            .run()
            .ends_with(0);
        for release in ["hey-old", "hey-old--redis"] {
            site.age(release, TimeDelta::days(6));
        }
        sweep(&site, &[])
            .ends_with(0, "swept")
            .judges([("hey-old", "removed: age"), ("hey-young", "stays: young")])
            .reasons("hey-old", "kept by its chart: ConfigMap/k");
        let left = [
            "ConfigMap/k",
            "Lease/hey-young",
            "Secret/sh.helm.release.v1.hey-young.v1",
        ];
        assert_eq!(site.namespace.inventory(), left);
        assert_eq!(site.states(deployment), [InProgress, Success, Inactive]);
        assert!(site.last_words(deployment).contains("not deployed for 5 d"));
    }
}

#[test]
fn the_age_is_that_of_the_last_deploy_whatever_its_end_and_never_of_the_first() {
    // Ten revisions in thirty hours: the older ones, and the time that Helm's label tells, are older
    // than five days.
    let young = Seed::new("young", TimeDelta::hours(119)).revisions(10);
    let old = Seed::new("old", TimeDelta::hours(121)).revisions(10);
    let failed = Seed::new("failed", TimeDelta::hours(119))
        .revisions(10)
        .status("failed");
    let broken = Seed::new("broken", TimeDelta::hours(121))
        .revisions(2)
        .status("failed");
    let killed = Seed::new("killed", TimeDelta::hours(119)).status("pending-install");
    let site = with("stale-age", &[young, old, failed, broken, killed]);
    sweep(&site, &[]).ends_with(0, "swept").judges([
        ("hey-young", "stays: young"),
        ("hey-old", "removed: age"),
        ("hey-failed", "stays: young"),
        ("hey-broken", "removed: age"),
        ("hey-killed", "stays: young"),
    ]);
    assert_eq!(up(&site), ["hey-failed", "hey-killed", "hey-young"]);
}

#[test]
fn a_companion_that_was_deployed_since_keeps_its_environment() {
    let site = with("stale-companion", &[of("new", 9).companions(&["redis"])]);
    site.age("hey-new--redis", TimeDelta::days(-6));
    sweep(&site, &[])
        .ends_with(0, "nothing")
        .judges([("hey-new", "stays: young")]);
}

/// Rolls a release back as somebody does by hand: to a revision without our labels, which the new
/// one takes.
fn roll_back(site: &Site) {
    let rolled_back = secret_name("hey-new", 2);
    site.rewrite(&rolled_back, |body| {
        body["info"]["last_deployed"] = json!(Utc::now().to_rfc3339());
    });
    let bare = json!({"metadata": {"labels": {
        "branch-deploys/app": null, "branch-deploys/tier": null, "branch-deploys/slug": null,
        "branch-deploys/repository-id": null,
    }}});
    site.namespace.patch("Secret", &rolled_back, &bare);
}

#[test]
fn a_rollback_that_lost_our_labels_is_seen_by_the_plan() {
    let site = with("stale-rollback", &[of("new", 9).revisions(2)]);
    roll_back(&site);
    sweep(&site, &["--dry-run"])
        .ends_with(0, "planned")
        .judges([("hey-new", "stays: young")]);
}

#[test]
fn a_rollback_that_lost_our_labels_since_the_plan_keeps_its_environment() {
    let site = with("stale-rollback-late", &[of("new", 9).revisions(2)]);
    changed_since_the_plan(&site, || roll_back(&site))
        .ends_with(0, "nothing")
        .judges([("hey-new", "stays: age")])
        .reasons("hey-new", "rolled back");
    assert_eq!(up(&site), ["hey-new"]);
    assert_eq!(site.namespace.release_revisions("hey-new").len(), 2);
}

#[test]
fn where_none_may_go_none_goes() {
    let half = of("half", 1).record(json!({"phase": "removing"}));
    let site = with("stale-none", &[of("old", 9), half]);
    let swept = sweep(&site, &["--max-deletions", "0"]).ends_with(0, "nothing");
    swept
        .judges([
            ("hey-old", "stays: max-deletions"),
            ("hey-half", "stays: max-deletions"),
        ])
        .reasons("hey-half", "--max-deletions 0 lets nothing go");
    assert_eq!(up(&site), ["hey-half", "hey-old"]);
}

#[test]
fn the_age_is_a_setting() {
    let site = with("stale-setting", &[of("new", 2), of("other", 1)]);
    sweep(&site, &["--max-age", "36h"])
        .ends_with(0, "swept")
        .judges([("hey-new", "removed: age"), ("hey-other", "stays: young")]);
    assert_eq!(up(&site), ["hey-other"]);
}

#[test]
fn what_is_kept_until_later_is_older_than_it_may_be_and_stays_until_then() {
    let keep =
        |days| json!({"keep_until": Utc::now() + TimeDelta::days(days), "kept_because": "demo"});
    let site = with(
        "stale-kept",
        &[
            of("kept", 9).record(keep(2)),
            of("over", 9).record(keep(-1)),
        ],
    );
    sweep(&site, &[])
        .ends_with(0, "swept")
        .judges([
            ("hey-kept", "stays: kept-until"),
            ("hey-over", "removed: age"),
        ])
        .reasons("hey-kept", ": demo");
    assert_eq!(up(&site), ["hey-kept"]);
}

#[test]
fn of_more_than_may_go_at_once_the_oldest_go_first_and_the_rest_the_next_time() {
    let seeds: Vec<_> = [8, 6, 10, 7, 9]
        .map(|days| of(&format!("b{days}"), days))
        .into();
    let site = with("stale-cap", &seeds);
    let first = sweep(&site, &[]).ends_with(0, "swept").judges([
        ("hey-b10", "removed: age"),
        ("hey-b9", "removed: age"),
        ("hey-b8", "removed: age"),
        ("hey-b7", "stays: next-time"),
        ("hey-b6", "stays: next-time"),
    ]);
    drop(first);
    assert_eq!(up(&site), ["hey-b6", "hey-b7"]);
    sweep(&site, &["--max-deletions", "1"])
        .ends_with(0, "swept")
        .judges([("hey-b7", "removed: age"), ("hey-b6", "stays: next-time")]);
    sweep(&site, &[]).ends_with(0, "swept");
    assert_eq!(up(&site), [""; 0]);
}

#[test]
fn a_job_at_work_is_left_alone() {
    let site = with("stale-busy", &[of("busy", 9), of("old", 9)]);
    let renewed = json!(Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true));
    let held = json!({"spec": {
        "holderIdentity": "somebody", "leaseDurationSeconds": 600, "renewTime": renewed,
    }});
    site.namespace.patch("Lease", "hey-busy", &held);
    sweep(&site, &[])
        .ends_with(0, "swept")
        .judges([("hey-busy", "stays: busy"), ("hey-old", "removed: age")]);
    let lease = site.namespace.get("Lease", "hey-busy");
    assert_eq!(lease["spec"]["holderIdentity"], "somebody");
    assert!(lease["metadata"]["annotations"]["branch-deploys/wish"].is_null());
}

#[test]
fn a_dead_holder_is_waited_for_as_long_as_its_own_lock_stands() {
    let site = with("stale-dead", &[of("new", 9)]);
    let held = json!({"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 12}});
    site.namespace.patch("Lease", "hey-new", &held);
    sweep(&site, &["--lock-duration", "3s"])
        .ends_with(0, "swept")
        .judges([("hey-new", "removed: age")]);
}

#[test]
fn a_deploy_between_the_plan_and_the_lock_saves_the_environment() {
    let site = with("stale-saved", &[of("new", 9)]);
    let gate = Gate::default();
    // Asked once it is known that something would go, and before that is touched.
    let protected = Matcher::get("/repos/acme/hey/branches").query("protected=true");
    site.github
        .faults()
        .when(protected)
        .then(Effect::hold_before(&gate));
    let sweep = program(&site, &["--output", "json"]).start();
    gate.reached();
    let deployment = site.push("new");
    site.helm_apply(any_helm(), deployment)
        .release(&objects(&[config_map("a")]))
        .run()
        .ends_with(0);
    let all = site.namespace.inventory();
    gate.open();
    Swept::from(sweep.end())
        .ends_with(0, "nothing")
        .judges([("hey-new", "stays: age")])
        .reasons("hey-new", "deployed, rolled back or kept new since");
    assert_eq!(site.namespace.inventory(), all);
    assert!(site.is_free("hey-new"));
    assert_eq!(site.states(deployment), [InProgress, Success]);
}

#[test]
fn an_age_that_is_not_known_any_more_under_the_lock_fails_the_sweep() {
    let site = with("stale-unknown", &[of("new", 9)]);
    let gate = Gate::default();
    let protected = Matcher::get("/repos/acme/hey/branches").query("protected=true");
    site.github
        .faults()
        .when(protected)
        .then(Effect::hold_before(&gate));
    let sweep = program(&site, &["--output", "json"]).start();
    gate.reached();
    site.namespace.delete("Secret", &secret_name("hey-new", 1));
    gate.open();
    Swept::from(sweep.end())
        .ends_with(1, "failed")
        .judges([("hey-new", "failed: age")]);
    assert_eq!(up(&site), ["hey-new"]);
    assert!(site.is_free("hey-new"));
}

#[test]
fn somebody_who_keeps_it_between_the_plan_and_the_lock_saves_the_environment() {
    let site = with("stale-kept-late", &[of("new", 9)]);
    let gate = Gate::default();
    let protected = Matcher::get("/repos/acme/hey/branches").query("protected=true");
    site.github
        .faults()
        .when(protected)
        .then(Effect::hold_before(&gate));
    let sweep = program(&site, &["--output", "json"]).start();
    gate.reached();
    let mut keep = site.program(env!("CARGO_BIN_EXE_environments"));
    keep.0.args(["keep", "new", "--for", "14d"]);
    keep.run().ends_with(0);
    gate.open();
    Swept::from(sweep.end())
        .ends_with(0, "nothing")
        .judges([("hey-new", "stays: age")]);
    assert_eq!(up(&site), ["hey-new"]);
}

#[test]
fn one_that_does_not_go_stops_no_other() {
    let site = with("stale-one-fails", &[of("a", 8), of("z", 7)]);
    site.helm_apply(Helm4, site.push("held"))
        .release(&objects(&[held("h")]))
        .run()
        .ends_with(0);
    site.age("hey-held", TimeDelta::days(9));
    for concurrency in ["1", "4"] {
        site.push_and_seed(&[of("a", 8), of("z", 7)]);
        let arguments = ["--concurrency", concurrency, "--helm-timeout", "2s"];
        sweep(&site, &arguments)
            .ends_with(4, "failed")
            .judges([("hey-a", "removed: age"), ("hey-z", "removed: age")])
            .reasons("hey-held", "ConfigMap/h (waits for example.test/held)");
        assert_eq!(
            site.namespace.inventory(),
            ["ConfigMap/h", "Lease/hey-held"]
        );
    }
    // The next sweep finds it again, though Helm knows nothing of it any more.
    let finalizers = json!({"metadata": {"finalizers": null}});
    site.namespace.patch("ConfigMap", "h", &finalizers);
    sweep(&site, &[])
        .ends_with(0, "swept")
        .judges([("hey-held", "removed: unfinished")]);
    assert_eq!(site.namespace.inventory(), [""; 0]);
}

#[test]
fn several_are_removed_at_a_time_and_no_more_than_that() {
    let site = Site::new("stale-several");
    for branch in ["a", "b", "c"] {
        let drain = hook(&format!("drain-{branch}"), "pre-delete", "testbed/hold");
        site.helm_apply(Helm4, site.push(branch))
            .release(&objects(&[drain]))
            .run()
            .ends_with(0);
        site.age(&format!("hey-{branch}"), TimeDelta::days(9));
    }
    let sweep = program(&site, &["--concurrency", "2"]).start();
    let held = wait_until("two hooks run", || {
        let pods = site.namespace.objects("Pod");
        (pods.len() == 2).then_some(pods).ok_or("they do not")
    });
    let free = |name: &&str| site.is_free(name);
    let waiting = ["hey-a", "hey-b", "hey-c"].into_iter().filter(free).count();
    assert_eq!(waiting, 1);
    for pod in &held {
        site.namespace.annotate("Pod", pod, "testbed/hold", None);
    }
    let third = wait_until("the third hook runs", || {
        let mut pods = site.namespace.objects("Pod").into_iter();
        pods.find(|pod| !held.contains(pod)).ok_or("it does not")
    });
    site.namespace.annotate("Pod", &third, "testbed/hold", None);
    sweep.end().ends_with(0).says("(3 of 3, ");
    assert_eq!(site.namespace.inventory(), [""; 0]);
}

#[test]
fn by_a_clock_that_is_wrong_by_an_hour_nothing_is_old_and_what_has_no_branch_goes() {
    for minutes in [60, -60] {
        let site = with("stale-clock", &[of("old", 9), of("gone", 1)]);
        site.repository.delete_branch("gone");
        let front = site.namespace.front(&site.kubeconfig);
        front.set_clock(TimeDelta::minutes(minutes));
        let sweep = || program(&site, &[]).env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig());
        Swept::of(sweep())
            .ends_with(5, "refused")
            .judges([
                ("hey-old", "stays: no-age"),
                ("hey-gone", "removed: branch-gone"),
            ])
            .says("nothing goes by age");
        assert_eq!(up(&site), ["hey-old"]);
        front.set_clock(TimeDelta::minutes(minutes / 15));
        Swept::of(sweep())
            .ends_with(0, "swept")
            .judges([("hey-old", "removed: age")]);
    }
}
