//! Finding builds and pipelines.

use chrono::{TimeDelta, Utc};

use super::{Acme, BUILDS, acme, commit};
use crate::buildkite::Step;

impl Acme {
    /// The numbers of the builds that a query finds.
    fn numbers(&self, query: &str) -> Vec<u64> {
        let found = self.client.get(&format!("{BUILDS}?{query}"));
        assert_eq!(found.status, 200, "{}", found.text);
        let numbers = found.each("number").into_iter();
        numbers.map(|number| number.as_u64().unwrap()).collect()
    }
}

#[test]
fn a_listing_is_newest_first_in_pages_with_links_to_the_others() {
    let acme = acme();
    for _ in 0..65 {
        acme.hey.pretend_build("main", &commit("a"));
    }
    assert_eq!(acme.numbers("per_page=3"), [65, 64, 63]);
    assert_eq!(acme.numbers("").len(), 30);
    assert_eq!(acme.numbers("per_page=500").len(), 65);
    assert!(acme.numbers("page=9").is_empty());
    let path = format!("{BUILDS}?branch=main&per_page=30");
    let link = |page: u32, rel: &str| {
        let base = format!("{}{path}", acme.buildkite.url());
        format!("<{base}&page={page}>; rel=\"{rel}\"")
    };
    let middle = acme.client.get(&format!("{path}&page=2"));
    let links = [
        link(1, "first"),
        link(1, "prev"),
        link(3, "next"),
        link(3, "last"),
    ];
    assert_eq!(middle.header("link"), links.join(", "));
    let last = acme.client.get(&format!("{path}&page=3"));
    assert!(!last.header("link").contains("next"));
    let all = acme.client.get(&format!("{BUILDS}?per_page=100"));
    assert_eq!(all.header("link"), "");
}

#[test]
fn a_commit_is_found_by_its_full_sha_only() {
    let acme = acme();
    for digit in ["a", "b", "a"] {
        acme.hey.pretend_build("main", &commit(digit));
    }
    let (a, b) = (commit("a"), commit("b"));
    assert_eq!(acme.numbers(&format!("commit={a}")), [3, 1]);
    assert!(acme.numbers(&format!("commit={}", &a[..7])).is_empty());
    let both = format!("commit[]={a}&commit[]={b}");
    assert_eq!(acme.numbers(&both), [3, 2, 1]);
}

#[test]
fn a_branch_may_be_a_pattern() {
    let acme = acme();
    for branch in ["feature/x", "feature", "hotfix", "feature/x/y"] {
        acme.hey.pretend_build(branch, &commit("a"));
    }
    assert_eq!(acme.numbers("branch=feature"), [2]);
    assert_eq!(acme.numbers("branch=feature%2F*"), [4, 1]);
    assert_eq!(acme.numbers("branch=*x*"), [4, 3, 1]);
    assert_eq!(acme.numbers("branch[]=hotfix&branch[]=feature"), [3, 2]);
}

#[test]
fn a_state_and_a_time_narrow_a_listing() {
    let acme = acme();
    for state in ["running", "passed", "failed", "skipped"] {
        acme.hey
            .pretend_build("main", &commit("a"))
            .set_state(state);
    }
    let blocked = acme.hey.pretend_build("main", &commit("a"));
    blocked.set_state("passed").set_blocked(true);
    assert_eq!(acme.numbers("state=running"), [1]);
    assert_eq!(acme.numbers("state=passed"), [2]);
    assert_eq!(acme.numbers("state=blocked"), [5]);
    assert_eq!(acme.numbers("state=finished"), [5, 3, 2]);
    assert_eq!(acme.numbers("state[]=running&state[]=skipped"), [4, 1]);
    let at = |minutes| (Utc::now() + TimeDelta::minutes(minutes)).format("%FT%TZ");
    assert_eq!(acme.numbers(&format!("created_from={}", at(-1))).len(), 5);
    assert!(acme.numbers(&format!("created_to={}", at(-1))).is_empty());
}

#[test]
fn a_blocked_build_keeps_the_state_that_it_had() {
    let acme = acme();
    let build = acme.hey.pretend_build("main", &commit("a"));
    build.set_state("passed").set_blocked(true);
    let shown = acme.client.get(&format!("{BUILDS}/1")).json();
    assert_eq!(shown["state"], "passed");
    assert_eq!(shown["blocked"], true);
}

#[test]
fn jobs_and_the_pipeline_are_shown_unless_they_are_not_wanted() {
    let acme = acme();
    let build = acme.hey.pretend_build("main", &commit("a"));
    build.pretend_job("base-image", "failed").retry();
    let jobs = |query: &str| {
        let shown = acme.client.get(&format!("{BUILDS}/1?{query}")).json();
        let jobs = shown["jobs"].as_array().cloned().unwrap_or_default();
        let states = jobs
            .iter()
            .map(|job| job["state"].as_str().unwrap().to_owned());
        (
            states.collect::<Vec<_>>(),
            shown["pipeline"]["slug"] == "hey",
        )
    };
    assert_eq!(jobs(""), (vec!["scheduled".to_owned()], true));
    let retried = jobs("include_retried_jobs=true&exclude_pipeline=true");
    assert_eq!(
        retried,
        (vec!["failed".to_owned(), "scheduled".to_owned()], false)
    );
    assert_eq!(jobs("exclude_jobs=true"), (vec![], true));
}

#[test]
fn a_job_tells_its_step_its_place_and_what_it_was_retried_in() {
    let acme = acme();
    let build = acme.hey.pretend_build("main", &commit("a"));
    let first = build.pretend_job("base-image", "failed");
    first.set_soft_failed().set_parallel(0, 2);
    let second = first.retry();
    let shown = acme
        .client
        .get(&format!("{BUILDS}/1?include_retried_jobs=true"));
    let job = &shown.json()["jobs"][0];
    assert_eq!(job["step_key"], "base-image");
    assert_eq!(job["soft_failed"], true);
    assert_eq!(job["parallel_group_total"], 2);
    assert_eq!(job["retried_in_job_id"], second.data().id);
    assert_eq!(
        job["web_url"],
        format!("{}#{}", build.web_url(), first.data().id)
    );
}

#[test]
fn a_pipeline_tells_what_starts_its_builds() {
    let acme = acme();
    acme.buildkite
        .pipeline("hey-deploy")
        .on_deployments(&acme.repository)
        .step(Step::new("deploy").command("helm-apply"));
    let all = acme.client.get("/v2/organizations/acme/pipelines");
    assert_eq!(all.each("slug"), ["hey", "hey-deploy"]);
    let one = acme
        .client
        .get("/v2/organizations/acme/pipelines/hey-deploy")
        .json();
    assert_eq!(one["provider"]["settings"]["trigger_mode"], "deployment");
    assert_eq!(one["steps"][0]["command"], "helm-apply");
    let builds = acme.client.get("/v2/organizations/acme/builds");
    assert!(builds.each("number").is_empty());
}
