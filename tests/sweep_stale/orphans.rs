//! What has no branch any more, no record, or no release.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use testbed::{
    faults::{Effect, Gate, Matcher},
    github::DeploymentState::{InProgress, Inactive},
    tools::Tool::{Helm3, Helm4},
};

use super::{Swept, changed_since_the_plan, of, program, sweep, up, with};
use crate::{
    objects::{config_map, objects, stuck},
    past::secret_name,
    site::Site,
};

/// A site with these environments of yesterday, the branches of those deleted whose name begins
/// with `gone`.
fn some_gone(hint: &str, branches: &[&str]) -> Site {
    let seeds: Vec<_> = branches.iter().map(|branch| of(branch, 1)).collect();
    let site = with(hint, &seeds);
    for branch in branches.iter().filter(|branch| branch.starts_with("gone")) {
        site.repository.delete_branch(branch);
    }
    site
}

#[test]
fn what_has_no_branch_goes_whatever_its_age_and_what_has_one_stays() {
    let site = with("orphans", &[of("old", 9)]);
    let deployment = site.push("gone");
    site.helm_apply(Helm4, deployment)
        .release(&objects(&[config_map("a")]))
        .run()
        .ends_with(0);
    site.repository.delete_branch("gone");
    sweep(&site, &["--only", "orphans"])
        .ends_with(0, "swept")
        .judges([
            ("hey-gone", "removed: branch-gone"),
            ("hey-old", "stays: branch-there"),
        ]);
    assert_eq!(site.namespace.objects("ConfigMap"), ["kube-root-ca.crt"]);
    assert_eq!(up(&site), ["hey-old"]);
    assert_eq!(site.states(deployment).last(), Some(&Inactive));
}

#[test]
fn age_alone_asks_for_no_branch() {
    let site = some_gone("orphans-age", &["gone", "there"]);
    sweep(&site, &["--only", "age"])
        .ends_with(0, "nothing")
        .judges([("hey-gone", "stays: young"), ("hey-there", "stays: young")]);
    assert_eq!(up(&site), ["hey-gone", "hey-there"]);
}

#[test]
fn what_settings_and_github_protect_is_no_candidate_whatever_else_holds() {
    let kept = json!({"keep_until": Utc::now() + TimeDelta::days(9)});
    let site = with(
        "orphans-kept",
        &[
            of("main", 9),
            of("release/9", 9),
            of("demo/a", 9),
            of("demo/b", 1),
            of("demo/c/d", 9),
            of("kept", 1).record(kept),
        ],
    );
    site.repository.protect("release/9");
    for branch in ["demo/b", "kept"] {
        site.repository.delete_branch(branch);
    }
    let names = ["main", "release/9", "demo/a", "demo/b", "demo/c/d"].map(|it| of(it, 0).name());
    let [main, release, a, b, deep] = names.each_ref().map(String::as_str);
    sweep(&site, &["--keep", "demo/*", "--keep", "hotfix"])
        .ends_with(0, "swept")
        .judges([
            (main, "stays: default-branch"),
            (release, "stays: protected"),
            (a, "stays: keep"),
            (b, "stays: keep"),
            (deep, "removed: age"),
            ("hey-kept", "removed: branch-gone"),
        ]);
    let mut stay = [main, release, a, b];
    stay.sort();
    assert_eq!(up(&site), stay);
}

#[test]
fn more_branches_gone_than_are_deleted_in_a_day_take_nothing_along() {
    let site = some_gone(
        "orphans-brake",
        &["gone-1", "gone-2", "gone-3", "gone-4", "there"],
    );
    site.push_and_seed(&[of("old", 9)]);
    let four = ["hey-gone-1", "hey-gone-2", "hey-gone-3", "hey-gone-4"];
    let dry = sweep(&site, &["--dry-run"]).ends_with(5, "refused");
    let told = "Environments: 1 would go, 4 held back, 1 stay";
    assert_eq!(dry.told["message"], told);
    let held = sweep(&site, &[])
        .ends_with(5, "refused")
        .judges(four.map(|it| (it, "goes: branch-gone")))
        .judges([("hey-old", "removed: age"), ("hey-there", "stays: young")])
        .says("--max-deletions 4");
    drop(held);
    assert_eq!(up(&site), [&four[..], &["hey-there"]].concat());
    sweep(&site, &["--max-deletions", "3"]).ends_with(5, "refused");
    sweep(&site, &["--max-deletions", "4"])
        .ends_with(0, "swept")
        .judges(four.map(|it| (it, "removed: branch-gone")));
    assert_eq!(up(&site), ["hey-there"]);
}

