//! A GitHub that does not answer as asked: what it leaves in doubt stays, and the rest goes.

use chrono::TimeDelta;
use serde_json::json;
use testbed::{
    faults::{Effect, Gate, Matcher},
    github::{Permission, Permissions},
};

use super::{Swept, nothing_wrong, of, program, sweep, up, with};
use crate::{past::Seed, site::Site};

const GRAPHQL: &str = "/graphql";
const GONE: &str = "/repos/*/*/git/ref/heads/gone";
const DEFAULT: &str = "/repos/*/*/git/ref/heads/main";
const PROTECTED: &str = "/repos/*/*/branches";

/// One whose branch is there and one whose branch is gone, both of yesterday, and one that is old.
fn three(hint: &str) -> Site {
    let site = with(hint, &[of("live", 1), of("gone", 1), of("old", 9)]);
    site.repository.delete_branch("gone");
    site
}

#[test]
fn without_a_sight_of_the_branches_what_is_old_goes_and_the_rest_is_not_known() {
    let site = three("github-sight");
    for effect in [
        Effect::status(502),
        Effect::html(200),
        Effect::html(404),
        Effect::status(404),
        Effect::status(410),
        Effect::broken_json(),
        Effect::truncated_body(),
        Effect::cut_before(),
        Effect::empty_listing(),
        Effect::status(200),
        Effect::status(200).body(r#"{"data": null}"#),
        Effect::status(200).body(r#"{"data": {"code": null, "tier": null}}"#),
        Effect::status(200).body(r#"{"errors": [{"message": "Something went wrong"}]}"#),
    ] {
        println!("{effect:?}");
        site.seed(&[of("old", 9)]);
        site.github.faults().clear();
        site.github
            .faults()
            .when(Matcher::post(GRAPHQL))
            .then(effect);
        sweep(&site, &[]).ends_with(1, "failed").judges([
            ("hey-live", "unknown: unknown"),
            ("hey-gone", "unknown: unknown"),
            ("hey-old", "removed: age"),
        ]);
        assert_eq!(up(&site), ["hey-gone", "hey-live"]);
        nothing_wrong();
    }
}

#[test]
fn what_an_answer_leaves_out_is_not_known_and_the_rest_of_it_stands() {
    let site = three("github-parts-missing");
    // The branches in the order of their environments: gone, live, old.
    for (path, gone, live) in [
        (&["code", "b0"][..], "unknown: unknown", "stays: young"),
        (&["code", "b1"], "removed: branch-gone", "unknown: unknown"),
        (
            &["tier", "deployments"],
            "removed: branch-gone",
            "stays: young",
        ),
        (&["tier"], "removed: branch-gone", "stays: young"),
        (&["code"], "unknown: unknown", "unknown: unknown"),
    ] {
        for kind in ["FORBIDDEN", "NOT_FOUND", "SERVICE_UNAVAILABLE"] {
            println!("{path:?}: {kind}");
            site.seed(&[of("old", 9), of("gone", 1)]);
            site.github.faults().clear();
            let missing = Effect::missing(path, kind, "Something is not as it should be");
            site.github
                .faults()
                .when(Matcher::post(GRAPHQL))
                .then(missing);
            sweep(&site, &[]).ends_with(1, "failed").judges([
                ("hey-gone", gone),
                ("hey-live", live),
                ("hey-old", "removed: age"),
            ]);
            assert!(up(&site).contains(&"hey-live".to_owned()));
            nothing_wrong();
        }
    }
}

/// What GitHub answers of a repository with this id, whose one branch has this name.
fn answer(repository: u64, branch: &str) -> Effect {
    let body = json!({"data": {
        "code": {
            "databaseId": repository, "nameWithOwner": "acme/other",
            "defaultBranchRef": {"name": "main"},
            "b0": {"name": branch, "target": {"oid": "a".repeat(40)}},
            "b1": null,
        },
        "tier": {"deployments": {
            "pageInfo": {"hasNextPage": false, "endCursor": null}, "nodes": [],
        }},
    }});
    Effect::status(200).body(&body.to_string())
}

#[test]
fn an_answer_about_another_repository_or_another_branch_tells_nothing() {
    let site = with("github-instead", &[of("new", 1), of("there", 1)]);
    site.repository.delete_branch("there");
    let id = site.repository.id();
    for (answer, reason, there) in [
        (answer(id + 1, "new"), "acme/other", "unknown: unknown"),
        (answer(id, "newer"), "newer", "removed: branch-gone"),
    ] {
        site.github.faults().clear();
        let asked = Matcher::post(GRAPHQL).once();
        site.github.faults().when(asked).then(answer);
        sweep(&site, &[])
            .ends_with(1, "failed")
            .judges([("hey-new", "unknown: unknown"), ("hey-there", there)])
            .reasons("hey-new", reason);
    }
    assert_eq!(up(&site), ["hey-new"]);
}

#[test]
fn a_branch_that_is_not_proven_gone_twice_keeps_its_environment() {
    let site = three("github-proof");
    for (matcher, effect) in [
        (Matcher::get(GONE), Effect::html(200)),
        (Matcher::get(GONE), Effect::html(404)),
        (Matcher::get(GONE), Effect::status(410)),
        (Matcher::get(GONE), Effect::broken_json()),
        (Matcher::get(GONE), Effect::html(502)),
        (Matcher::get(DEFAULT).nth(1), Effect::status(404)),
        (Matcher::get(DEFAULT).nth(2), Effect::status(404)),
        (Matcher::get(DEFAULT), Effect::html(200)),
        (Matcher::get(DEFAULT), Effect::status(200)),
    ] {
        println!("{matcher:?}: {effect:?}");
        site.seed(&[of("old", 9)]);
        site.github.faults().clear();
        site.github.faults().when(matcher).then(effect);
        sweep(&site, &[]).ends_with(1, "failed").judges([
            ("hey-live", "stays: young"),
            ("hey-gone", "unknown: unknown"),
            ("hey-old", "removed: age"),
        ]);
        assert_eq!(up(&site), ["hey-gone", "hey-live"]);
        nothing_wrong();
    }
}

#[test]
fn a_doubt_that_comes_up_under_the_lock_keeps_the_environment() {
    let site = three("github-late");
    // Two readings were made for the plan.
    let under_lock = Matcher::get(DEFAULT).nth(3);
    site.github
        .faults()
        .when(under_lock)
        .then(Effect::status(404));
    sweep(&site, &[])
        .ends_with(1, "failed")
        .judges([
            ("hey-gone", "failed: branch-gone"),
            ("hey-old", "removed: age"),
        ])
        .reasons("hey-gone", "nothing is removed");
    assert_eq!(up(&site), ["hey-gone", "hey-live"]);
    assert!(site.is_free("hey-gone"));
}

#[test]
fn a_listing_that_is_stale_is_found_out_by_the_ref() {
    let site = three("github-stale");
    let gate = Gate::default();
    let listed = Matcher::post(GRAPHQL).once();
    site.github
        .faults()
        .when(listed)
        .then(Effect::hold_after(&gate));
    let sweep = program(&site, &["--output", "json"]).start();
    gate.reached();
    site.repository.push("gone");
    gate.open();
    Swept::from(sweep.end())
        .ends_with(1, "failed")
        .judges([
            ("hey-gone", "unknown: unknown"),
            ("hey-old", "removed: age"),
        ])
        .reasons("hey-gone", "its ref is there");
    assert_eq!(up(&site), ["hey-gone", "hey-live"]);
}

#[test]
fn whether_an_old_ones_branch_is_protected_has_to_be_known() {
    let site = three("github-protected");
    for number in 0..100 {
        let branch = format!("release/{number}");
        site.repository.push(&branch);
        site.repository.protect(&branch);
    }
    site.repository.protect("old");
    for (page, effect) in [
        (1, Effect::html(200)),
        (1, Effect::status(404)),
        (2, Effect::status(502)),
        (2, Effect::status(410)),
        (2, Effect::broken_json()),
    ] {
        println!("page {page}: {effect:?}");
        site.seed(&[of("gone", 1)]);
        site.github.faults().clear();
        let listing = Matcher::get(PROTECTED).query("protected=true").page(page);
        site.github.faults().when(listing).then(effect);
        sweep(&site, &[]).ends_with(1, "failed").judges([
            ("hey-live", "stays: young"),
            ("hey-gone", "removed: branch-gone"),
            ("hey-old", "unknown: unknown"),
        ]);
        assert_eq!(up(&site), ["hey-live", "hey-old"]);
        nothing_wrong();
    }
    site.github.faults().clear();
    sweep(&site, &[])
        .ends_with(0, "nothing")
        .judges([("hey-old", "stays: protected")]);
}

#[test]
fn of_a_sight_in_several_parts_one_that_fails_leaves_the_others() {
    let seeds: Vec<Seed> = (0..100).map(|it| of(&format!("b{it:02}"), 1)).collect();
    let site = with("github-parts", &seeds);
    // The hundred come first by name; these are asked for by another request.
    site.push_and_seed(&[of("gone", 1), of("live", 1)]);
    site.repository.delete_branch("gone");
    site.repository.delete_branch("b50");
    for again in 2..10 {
        let second = Matcher::post(GRAPHQL).nth(again);
        site.github.faults().when(second).then(Effect::status(502));
    }
    sweep(&site, &["--only", "orphans"])
        .ends_with(1, "failed")
        .judges([
            ("hey-b50", "removed: branch-gone"),
            ("hey-b51", "stays: branch-there"),
            ("hey-gone", "unknown: unknown"),
            ("hey-live", "unknown: unknown"),
        ]);
    assert_eq!(up(&site).len(), 101);
    site.seed(&[of("b50", 1)]);
    site.github.faults().clear();
    let second = Matcher::post(GRAPHQL).nth(2);
    let another = answer(site.repository.id() + 1, "live");
    site.github.faults().when(second).then(another);
    sweep(&site, &["--only", "orphans"])
        .ends_with(1, "failed")
        .judges([
            ("hey-b50", "removed: branch-gone"),
            ("hey-gone", "unknown: unknown"),
            ("hey-live", "unknown: unknown"),
        ])
        .reasons("hey-live", "acme/other");
}

#[test]
fn a_token_that_lost_access_removes_nothing() {
    let site = three("github-access");
    let all = site.namespace.inventory();
    site.github.lose_access(&site.token);
    program(&site, &[]).run().refuses(1, "nothing is removed: ");
    assert_eq!(site.namespace.inventory(), all);
}

#[test]
fn a_token_that_loses_access_in_the_middle_removes_nothing() {
    for path in [GRAPHQL, GONE] {
        let site = three("github-access-late");
        let all = site.namespace.inventory();
        let gate = Gate::default();
        let first = Matcher::any(path).once();
        site.github
            .faults()
            .when(first)
            .then(Effect::hold_before(&gate));
        let sweep = program(&site, &["--output", "json"]).start();
        gate.reached();
        site.github.lose_access(&site.token);
        gate.open();
        Swept::from(sweep.end()).ends_with(1, "failed").judges([
            ("hey-gone", "unknown: unknown"),
            ("hey-old", "unknown: unknown"),
        ]);
        assert_eq!(site.namespace.inventory(), all);
    }
}

#[test]
fn what_a_token_may_not_see_is_named_and_holds_up_nothing_else() {
    let site = three("github-partial");
    let permissions = Permissions::named("reader")
        .read(Permission::Metadata)
        .read(Permission::Contents);
    let token = site.github.token(permissions);
    let sweep = program(&site, &[]).env("GITHUB_TOKEN", token);
    Swept::of(sweep)
        .ends_with(1, "failed")
        .says("the token needs deployments: read")
        .judges([
            ("hey-live", "stays: young"),
            ("hey-gone", "removed: branch-gone"),
            ("hey-old", "removed: age"),
        ]);
    assert_eq!(up(&site), ["hey-live"]);
}

#[test]
fn who_asks_for_branches_alone_needs_no_right_to_deployments() {
    let site = three("github-orphans");
    let permissions = Permissions::named("reader")
        .read(Permission::Metadata)
        .read(Permission::Contents);
    let token = site.github.token(permissions);
    let sweep = program(&site, &["--only", "orphans"]).env("GITHUB_TOKEN", token);
    Swept::of(sweep).ends_with(0, "swept").judges([
        ("hey-live", "stays: branch-there"),
        ("hey-gone", "removed: branch-gone"),
        ("hey-old", "stays: branch-there"),
    ]);
}

#[test]
fn a_repository_of_another_id_has_nothing_here() {
    let site = three("github-another");
    let all = site.namespace.inventory();
    site.repository.rename("acme/hello");
    site.github.repository("acme/hey");
    let stays = "stays: another-repository";
    sweep(&site, &[])
        .ends_with(0, "nothing")
        .judges([("hey-gone", stays), ("hey-live", stays), ("hey-old", stays)])
        .says("if that was made anew, remove it by hand");
    assert_eq!(site.namespace.inventory(), all);
    let renamed = || program(&site, &[]).env("BRANCH_DEPLOYS_REPOSITORY", "acme/hello");
    Swept::of(renamed()).ends_with(0, "swept").judges([
        ("hey-gone", "removed: branch-gone"),
        ("hey-old", "removed: age"),
    ]);
    assert_eq!(up(&site), ["hey-live"]);
}

#[test]
fn a_hundred_that_stay_take_at_most_four_requests() {
    let seed = |number| Seed::new(&format!("b{number}"), TimeDelta::minutes(number));
    let site = with("github-requests", &(0..100).map(seed).collect::<Vec<_>>());
    site.github.clear_requests();
    sweep(&site, &[]).ends_with(0, "nothing");
    let requests = site.github.requests();
    assert!(requests.len() <= 4, "{requests:?}");
}
