//! What GitHub tells of many things at once, and what of it is believed: by the testbed's GitHub.

use std::time::Duration;

use serde_json::json;
use testbed::{
    faults::{Effect, Matcher},
    github::{self as stand_in, DeploymentState, NewStatus, Permission, Permissions, User},
};

use super::{GitHub, Sight};

use crate::{
    clients::patience::{Patience, Policy},
    decide,
    model::{Answer, Branch, Retry, Seen},
};

/// A GitHub with `acme/hey`, and our client for it.
struct Site {
    github: stand_in::GitHub,
    repository: stand_in::Repository,
    client: GitHub,
}

impl Site {
    fn new() -> Self {
        let permissions = Permissions::named("sweeper")
            .read(Permission::Contents)
            .read(Permission::Deployments)
            .write(Permission::PullRequests);
        Self::with(permissions)
    }

    fn with(permissions: Permissions) -> Self {
        let github = stand_in::GitHub::start();
        let repository = github.repository("acme/hey");
        let token = github.token(permissions);
        let named = "acme/hey".parse().unwrap();
        let client = GitHub::new(
            github.url(),
            &token,
            named,
            Patience::new(decide::retry, |_| {}),
        )
        .unwrap();
        Self {
            github,
            repository,
            client,
        }
    }

    async fn sight(&self, branches: &[Branch]) -> Sight {
        self.client.sight(branches, "beta").await.unwrap()
    }

    /// From now on `sight` meets this, each time or at the nth time.
    fn meets(&self, nth: Option<usize>, effect: Effect) {
        let sight = Matcher::question("sight");
        let sight = nth.map_or(sight.clone(), |nth| sight.nth(nth));
        self.github.faults().when(sight).then(effect);
    }
}

fn branch(name: &str) -> Branch {
    name.parse().unwrap()
}

fn numbered(count: usize) -> Vec<Branch> {
    (0..count).map(|n| branch(&format!("b{n}"))).collect()
}

fn is_unknown(seen: &Seen, why: &str) -> bool {
    matches!(seen, Seen::Unknown(reason) if reason.contains(why))
}

#[tokio::test]
async fn one_request_tells_of_many_branches_and_of_the_newest_deployments() {
    let site = Site::new();
    let hostile = "a\"b}$b0#ü";
    let shas = ["new", hostile].map(|name| site.repository.push(name));
    let id = site
        .repository
        .deploy("new", "beta", "branch-deploys:hey", json!({ "app": "hey" }));
    site.repository
        .deploy("new", "other", "branch-deploys:hey", json!({}));
    let status = NewStatus::bare(DeploymentState::InProgress, User::bot("deployer"));
    site.repository.post(id, status.saying("deploying"));
    let later = site
        .repository
        .deploy("main", "beta", "deploy", json!("text"));
    let branches = [branch("new"), branch("gone"), branch(hostile)];
    let sight = site.sight(&branches).await;
    assert_eq!(site.github.requests().len(), 1);
    assert_eq!(sight.repository.id, site.repository.id());
    assert_eq!(sight.repository.full_name, "acme/hey");
    assert_eq!(sight.repository.default_branch.as_str(), "main");
    for (name, sha) in [("new", &shas[0]), (hostile, &shas[1])] {
        assert_eq!(sight.heads[&branch(name)], Seen::At(sha.parse().unwrap()));
    }
    assert_eq!(sight.heads[&branch("gone")], Seen::Absent);
    let page = sight.deployments.unwrap();
    assert_eq!(page.next, None);
    let [newest, older] = &page.deployments[..] else {
        panic!("{page:?}");
    };
    assert_eq!((newest.deployment.id, older.deployment.id), (later, id));
    assert!(newest.statuses.is_empty());
    assert_eq!(older.deployment.payload, json!({ "app": "hey" }));
    assert_eq!(older.statuses[0].state, "in_progress");
    assert_eq!(older.statuses[0].description.as_deref(), Some("deploying"));
}

#[tokio::test]
async fn a_look_without_branches_tells_the_repository_by_its_new_name() {
    let site = Site::new();
    site.repository.rename("acme/hello");
    let sight = site.sight(&[]).await;
    assert_eq!(sight.repository.full_name, "acme/hello");
    assert!(sight.heads.is_empty() && sight.deployments.is_ok());
}

