//! Buildkite, as strict as the original, for one test: a stateful server on loopback whose jobs
//! are run by the real agent.
//!
//! It serves the REST API (`/v2`), the API of the agents (`/v3`) and what takes GitHub's webhooks
//! (`/deliver`). What real Buildkite refuses (a missing scope, an exhausted limit, a job that was
//! retried already) is refused here with the same status and body. A job runs in a folder of its
//! own with nothing of this process's environment, and no process outlives it.
//!
//! ```no_run
//! # use testbed::{buildkite::{Buildkite, Step}, github::GitHub};
//! let github = GitHub::start();
//! let hey = github.repository("acme/hey");
//! let buildkite = Buildkite::start(&github);
//! let deploy = buildkite
//!     .pipeline("hey-deploy")
//!     .on_deployments(&hey)
//!     .step(Step::new("deploy").command("echo $BUILDKITE_GITHUB_DEPLOYMENT_ID"));
//! let id = hey.deploy("main", "beta", "branch-deploys:hey", Default::default());
//! let build = deploy.await_build(|build| build.deployment.as_ref().is_some_and(|it| it.id == id));
//! assert_eq!(build.await_finished(), "passed");
//! ```

mod agent;
mod answer;
mod build;
mod builds;
mod call;
mod endpoints;
mod gate;
mod guard;
mod ids;
mod limits;
mod pages;
mod pipeline;
mod progress;
mod recorder;
mod routes;
mod runner;
mod shapes;
mod state;
mod statuses;
mod step;
mod stored;
#[cfg(test)]
mod tests;
mod tokens;
mod webhooks;

use std::{mem, path::Path, sync::Arc, time::Duration};

use tokio::sync::mpsc::unbounded_channel;

use crate::{
    faults::Faults,
    github::{GitHub, Permission, Permissions},
    serve::{Server, runtime},
    tools::{self, Tool},
};

pub use build::{Build, Job};
pub use pipeline::Pipeline;
pub use recorder::Request;
pub use step::Step;
pub use stored::{BuildData, Deployment, JobData};

use state::Shared;
use tokens::Token;

/// How long a wait of the API for tests lasts before it panics: a job may deploy for real.
const PATIENCE: Duration = Duration::from_secs(120);

/// The slug of the one organization.
const ORGANIZATION: &str = "acme";

/// A Buildkite of its own; it and all its jobs end when it is dropped.
#[derive(Debug)]
pub struct Buildkite {
    shared: Arc<Shared>,
    _server: Server,
}

impl Buildkite {
    /// Starts a Buildkite without pipelines and tokens, with agents, and as the app `buildkite` at
    /// this GitHub.
    pub fn start(github: &GitHub) -> Self {
        // Built now where it is nowhere to be had: it takes longer than any job is waited for.
        tools::get(Tool::BuildkiteAgent).expect("the agent is there, or can be built");
        let app = Permissions::app("buildkite").write(Permission::Deployments);
        let (statuses, posts) = unbounded_channel();
        runtime().spawn(statuses::carry(github.token(app), posts));
        let mut shared = None;
        let server = Server::start(|url| {
            let buildkite = Arc::new(Shared::new(url, statuses));
            shared = Some(Arc::clone(&buildkite));
            routes::router(buildkite)
        });
        Self {
            shared: shared.expect("the router was built"),
            _server: server,
        }
    }

    /// The base URL of the REST API, without `/v2` and without a trailing slash.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The slug of the organization that all pipelines are in.
    pub fn organization(&self) -> &'static str {
        ORGANIZATION
    }

    /// The pipeline of this slug, made without steps if it is new.
    pub fn pipeline(&self, slug: &str) -> Pipeline {
        let place = self.shared.lock().pipeline_or_new(slug);
        Pipeline {
            shared: Arc::clone(&self.shared),
            place,
            webhook: None,
        }
    }

    /// A new API access token with these scopes, of a user of its own.
    pub fn token(&self, scopes: &[&str]) -> String {
        let token = Token::new(scopes);
        let secret = token.secret.clone();
        self.shared.lock().tokens.push(token);
        secret
    }

    /// Takes a token back: from now on it gets 401.
    ///
    /// # Panics
    /// When it is no token of this Buildkite.
    pub fn revoke(&self, token: &str) {
        let mut state = self.shared.lock();
        let mut tokens = state.tokens.iter_mut();
        let token = tokens.find(|one| one.secret == token);
        token.expect("a token of this Buildkite").valid = false;
    }

    /// How many requests the organization's limit still allows, and for how long.
    pub fn limit(&self, remaining: u32, resets_in: Duration) {
        let mut state = self.shared.lock();
        state.limits.set_remaining(remaining, resets_in);
    }

    /// Sets a variable of the agents' machine, which all jobs have.
    pub fn agent_env(&self, name: &str, value: &str) {
        let mut state = self.shared.lock();
        state.agent_env.insert(name.to_owned(), value.to_owned());
    }

    /// Puts a folder of programs before the others on the agents' `PATH`.
    pub fn agent_path(&self, folder: &Path) {
        self.shared.lock().agent_path.push(folder.to_owned());
    }

    /// Takes the agents away: jobs stay scheduled.
    pub fn stop_agents(&self) {
        self.shared.lock().agents = false;
    }

    /// Brings the agents back, who run what waits for them.
    pub fn start_agents(&self) {
        let mut state = self.shared.lock();
        state.agents = true;
        for place in 0..state.pipelines.len() {
            for number in 1..=state.pipelines[place].builds.len() as u64 {
                progress::advance(&self.shared, &mut state, place, number);
            }
        }
        drop(state);
        self.shared.changed();
    }

    /// The switches for faults on the wire.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// All requests so far, in the order of their arrival: those of the REST API by
    /// [`Request::is_rest`].
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.lock().requests.clear();
    }

    /// Waits for a request that `wanted` accepts, made before or after this call.
    ///
    /// # Panics
    /// When there was none in time.
    pub fn wait_for_request(&self, wanted: impl Fn(&Request) -> bool) -> Request {
        self.shared.wait("a request comes", |state| {
            let mut requests = state.requests.iter();
            requests.find(|request| wanted(request)).cloned()
        })
    }
}

impl Drop for Buildkite {
    /// Returns when no process of a job is left.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.ended = true;
        let running = mem::take(&mut state.running);
        drop(state);
        // Outside the lock, which their tasks may be waiting for.
        drop(running);
    }
}
