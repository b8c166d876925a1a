//! What `build-gate` needs: a registry that lets it in, and whoever builds the image.

use testbed::registry::Login;

use super::{check, has_all, misses, told};
use crate::build_gate::Site;

#[test]
fn all_that_build_gate_needs_is_there_whether_the_image_is_or_not() {
    for login in [Login::Password, Login::Token] {
        let site = Site::new(login);
        let image = format!("{}/hey:{{commit}}", site.registry.host());
        let program = || {
            site.log_in();
            site.for_pipeline().args(["--image", &image])
        };
        told(&has_all(program()), "Registry", "there", "no 127.0.0.1");
        site.registry.push("hey", &site.commit, "linux/amd64");
        let ran = has_all(program());
        told(&ran, "Registry", "there", "is there");
        told(&ran, "pipeline acme/hey", "there", "its builds are shown");
        ran.hides(site.registry.password()).hides(&site.token);
    }
}

#[test]
fn a_registry_that_lets_nobody_in_is_told_with_how_to_log_in() {
    let site = Site::new(Login::Password);
    let program = site.for_image();
    site.docker_config("{}");
    misses(program, "Registry", "docker login");
    let nowhere = site
        .build_gate()
        .args(["--image", "127.0.0.1:1/hey:{commit}"]);
    misses(nowhere, "Registry", "does not answer");
}

#[test]
fn what_buildkite_does_not_allow_is_told_with_the_scope() {
    let site = Site::new(Login::Password);
    let with = |scopes: &[&str]| {
        let token = site.buildkite.token(scopes);
        site.for_pipeline().env("BUILDKITE_API_TOKEN", token)
    };
    has_all(with(&["read_builds"]));
    misses(
        with(&["read_pipelines"]),
        "Buildkite: token",
        "it lacks read_builds",
    );
    let none = site.for_pipeline().without("BUILDKITE_API_TOKEN");
    misses(none, "Buildkite: token", "BUILDKITE_API_TOKEN is not set");
    let unreadable = site
        .for_pipeline()
        .args(["--buildkite-token-file", "/nowhere"]);
    misses(
        unreadable,
        "Buildkite: token",
        "Buildkite's token in /nowhere",
    );
    misses(
        site.for_pipeline_at("acme/none"),
        "pipeline acme/none",
        "as in its address",
    );
}

#[test]
fn on_a_laptop_no_commit_needs_to_be_told() {
    let site = Site::new(Login::Password);
    let image = format!("{}/hey:{{commit}}", site.registry.host());
    site.log_in();
    has_all(site.alone().args(["--image", &image]));
    let empty = check(site.alone());
    empty.refuses(2, "nothing to wait for");
}