#[tokio::test]
async fn a_hundred_branches_are_one_request_and_a_further_one_is_another() {
    let site = Site::new();
    let branches = numbered(101);
    for branch in &branches {
        site.repository.push(branch.as_str());
    }
    let sight = site.sight(&branches[..100]).await;
    assert_eq!(site.github.requests().len(), 1);
    assert!(sight.heads.values().all(|seen| matches!(seen, Seen::At(_))));
    let sight = site.sight(&branches).await;
    assert_eq!(site.github.requests().len(), 3);
    assert_eq!(sight.heads.len(), 101);
    assert!(sight.heads.values().all(|seen| matches!(seen, Seen::At(_))));
}

#[tokio::test]
async fn a_branch_that_github_does_not_tell_of_is_unknown_and_the_others_are_told() {
    let site = Site::new();
    let why = "Something went wrong";
    site.meets(None, Effect::missing(&["code", "b1"], "INTERNAL", why));
    let sight = site.sight(&numbered(3)).await;
    assert_eq!(sight.heads[&branch("b0")], Seen::Absent);
    assert!(is_unknown(&sight.heads[&branch("b1")], why));
    assert_eq!(sight.heads[&branch("b2")], Seen::Absent);
    assert!(sight.deployments.is_ok());
}

#[tokio::test]
async fn deployments_that_may_not_be_read_hide_no_branch() {
    let site = Site::with(Permissions::named("reader").read(Permission::Contents));
    let sight = site.sight(&numbered(1)).await;
    assert_eq!(sight.heads[&branch("b0")], Seen::Absent);
    let refused = sight.deployments.unwrap_err().to_string();
    assert!(refused.contains("needs deployments: read"), "{refused}");
}

#[tokio::test]
async fn a_second_hundred_that_fails_leaves_the_first_and_shows_nothing_gone() {
    let broken = [
        (Effect::status(410), "410"),
        (Effect::broken_json(), "cannot be read"),
        (Effect::html(200), "cannot be read"),
        (Effect::status(200), "no data"),
        (
            Effect::missing(&["code"], "NOT_FOUND", "Could not resolve"),
            "Could not resolve",
        ),
        (
            Effect::missing(&["code", "defaultBranchRef"], "INTERNAL", "not now"),
            "not now",
        ),
    ];
    for (effect, why) in broken {
        let site = Site::new();
        site.meets(Some(2), effect);
        let branches = numbered(150);
        let sight = site.sight(&branches).await;
        let unknown = |seen: &&Seen| is_unknown(seen, why);
        assert_eq!(sight.heads.values().filter(unknown).count(), 50, "{why}");
        let absent = |seen: &&Seen| **seen == Seen::Absent;
        assert_eq!(sight.heads.values().filter(absent).count(), 100, "{why}");
    }
}