#[test]
fn the_brake_holds_off_nothing_that_is_old_or_half_removed() {
    let site = some_gone("orphans-brake-age", &["gone-1", "gone-2", "there"]);
    let removing = json!({"phase": "removing"});
    site.seed(&[of("gone-3", 9), of("gone-4", 1).record(removing)]);
    sweep(&site, &[]).ends_with(5, "refused").judges([
        ("hey-gone-1", "goes: branch-gone"),
        ("hey-gone-2", "goes: branch-gone"),
        ("hey-gone-3", "removed: age"),
        ("hey-gone-4", "removed: unfinished"),
    ]);
    assert_eq!(up(&site), ["hey-gone-1", "hey-gone-2", "hey-there"]);
}

#[test]
fn up_to_three_go_however_few_there_are() {
    let site = some_gone("orphans-three", &["gone-1", "gone-2", "gone-3"]);
    sweep(&site, &[]).ends_with(0, "swept");
    assert_eq!(site.namespace.inventory(), [""; 0]);
}

#[test]
fn releases_whose_record_is_lost_are_found_by_their_labels() {
    let site = some_gone("orphans-lost", &["gone", "there"]);
    site.push_and_seed(&[of("old", 9).companions(&["redis"])]);
    for lost in ["hey-gone", "hey-there", "hey-old"] {
        site.namespace.delete("Lease", lost);
    }
    sweep(&site, &[]).ends_with(0, "swept").judges([
        ("hey-gone", "removed: branch-gone"),
        ("hey-there", "stays: young"),
        ("hey-old", "removed: age"),
    ]);
    let left = [format!("Secret/{}", secret_name("hey-there", 1))];
    assert_eq!(site.namespace.inventory(), left);
}

#[test]
fn releases_of_which_nothing_tells_the_branch_stay_and_fail_the_sweep() {
    let site = with("orphans-nameless", &[of("new", 9), of("old", 9)]);
    site.rewrite(&secret_name("hey-new", 1), |body| {
        body["config"] = json!({})
    });
    site.namespace.delete("Lease", "hey-new");
    sweep(&site, &[])
        .ends_with(1, "failed")
        .judges([("hey-new", "unknown: unknown"), ("hey-old", "removed: age")])
        .reasons("hey-new", "its record is lost");
    assert_eq!(site.namespace.release_revisions("hey-new").len(), 1);
}

#[test]
fn a_record_without_a_release_goes_when_it_is_old() {
    let site = Site::new("orphans-empty");
    for seed in [of("old", 9), of("young", 1), of("gone", 1)] {
        site.seed_record(&seed);
    }
    site.repository.push("old");
    site.repository.push("young");
    sweep(&site, &[]).ends_with(0, "swept").judges([
        ("hey-old", "removed: empty"),
        ("hey-young", "stays: young"),
        ("hey-gone", "removed: branch-gone"),
    ]);
    assert_eq!(site.namespace.inventory(), ["Lease/hey-young"]);
}

