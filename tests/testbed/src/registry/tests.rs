//! The registry as a client meets it.

use std::process::Command;

use super::*;
use crate::faults::{Effect, Matcher};

/// Asks by curl, as whoever has this `--user`, or none.
fn status(registry: &Registry, user: Option<&str>, path: &str) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--head", "--output", "/dev/null"]);
    curl.args(["--write-out", "%{http_code}"]);
    curl.args([
        "--header",
        "Accept: application/vnd.oci.image.manifest.v1+json",
    ]);
    if let Some(user) = user {
        curl.args(["--user", user]);
    }
    curl.arg(format!("http://{}{path}", registry.host()));
    let output = curl.output().expect("curl is there");
    String::from_utf8(output.stdout).expect("a number")
}

#[test]
fn an_image_is_seen_by_those_who_are_logged_in() {
    let registry = Registry::start(Login::Password);
    let digest = registry.push("hey", "1", "linux/amd64");
    let user = format!("{USER}:{}", registry.password());
    for (reference, expected) in [("1", "200"), (&*digest, "200"), ("2", "404")] {
        let path = format!("/v2/hey/manifests/{reference}");
        assert_eq!(status(&registry, Some(&user), &path), expected);
    }
    assert_eq!(status(&registry, None, "/v2/hey/manifests/1"), "401");
    assert_eq!(
        status(&registry, Some("ci:no"), "/v2/hey/manifests/1"),
        "401"
    );
    assert_eq!(registry.requests().len(), 5);
}

#[test]
fn a_registry_with_tokens_takes_no_password() {
    let registry = Registry::start(Login::Token);
    registry.push("hey", "1", "linux/amd64");
    let user = format!("{USER}:{}", registry.password());
    assert_eq!(status(&registry, Some(&user), "/v2/hey/manifests/1"), "401");
}

#[test]
fn faults_are_met_by_clients_and_not_by_pushes() {
    let registry = Registry::start(Login::Password);
    let fault = registry.faults().when(Matcher::any("/**"));
    fault.then(Effect::status(500));
    registry.push_index("hey", "1", &["linux/amd64", "linux/arm64"]);
    assert_eq!(status(&registry, None, "/v2/hey/manifests/1"), "500");
}
