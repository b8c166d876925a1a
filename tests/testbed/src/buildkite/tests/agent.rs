//! What a job asks for by the real agent.

use super::{acme, commit};
use crate::buildkite::{Build, Pipeline, Step};

/// The lines that the command of a job wrote, after the agent's own.
pub fn told(build: &Build, step: &str) -> Vec<String> {
    let log = build.job(step).log();
    let told = log.lines().filter_map(|line| line.strip_prefix("told: "));
    told.map(str::to_owned).collect()
}

/// A build of one step with this command, once it has passed.
pub fn passed(hey: &Pipeline, command: &str) -> Build {
    let hey = hey.clone().step(Step::new("it").command(command));
    let build = hey.start_build("main", &commit("a"));
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
    build
}

#[test]
fn a_push_starts_a_job_that_keeps_something_for_a_later_one() {
    let acme = acme();
    let set = "printf 'sha256:1' | buildkite-agent meta-data set digest";
    let get = "echo told: $(buildkite-agent meta-data get digest)";
    let hey = acme
        .hey
        .on_pushes(&acme.repository)
        .step(Step::new("base-image").command(set))
        .wait()
        .step(Step::new("queue").command(get));
    let head = acme.repository.push("x");
    let build = hey.await_build(|build| build.commit == head);
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
    assert_eq!(told(&build, "queue"), ["sha256:1"]);
    assert_eq!(build.meta_data("digest").as_deref(), Some("sha256:1"));
}

#[test]
fn meta_data_that_is_not_there_is_a_404_and_nothing_blank_is_kept() {
    let acme = acme();
    let build = passed(
        &acme.hey,
        "buildkite-agent meta-data exists it || echo told: none
         buildkite-agent meta-data get it --default nothing | sed 's/^/told: /'
         echo
         buildkite-agent meta-data get it 2>&1 | sed 's/^/told: /'
         buildkite-agent meta-data set it ' ' || echo told: blank
         buildkite-agent meta-data set it 1 && buildkite-agent meta-data exists it
         echo told: $(buildkite-agent meta-data keys)",
    );
    let told = told(&build, "it");
    assert_eq!(told[0], "none");
    assert!(told.contains(&"nothing".to_owned()), "{told:?}");
    assert!(
        told.iter().any(|line| line.contains(": 404 Not Found")),
        "{told:?}"
    );
    assert_eq!(told[told.len() - 2..], ["blank", "it"]);
}

#[test]
fn a_job_annotates_its_build() {
    let acme = acme();
    let build = passed(
        &acme.hey,
        "buildkite-agent annotate --style success --context url 'It is '
         buildkite-agent annotate --style success --context url --append 'up'
         buildkite-agent annotate 'gone'
         buildkite-agent annotation remove",
    );
    let annotations = build.data().annotations;
    let texts: Vec<_> = annotations.into_iter().collect();
    let expected = (
        "url".to_owned(),
        ("success".to_owned(), "It is up".to_owned()),
    );
    assert_eq!(texts, [expected]);
}

#[test]
fn a_job_sees_its_own_variables_and_nothing_of_the_process_that_tests() {
    let acme = acme();
    acme.buildkite.agent_env("MACHINE", "m");
    let hey = acme.hey.clone().on_pushes(&acme.repository).build_tags();
    let tell = Step::new("it").command("env | sort | sed 's/^/told: /'");
    let hey = hey.step(tell.label("Tell").env("STEP", "s"));
    acme.repository.tag("v1");
    let build = hey.await_build(|build| build.tag.is_some());
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
    let told = told(&build, "it");
    let commit = build.data().commit;
    for expected in [
        "MACHINE=m",
        "STEP=s",
        "BUILDKITE_BRANCH=v1",
        "BUILDKITE_TAG=v1",
        "BUILDKITE_BUILD_NUMBER=1",
        "BUILDKITE_BUILD_URL=https://buildkite.com/acme/hey/builds/1",
        "BUILDKITE_LABEL=Tell",
        "BUILDKITE_ORGANIZATION_SLUG=acme",
        "BUILDKITE_PIPELINE_SLUG=hey",
        "BUILDKITE_REPO=https://github.com/acme/hey.git",
        "BUILDKITE_SOURCE=webhook",
        "BUILDKITE_STEP_KEY=it",
        &format!("BUILDKITE_COMMIT={commit}"),
    ] {
        assert!(
            told.iter().any(|line| line == expected),
            "{expected}: {told:#?}"
        );
    }
    assert!(
        !told.iter().any(|line| line.starts_with("CARGO")),
        "{told:#?}"
    );
}

#[test]
fn a_job_s_token_is_good_for_its_own_build_and_while_it_runs() {
    let acme = acme();
    let hey = acme
        .hey
        .step(Step::new("it").command("buildkite-agent meta-data set a 1"));
    let build = hey.start_build("main", &commit("a"));
    assert_eq!(build.await_finished(), "passed", "{}", build.logs());
    let job = build.job("it").data();
    let asks = |token: &str| {
        let client = crate::client::Client::new(acme.buildkite.url(), None);
        let headers = [("authorization", &*format!("Token {token}"))];
        let path = format!("/v3/jobs/{}/data/get", job.id);
        let body = r#"{"key": "a"}"#.to_owned();
        let answer = client.send(axum::http::Method::POST, &path, &headers, body);
        answer.expect("an answer").status
    };
    assert_eq!(asks(&job.token), 401);
    assert_eq!(asks("wrong"), 401);
}