#[test]
fn a_removal_that_was_killed_is_finished_whatever_the_age() {
    let site = Site::new("orphans-half");
    site.helm_apply(Helm3, site.push("new"))
        .release(&objects(&[config_map("a")]))
        .run()
        .ends_with(0);
    let mut record = site.record("hey-new");
    record["phase"] = json!("removing");
    record["remains"] = json!([{"v": "v1", "k": "ConfigMap", "n": "a"}]);
    let (annotation, text) = ("branch-deploys/record", record.to_string());
    site.namespace
        .annotate("Lease", "hey-new", annotation, Some(&text));
    site.namespace.delete("Secret", &secret_name("hey-new", 1));
    sweep(&site, &[])
        .ends_with(0, "swept")
        .judges([("hey-new", "removed: unfinished")]);
    assert_eq!(site.namespace.inventory(), [""; 0]);
}

#[test]
fn a_deploy_since_the_plan_saves_what_was_half_removed() {
    let half = of("new", 9).record(json!({"phase": "removing"}));
    let site = with("orphans-half-saved", &[half]);
    changed_since_the_plan(&site, || site.seed(&[of("new", 0)]))
        .ends_with(0, "nothing")
        .judges([("hey-new", "stays: unfinished")]);
    assert_eq!(up(&site), ["hey-new"]);
}

#[test]
fn a_release_or_a_record_since_the_plan_saves_what_was_empty() {
    for deployed in [true, false] {
        let site = Site::new("orphans-empty-saved");
        site.seed_record(&of("new", 9));
        site.repository.push("new");
        let record = site.record("hey-new").to_string();
        changed_since_the_plan(&site, || {
            if deployed {
                site.seed(&[of("new", 0)]);
                // As the plan saw it: the release alone tells.
                let annotation = "branch-deploys/record";
                site.namespace
                    .annotate("Lease", "hey-new", annotation, Some(&record));
            } else {
                site.seed_record(&of("new", 0).record(json!({"phase": "deploying"})));
            }
        })
        .ends_with(0, "nothing")
        .judges([("hey-new", "stays: empty")]);
        assert_eq!(up(&site), ["hey-new"], "{deployed}");
    }
}

#[test]
fn a_job_that_began_since_the_plan_is_left_alone() {
    let site = with("orphans-busy", &[of("new", 9)]);
    let lease = |spec| {
        let patch = json!({"spec": spec});
        site.namespace.patch("Lease", "hey-new", &patch);
    };
    lease(json!({"leaseDurationSeconds": 3}));
    changed_since_the_plan(&site, || {
        lease(json!({"holderIdentity": "somebody", "leaseDurationSeconds": 600}));
    })
    .ends_with(0, "nothing")
    .judges([("hey-new", "stays: age")])
    .reasons("hey-new", "a job is at work on it");
    assert_eq!(up(&site), ["hey-new"]);
}

#[test]
fn a_record_that_contradicts_its_labels_is_left_alone() {
    let site = with(
        "orphans-contradicting",
        &[
            of("moved", 9).record(json!({"repository_id": 1})),
            of("renamed", 9).record(json!({"branch": "another"})),
            of("old", 9),
        ],
    );
    sweep(&site, &[])
        .ends_with(1, "failed")
        .judges([
            ("hey-moved", "unknown: unknown"),
            ("hey-renamed", "unknown: unknown"),
            ("hey-old", "removed: age"),
        ])
        .reasons("hey-moved", "two repositories")
        .reasons("hey-renamed", "its branch another");
    assert_eq!(up(&site), ["hey-moved", "hey-renamed"]);
}

#[test]
fn a_running_deploy_of_a_branch_that_is_gone_is_asked_to_stop() {
    let site = Site::new("orphans-running");
    let deployment = site.push("new");
    let running = site
        .helm_apply(Helm3, deployment)
        .release(&objects(&[stuck("web")]))
        .start();
    site.wait_for_pod();
    site.repository.delete_branch("new");
    let sweep = program(&site, &["--only", "orphans"]).start();
    running.end().says("The branch new is deleted").ends_with(3);
    sweep.end().ends_with(0);
    assert_eq!(site.namespace.inventory(), [""; 0]);
    assert_eq!(site.states(deployment)[..2], [InProgress, Inactive]);
}

