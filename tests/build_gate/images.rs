//! What the registry says.

use rustix::process::Signal;
use serde_json::Value;
use testbed::{
    faults::{Effect, Gate, Matcher},
    registry::{Login, USER},
};

use super::site::Site;

#[test]
fn an_image_that_is_there_opens_at_once_and_its_digest_is_shown() {
    for login in [Login::Password, Login::Token] {
        let site = Site::new(login);
        let digest = site.registry.push("hey", &site.commit, "linux/amd64");
        let ran = site.for_image().run().ends_with(0).says(&digest);
        ran.hides(site.registry.password());
    }
}

#[test]
fn what_is_there_is_told_to_machines_too() {
    let site = Site::new(Login::Password);
    let digest = site.registry.push("hey", &site.commit, "linux/amd64");
    let ran = site.for_image().args(["--output", "json"]).run();
    let told: Value = serde_json::from_str(&ran.ends_with(0).stdout).expect("one document");
    assert_eq!(told["state"], "open");
    assert_eq!(told["digest"], digest);
}

#[test]
fn an_image_that_does_not_come_in_time_is_a_timeout() {
    let site = Site::new(Login::Password);
    let ran = site.for_image().args(["--timeout", "1s"]).run();
    ran.ends_with(4).says("not in the registry yet");
}

#[test]
fn an_image_for_another_machine_is_one_clear_line() {
    let site = Site::new(Login::Password);
    let asked = || site.for_image().args(["--platform", "linux/amd64"]);
    let is_for = "is there, but not for linux/amd64: it is for linux/arm64";
    site.registry.push("hey", &site.commit, "linux/arm64");
    asked().run().ends_with(1).says(is_for);
    site.registry
        .push_index("hey", &site.commit, &["linux/arm64"]);
    asked().run().ends_with(1).says(is_for);
    site.registry
        .push_index("hey", &site.commit, &["linux/arm64", "linux/amd64"]);
    asked().run().ends_with(0);
}

#[test]
fn whoever_is_not_logged_in_is_told_how() {
    for login in [Login::Password, Login::Token] {
        let site = Site::new(login);
        let host = site.registry.host();
        let program = site.for_image();
        site.docker_config("{}");
        program.run().refuses(1, &format!("docker login {host}"));
        let stale = site
            .registry
            .docker_config()
            .replace("auth\":\"", "auth\":\"Y2k6bm86");
        site.docker_config(&stale);
        let program = site
            .build_gate()
            .args(["--image", &format!("{host}/hey:1")]);
        program.run().ends_with(1).says("401");
    }
}

#[test]
fn a_credential_helper_logs_in() {
    let site = Site::new(Login::Password);
    site.registry.push("hey", &site.commit, "linux/amd64");
    let program = site.for_image();
    let (host, password) = (site.registry.host(), site.registry.password());
    let answer = format!(r#"{{"Username": "{USER}", "Secret": "{password}"}}"#);
    let text = format!("#!/bin/sh\n[ \"$(cat)\" = {host} ] && echo '{answer}'\n");
    site.script("docker-credential-testbed", &text);
    site.docker_config(&format!(r#"{{"credHelpers": {{"{host}": "testbed"}}}}"#));
    program.run().ends_with(0).hides(password);
}

#[test]
fn a_helper_that_is_missing_or_fails_is_named() {
    let site = Site::new(Login::Password);
    site.for_image();
    site.docker_config(r#"{"credsStore": "testbed"}"#);
    let asked = || {
        let image = format!("{}/hey:1", site.registry.host());
        site.build_gate().args(["--image", &image])
    };
    asked()
        .run()
        .refuses(1, "docker-credential-testbed does not start");
    site.script(
        "docker-credential-testbed",
        "#!/bin/sh\necho oops\nexit 3\n",
    );
    asked()
        .run()
        .refuses(1, "docker-credential-testbed ended with");
}

#[test]
fn a_registry_that_is_busy_for_a_moment_is_asked_again() {
    for fault in [
        Effect::status(429).header("retry-after", "1"),
        Effect::status(500),
        Effect::cut_before(),
    ] {
        let site = Site::new(Login::Password);
        site.registry.push("hey", &site.commit, "linux/amd64");
        let faults = site.registry.faults();
        faults.when(Matcher::any("/v2/**").once()).then(fault);
        site.for_image().run().ends_with(0);
    }
}

#[test]
fn a_registry_that_never_answers_is_named_at_the_end() {
    for status in [429, 500] {
        let site = Site::new(Login::Password);
        let fault = Effect::status(status).header("retry-after", "3600");
        site.registry
            .faults()
            .when(Matcher::any("/v2/**"))
            .then(fault);
        let ran = site.for_image().args(["--timeout", "1s"]).run();
        ran.ends_with(4).says(&status.to_string());
    }
}

#[test]
fn a_signal_ends_the_wait() {
    let site = Site::new(Login::Password);
    let gate = Gate::default();
    let faults = site.registry.faults();
    faults
        .when(Matcher::any("/v2/**"))
        .then(Effect::hold_before(&gate));
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let running = site.for_image().start();
        gate.reached();
        running.signal(signal);
        running.end().ends_with(status).says("stopped waiting");
    }
}

#[test]
fn mistakes_are_told_before_anybody_is_asked() {
    let site = Site::new(Login::Password);
    for (arguments, says) in [
        (&[][..], "nothing to wait for"),
        (&["--image", "r.example.com/hey"], "given with its tag"),
        (&["--image", "r.example.com/hey:{branch}"], "use `{slug}`"),
        (&["--image", "r.example.com/hey:{comit}"], "no placeholder"),
        (&["--pipeline", "hey"], "organization/pipeline"),
        (
            &["--pipeline", "acme/hey"],
            "BUILDKITE_API_TOKEN is missing",
        ),
        (&["--step", "base-image"], "--pipeline is missing"),
    ] {
        let mut program = site.build_gate();
        program.0.args(arguments);
        program.run().refuses(2, says);
    }
    let mut head = std::process::Command::new(env!("CARGO_BIN_EXE_build-gate"));
    head.env_clear().env("BUILDKITE_COMMIT", "HEAD");
    head.args(["--image", "r.example.com/hey:{commit}"]);
    crate::site::Program(head)
        .run()
        .refuses(2, "BUILDKITE_COMMIT is HEAD");
    assert!(site.registry.requests().is_empty());
}
