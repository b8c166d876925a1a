//! What goes soon is announced, while somebody can still keep it.

use chrono::TimeDelta;
use serde_json::json;
use testbed::{
    faults::{Effect, Matcher},
    github::{Permission, Repository},
};

use super::{Swept, of, program, up, with};
use crate::{
    past::Seed,
    site::{Program, Site},
};

/// One that goes within a day, one that goes later, and one that goes now.
fn three(hint: &str) -> Site {
    with(hint, &[soon(), of("later", 1), of("old", 9)])
}

fn soon() -> Seed {
    Seed::new("soon", TimeDelta::hours(110))
}

/// A sweep that comments, with a token that may.
fn commenting(site: &Site) -> Program {
    let rights = Site::least_rights().write(Permission::PullRequests);
    let token = site.github.token(rights);
    program(site, &["--comment"]).env("GITHUB_TOKEN", token)
}

fn bodies(repository: &Repository, pull_request: u64) -> Vec<String> {
    let comments = repository.comments(pull_request).into_iter();
    comments.map(|comment| comment.body).collect()
}

#[test]
fn the_pull_request_of_what_goes_soon_is_told_once_and_then_by_the_same_comment() {
    let site = three("announcing");
    let of_others = site.repository.open_pull_request_of_fork("soon");
    let [soon_pull, later, old] =
        ["soon", "later", "old"].map(|branch| site.repository.open_pull_request(branch));
    for _ in 0..2 {
        Swept::of(commenting(&site)).ends_with(0, "swept");
        site.push_and_seed(&[of("old", 9)]);
    }
    let told = bodies(&site.repository, soon_pull);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("https://soon.beta.example.com"),
        "{told:?}"
    );
    assert!(
        told[0].contains("environments keep soon --for 14d"),
        "{told:?}"
    );
    for quiet in [of_others, later, old] {
        assert_eq!(bodies(&site.repository, quiet), [""; 0]);
    }

    // A day later: the same comment says that it has gone.
    site.seed(&[Seed::new("soon", TimeDelta::hours(134))]);
    Swept::of(commenting(&site))
        .ends_with(0, "swept")
        .judges([("hey-soon", "removed: age")]);
    let [gone] = &bodies(&site.repository, soon_pull)[..] else {
        panic!("there is more than one");
    };
    assert_ne!(*gone, told[0]);
    assert!(gone.contains("has gone"), "{gone}");
}

#[test]
fn one_that_goes_at_the_second_try_is_told_gone_too() {
    let site = three("announcing-second");
    let pull = site.repository.open_pull_request("soon");
    Swept::of(commenting(&site)).ends_with(0, "swept");
    let removing = json!({"phase": "removing"});
    site.seed(&[Seed::new("soon", TimeDelta::hours(134)).record(removing)]);
    Swept::of(commenting(&site))
        .ends_with(0, "swept")
        .judges([("hey-soon", "removed: unfinished")]);
    let told = bodies(&site.repository, pull);
    assert!(told[0].contains("has gone"), "{told:?}");
}

#[test]
fn one_that_is_protected_does_not_go_and_is_not_announced() {
    let site = three("announcing-protected");
    site.repository.protect("soon");
    let pull = site.repository.open_pull_request("soon");
    Swept::of(commenting(&site)).ends_with(0, "swept").judges([
        ("hey-soon", "stays: protected"),
        ("hey-later", "stays: young"),
    ]);
    assert_eq!(bodies(&site.repository, pull), [""; 0]);
}

#[test]
fn without_the_option_nobody_is_told_by_a_comment() {
    let site = three("announcing-off");
    let pull = site.repository.open_pull_request("soon");
    let ran = program(&site, &[]).run().ends_with(0);
    ran.says("Soon, unless they are deployed before, or kept by");
    assert_eq!(bodies(&site.repository, pull), [""; 0]);
}

#[test]
fn a_comment_that_cannot_be_written_fails_the_sweep_and_holds_up_nothing() {
    let site = three("announcing-fails");
    let pull = site.repository.open_pull_request("soon");
    let comment = Matcher::post("/repos/*/*/issues/*/comments");
    site.github.faults().when(comment).then(Effect::status(410));
    Swept::of(commenting(&site))
        .ends_with(1, "failed")
        .judges([("hey-old", "removed: age")]);
    assert_eq!(bodies(&site.repository, pull), [""; 0]);
    assert_eq!(up(&site), ["hey-later", "hey-soon"]);
}

#[test]
fn a_token_without_the_right_is_told_what_it_lacks() {
    let site = three("announcing-rights");
    site.repository.open_pull_request("soon");
    Swept::of(program(&site, &["--comment"]))
        .ends_with(1, "failed")
        .says("pull-requests")
        .judges([("hey-old", "removed: age")]);
}

#[test]
fn a_dry_run_comments_nothing() {
    let site = three("announcing-dry");
    let pull = site.repository.open_pull_request("soon");
    let dry = commenting(&site).args(["--dry-run"]);
    Swept::of(dry).ends_with(0, "planned");
    assert_eq!(bodies(&site.repository, pull), [""; 0]);
}
