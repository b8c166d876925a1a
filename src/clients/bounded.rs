//! Answers that never end, in bytes or in redirects: no client goes along with them.

use serde_json::json;
use testbed::{
    buildkite as buildkite_stand_in,
    faults::{Effect, Faults, Matcher},
    github::{self as github_stand_in, Permission, Permissions},
};

use super::{
    buildkite::Buildkite,
    github::GitHub,
    patience::Patience,
    registry::{DockerConfig, Registry},
};
use crate::model::Retry;

/// A mebibyte.
const MIB: usize = 1 << 20;

fn once() -> Patience {
    Patience::new(|_, _, _| Retry::No, |_| {})
}

/// What is right in all but its size.
fn spaced(json: &str, size: usize) -> Effect {
    Effect::status(200).body(&format!("{json}{}", " ".repeat(size)))
}

/// Lets each request meet this, and no other any more.
fn meet(faults: &Faults, matcher: Matcher, effect: Effect) {
    faults.clear();
    faults.when(matcher).then(effect);
}

#[tokio::test]
async fn githubs_answers_are_read_within_bounds_and_its_redirects_followed_so_often() {
    let github = github_stand_in::GitHub::start();
    github.repository("acme/hey");
    let token = github.token(Permissions::named("reader").read(Permission::Contents));
    let named = "acme/hey".parse().unwrap();
    let client = GitHub::new(github.url(), &token, named, once()).unwrap();
    let facts = json!({"id": 7, "full_name": "acme/hey", "default_branch": "main"}).to_string();
    let asked = async |effect| {
        meet(github.faults(), Matcher::any("/**"), effect);
        client.repository().await.map(|facts| facts.id)
    };
    assert_eq!(asked(spaced(&facts, 9 * MIB)).await.unwrap(), 7);
    let error = asked(spaced(&facts, 10 * MIB)).await.unwrap_err();
    assert!(error.to_string().contains("limit exceeded"), "{error}");
    github.clear_requests();
    let leads_on = Effect::status(301).header("location", "/repos/acme/hey");
    let error = asked(leads_on).await.unwrap_err();
    assert!(error.to_string().contains("redirects for ever"), "{error}");
    assert_eq!(github.requests().len(), 4);
}

#[tokio::test]
async fn buildkites_answers_are_read_within_bounds_and_its_redirects_not_followed() {
    let stand_in = buildkite_stand_in::Buildkite::start(&github_stand_in::GitHub::start());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Buildkite::new(stand_in.url(), &stand_in.token(&["read_builds"])).unwrap();
    let pipeline = "acme/hey".parse().unwrap();
    let asked = async |effect| {
        meet(stand_in.faults(), Matcher::any("/**"), effect);
        client.started(&pipeline, "key", "value").await
    };
    assert!(asked(spaced("[]", 31 * MIB)).await.unwrap().is_empty());
    let error = asked(spaced("[]", 32 * MIB)).await.unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
    stand_in.clear_requests();
    let leads_on = Effect::status(302).header("location", "/v2/builds");
    let error = asked(leads_on).await.unwrap_err();
    assert!(error.to_string().contains("answers 302"), "{error}");
    assert_eq!(stand_in.requests().len(), 1);
}

/// As a registry there is what answers as one.
#[tokio::test]
async fn a_registrys_answers_are_read_within_bounds_and_its_redirects_followed_so_often() {
    let stand_in = github_stand_in::GitHub::start();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (_, host) = stand_in.url().split_once("://").unwrap();
    let name = format!("{host}/hey:4f2a91c").parse().unwrap();
    let client = Registry::new(name, DockerConfig::in_folder(None), once()).unwrap();
    let (all, faults) = (|| Matcher::any("/v2/**"), stand_in.faults());
    let asked = async |size| {
        let there = Effect::status(200).header("docker-content-digest", "sha256:00");
        meet(faults, all().method(http::Method::HEAD), there);
        let index = spaced(r#"{"manifests": []}"#, size);
        faults.when(all().method(http::Method::GET)).then(index);
        client.image(true).await
    };
    assert!(asked(3 * MIB).await.unwrap().is_some());
    let error = asked(4 * MIB).await.unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
    let leads_on = Effect::status(307).header("location", "/v2/hey/manifests/4f2a91c");
    meet(faults, all(), leads_on);
    stand_in.clear_requests();
    let error = client.image(true).await.unwrap_err();
    assert!(error.to_string().contains("redirects"), "{error}");
    assert!(stand_in.requests().len() < 20);
}
