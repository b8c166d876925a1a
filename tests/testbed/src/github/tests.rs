//! Each strictness once, as a plain HTTP client sees it.

mod comments;
mod creating_deployments;
mod deployments;
mod faults;
mod graphql;
mod limits;
mod refs;
mod statuses;
mod tokens;
mod webhooks;

use super::{GitHub, Permission, Permissions, Repository};
use crate::client::Client;

/// A GitHub with `acme/hey`, and a client that may do all that its API offers.
fn acme() -> (GitHub, Repository, Client) {
    let github = GitHub::start();
    let hey = github.repository("acme/hey");
    let client = Client::new(github.url(), Some(&github.token(everything())));
    (github, hey, client)
}

fn everything() -> Permissions {
    Permissions::named("ada")
        .write(Permission::Contents)
        .write(Permission::Deployments)
        .write(Permission::Statuses)
        .write(Permission::PullRequests)
}
