//! GitHub, as strict as the original, for one test: a stateful server on loopback.
//!
//! Repositories are private. What real GitHub refuses (a missing permission, a description that is
//! too long, an unmet context, an exhausted limit) is refused here with the same status, body and
//! headers. All of the API for tests is synchronous.
//!
//! ```no_run
//! # use testbed::github::{GitHub, Permission, Permissions};
//! let github = GitHub::start();
//! let hey = github.repository("acme/hey");
//! let token = github.token(Permissions::named("ci").write(Permission::Deployments));
//! hey.push("feature/new-inbox");
//! let id = hey.deploy("feature/new-inbox", "beta", "branch-deploys:hey", Default::default());
//! # drop((token, id));
//! ```

mod answer;
mod apps;
mod call;
mod checks;
mod conditional;
mod deployments;
mod endpoint;
mod endpoints;
mod events;
mod gate;
mod git;
mod graphql;
mod ids;
mod limits;
mod pages;
mod permissions;
mod pull_requests;
mod recorder;
mod repository;
mod routes;
mod shapes;
mod state;
mod stored;
#[cfg(test)]
mod tests;
mod tokens;
mod webhooks;

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;

use crate::{faults::Faults, serve::Server};

pub use apps::App;
pub use deployments::{Deployment, DeploymentState, NewStatus, Status};
pub use events::Event;
pub use permissions::{Level, Permission, Permissions};
pub use pull_requests::Comment;
pub use recorder::Request;
pub use repository::Repository;
pub use shapes::User;
pub use webhooks::{Delivery, Webhook};

use state::Shared;

/// How long a wait of the API for tests lasts before it panics: far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A GitHub of its own; it ends when it is dropped.
#[derive(Debug)]
pub struct GitHub {
    shared: Arc<Shared>,
    _server: Server,
}

impl GitHub {
    /// Starts a GitHub without repositories and tokens.
    pub fn start() -> Self {
        let mut shared = None;
        let server = Server::start(|url| {
            let github = Arc::new(Shared::new(url));
            shared = Some(Arc::clone(&github));
            routes::router(github)
        });
        Self {
            shared: shared.expect("the router was built"),
            _server: server,
        }
    }

    /// The base URL of the API, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The repository of this full name, made with a first commit on `main` if it is new.
    ///
    /// # Panics
    /// When the name is not of the form `owner/name`.
    pub fn repository(&self, full_name: &str) -> Repository {
        let id = self
            .shared
            .lock()
            .repository_named_or_new(full_name, &self.shared);
        Repository {
            shared: Arc::clone(&self.shared),
            id,
        }
    }

    /// A new token with these permissions.
    ///
    /// # Panics
    /// When the permissions name a repository that does not exist.
    pub fn token(&self, permissions: Permissions) -> String {
        self.shared.lock().issue(permissions)
    }

    /// A new App, installed on the repositories that its permissions name (or on all), with them.
    /// Its key is [`App::KEY`].
    pub fn app(&self, permissions: Permissions) -> App {
        let (id, installation) = (self.shared.ids.next(), self.shared.ids.next());
        let app = apps::Registered::new(id, installation, permissions);
        self.shared.lock().apps.push(app);
        App {
            shared: Arc::clone(&self.shared),
            id,
            installation,
        }
    }

    /// Takes a token back: from now on it gets 401.
    pub fn revoke(&self, token: &str) {
        self.shared.lock().token(token).valid = false;
    }

    /// Lets a token expire: GitHub answers as for a revoked one, 401.
    pub fn expire(&self, token: &str) {
        self.revoke(token);
    }

    /// Takes all repositories from a token that stays valid: 404 for everything, as if nothing of
    /// it had ever existed.
    pub fn lose_access(&self, token: &str) {
        self.shared.lock().token(token).repositories = Some(vec![]);
    }

    /// How many requests to the REST API the token's primary limit still allows, and for how long.
    pub fn limit(&self, token: &str, remaining: u32, resets_in: Duration) {
        self.shared
            .lock()
            .token(token)
            .limits
            .set_remaining(remaining, resets_in);
    }

    /// How many points GraphQL's own limit still allows the token, and for how long.
    pub fn graphql_limit(&self, token: &str, remaining: u32, resets_in: Duration) {
        self.shared
            .lock()
            .token(token)
            .graphql
            .set_remaining(remaining, resets_in);
    }

    /// Lets GitHub's clock be so much before this machine's, or behind it.
    pub fn set_clock(&self, ahead: TimeDelta) {
        self.shared.lock().ahead = ahead;
    }

    /// The switches for faults on the wire.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// All requests so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.lock().requests.clear();
    }

    /// Waits for an answered request that `wanted` accepts, made before or after this call.
    ///
    /// # Panics
    /// After 30 seconds without one.
    pub fn wait_for_request(&self, wanted: impl Fn(&Request) -> bool) -> Request {
        self.shared.wait(|state| {
            state
                .requests
                .iter()
                .find(|request| wanted(request))
                .cloned()
        })
    }
}