#[test]
fn a_branch_that_is_back_by_the_time_the_lock_is_held_keeps_its_environment() {
    let site = some_gone("orphans-back", &["gone"]);
    let gate = Gate::default();
    // The first two readings prove it gone, the third is made under the lock.
    let third = Matcher::get("/repos/acme/hey/git/ref/heads/gone").nth(3);
    site.github
        .faults()
        .when(third)
        .then(Effect::hold_before(&gate));
    let sweep = program(&site, &["--output", "json"]).start();
    gate.reached();
    assert!(!site.is_free("hey-gone"));
    site.repository.push("gone");
    gate.open();
    Swept::from(sweep.end())
        .ends_with(0, "nothing")
        .judges([("hey-gone", "stays: branch-gone")])
        .reasons("hey-gone", "is back");
    assert_eq!(up(&site), ["hey-gone"]);
    assert!(site.is_free("hey-gone"));
}

#[test]
fn one_whose_record_is_another_tiers_fails_alone() {
    let site = with("orphans-tier", &[of("new", 9), of("old", 9)]);
    let labels = json!({"metadata": {"labels": {"branch-deploys/tier": "staging"}}});
    site.namespace.patch("Lease", "hey-new", &labels);
    sweep(&site, &[])
        .ends_with(1, "failed")
        .judges([("hey-new", "failed: age"), ("hey-old", "removed: age")])
        .reasons("hey-new", "staging");
    assert_eq!(up(&site), ["hey-new"]);
}

#[test]
fn what_belongs_to_others_is_nothing_of_ours() {
    let site = some_gone("orphans-others", &["gone"]);
    let others = [
        ("branch-deploys/app", "shop"),
        ("branch-deploys/tier", "staging"),
        ("branch-deploys/repository-id", "1"),
    ];
    for (number, (label, value)) in others.iter().enumerate() {
        let seed = of(&format!("other-{number}"), 9);
        site.seed(std::slice::from_ref(&seed));
        let labels = json!({"metadata": {"labels": {*label: value}}});
        site.namespace.patch("Lease", &seed.name(), &labels);
        let secret = secret_name(&seed.name(), 1);
        site.namespace.patch("Secret", &secret, &labels);
    }
    let swept = sweep(&site, &[])
        .ends_with(0, "swept")
        .judges([
            ("hey-gone", "removed: branch-gone"),
            ("hey-other-2", "stays: another-repository"),
        ])
        .reasons("hey-other-2", "the repository with the id 1");
    assert_eq!(swept.told["environments"].as_array().map(Vec::len), Some(2));
    assert_eq!(up(&site), ["hey-other-0", "hey-other-1", "hey-other-2"]);
}

#[test]
fn what_of_ours_does_not_tell_whose_it_is_is_named_and_not_judged() {
    let site = with(
        "orphans-unlabelled",
        &[
            of("lease", 9),
            of("secret", 9).companions(&["redis"]),
            of("id", 9),
            of("old", 9),
        ],
    );
    let without = |label: &str| json!({"metadata": {"labels": {label: null}}});
    let slug = without("branch-deploys/slug");
    site.namespace.patch("Lease", "hey-lease", &slug);
    let companion = secret_name("hey-secret--redis", 1);
    site.namespace.patch("Secret", &companion, &slug);
    let id = without("branch-deploys/repository-id");
    site.namespace
        .patch("Secret", &secret_name("hey-id", 1), &id);
    site.namespace.patch("Lease", "hey-id", &id);
    sweep(&site, &[])
        .ends_with(1, "failed")
        .judges([
            ("hey-lease", "unknown: unknown"),
            ("hey-secret", "unknown: unknown"),
            ("hey-id", "unknown: unknown"),
            ("hey-old", "removed: age"),
        ])
        .reasons("hey-lease", "its Lease has no label branch-deploys/slug")
        .reasons(
            "hey-secret",
            "revision 1 of its release hey-secret--redis has no label",
        )
        .reasons("hey-id", "no label branch-deploys/repository-id");
    assert_eq!(up(&site), ["hey-id", "hey-lease", "hey-secret"]);
}