#[tokio::test]
async fn a_repository_that_is_not_told_is_an_error() {
    let site = Site::new();
    let of_all = [
        (Effect::status(410), "410"),
        (Effect::html(403), "403"),
        (Effect::status(200).body("[]"), "cannot be read"),
        (
            Effect::status(200).body("{\"data\": {\"code\": {}}}"),
            "missing",
        ),
        (
            Effect::missing(&["code"], "NOT_FOUND", "Could not resolve"),
            "Could not resolve",
        ),
    ];
    for (effect, why) in of_all {
        site.github.faults().clear();
        site.meets(None, effect);
        let error = site.client.sight(&numbered(1), "beta").await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn a_question_is_asked_again_after_a_fault_and_a_limit_of_seconds() {
    let site = Site::new();
    site.meets(Some(1), Effect::status(502));
    site.meets(Some(2), Effect::cut_after());
    let limited = json!({"errors": [{"type": "RATE_LIMIT", "message": "API rate limit exceeded"}]});
    let limited = Effect::status(200).body(&limited.to_string());
    site.meets(Some(3), limited.header("retry-after", "1"));
    let sight = site.sight(&numbered(1)).await;
    assert_eq!(sight.heads[&branch("b0")], Seen::Absent);
    assert_eq!(site.github.requests().len(), 4);
}

#[tokio::test]
async fn a_limit_that_lasts_is_told() {
    let site = Site::new();
    let reset = chrono::Utc::now() + Duration::from_secs(3_600);
    let limited =
        json!({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]});
    let effect = Effect::rate_limited(200, reset).body(&limited.to_string());
    site.meets(None, effect);
    let error = site.client.sight(&[], "beta").await.unwrap_err();
    assert!(
        error.may_pass() && error.to_string().contains("used up"),
        "{error}"
    );
}

#[tokio::test]
async fn older_deployments_come_page_by_page() {
    let site = Site::new();
    let made: Vec<u64> = (0..205)
        .map(|_| site.repository.deploy("main", "beta", "deploy", json!({})))
        .collect();
    let mut page = site.sight(&[]).await.deployments.unwrap();
    let mut found = Vec::new();
    loop {
        found.extend(page.deployments.iter().map(|told| told.deployment.id));
        let Some(next) = page.next else { break };
        page = site
            .client
            .further_deployments("beta", &next)
            .await
            .unwrap();
    }
    found.reverse();
    assert_eq!(found, made);
    assert_eq!(site.github.requests().len(), 3);
}

#[tokio::test]
async fn protected_branches_are_read_from_all_pages() {
    let site = Site::new();
    let branches = numbered(102);
    for branch in &branches {
        site.repository.push(branch.as_str());
        site.repository.protect(branch.as_str());
    }
    site.repository.push("free");
    let protected = site.client.protected_branches().await.unwrap();
    assert_eq!(protected, branches.into_iter().collect());
    let second = Matcher::get("/repos/acme/hey/branches").page(2);
    site.github.faults().when(second).then(Effect::status(410));
    assert!(site.client.protected_branches().await.is_err());
}

#[tokio::test]
async fn the_newest_own_pull_request_of_each_branch_is_found_by_one_request() {
    let site = Site::new();
    let branches = numbered(3);
    for branch in &branches {
        site.repository.push(branch.as_str());
    }
    site.repository.open_pull_request("b0");
    let newest = site.repository.open_pull_request("b0");
    let closed = site.repository.open_pull_request("b0");
    site.repository.close_pull_request(closed);
    site.repository.open_pull_request_of_fork("b0");
    site.repository.open_pull_request_of_fork("b1");
    let asked = [&branches[..], &[branch("gone")]].concat();
    let found = site.client.open_pull_requests(&asked).await.unwrap();
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        [(branch("b0"), newest)]
    );
    assert_eq!(site.github.requests().len(), 1);
    let stranger = Site::with(Permissions::named("reader").read(Permission::Contents));
    stranger.repository.push("b0");
    let refused = stranger
        .client
        .open_pull_requests(&branches)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("pull-requests: read"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_comment_is_written_found_and_edited() {
    let site = Site::new();
    site.repository.push("new");
    let number = site.repository.open_pull_request("new");
    for n in 0..100 {
        let words = format!("comment {n}");
        site.repository
            .comment(number, &words, &User::person("ada"));
    }
    let ours = site.client.comment(number, "goes tomorrow").await.unwrap();
    let listed = site.client.comments(number).await.unwrap();
    assert_eq!((listed.len(), listed.last()), (101, Some(&ours)));
    let patched = Matcher::any("/repos/*/*/issues/comments/*").once();
    site.github.faults().when(patched).then(Effect::status(502));
    site.client
        .edit_comment(ours.id, "goes today")
        .await
        .unwrap();
    let kept = site.repository.comments(number);
    assert_eq!((kept.len(), kept[100].body.as_str()), (101, "goes today"));
    assert!(site.client.comments(7).await.is_err());
}

#[tokio::test]
async fn a_secondary_limit_that_tells_no_time_is_known_for_one() {
    let site = Site::new();
    let policy: Policy = |answer, _, _| match answer {
        Answer::Limited => Retry::After(Duration::ZERO),
        Answer::Status(..) | Answer::None => Retry::No,
    };
    let patience = Patience::new(policy, |_| {});
    let token = site
        .github
        .token(Permissions::named("reader").read(Permission::Metadata));
    let named = "acme/hey".parse().unwrap();
    let client = GitHub::new(site.github.url(), &token, named, patience).unwrap();
    for status in [403, 429] {
        let limit = Effect::secondary_limit(status, None);
        let once = Matcher::get("/repos/acme/hey").once();
        site.github.faults().when(once).then(limit);
        client.repository().await.unwrap();
    }
    let refusal = Effect::status(403).body(r#"{"message": "Must have admin rights"}"#);
    let reading = Matcher::get("/repos/acme/hey");
    site.github.faults().when(reading).then(refusal);
    assert_eq!(client.repository().await.unwrap_err().status(), Some(403));
}
