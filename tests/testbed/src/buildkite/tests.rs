//! Each strictness once, as a plain HTTP client and the real agent see it.

mod agent;
mod canceling;
mod deployments;
mod jobs;
mod limits;
mod listings;
mod refusals;
mod steps;
mod webhooks;

use super::{Buildkite, Pipeline};
use crate::{
    client::Client,
    github::{GitHub, Repository},
};

/// Where the builds of `acme/hey` are.
const BUILDS: &str = "/v2/organizations/acme/pipelines/hey/builds";

/// A Buildkite with the pipeline `hey`, for `acme/hey` of a GitHub.
struct Acme {
    github: GitHub,
    repository: Repository,
    buildkite: Buildkite,
    hey: Pipeline,
    /// Of a user who may do all that the API offers.
    client: Client,
}

fn acme() -> Acme {
    let github = GitHub::start();
    let repository = github.repository("acme/hey");
    let buildkite = Buildkite::start(&github);
    let token = buildkite.token(&["read_builds", "write_builds", "read_pipelines"]);
    Acme {
        hey: buildkite.pipeline("hey"),
        client: Client::new(buildkite.url(), Some(&token)),
        github,
        repository,
        buildkite,
    }
}

/// A commit of one repeated digit.
fn commit(digit: &str) -> String {
    digit.repeat(40)
}
