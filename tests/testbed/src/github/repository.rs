//! The handle by which tests do things to a repository, and look at it.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use serde_json::Value;

use super::{
    checks::CommitStatus,
    deployments::{Deployment, DeploymentState, NewDeployment, NewStatus},
    events::{self, Event, NOTHING},
    pull_requests::Comment,
    shapes::User,
    state::Shared,
    stored::Stored,
    webhooks::{Hook, Webhook},
};

/// A repository of one GitHub. Clones are the same repository.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
}

impl Repository {
    /// Its numeric id, which a rename does not change.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its name today, as `owner/name`.
    pub fn full_name(&self) -> String {
        self.with(|stored| stored.full_name())
    }

    /// The name of its default branch.
    pub fn default_branch(&self) -> String {
        self.with(|stored| stored.git.default_branch.clone())
    }

    /// Pushes a new commit to a branch, which is made from the default branch if it is new, and
    /// tells its SHA.
    ///
    /// # Panics
    /// When Git refuses the branch's name.
    pub fn push(&self, branch: &str) -> String {
        self.with(|stored| {
            let git = &mut stored.git;
            let parent = git
                .branches
                .get(branch)
                .map_or_else(|| git.default_head(), String::as_str);
            let parents = vec![parent.to_owned()];
            let sha = git.commit(parents, &format!("Work on {branch}"));
            stored.move_branch(branch, &sha, &pusher());
            sha
        })
    }

    /// Points a branch at a commit, whatever it was before; a SHA that is new becomes a commit on
    /// top of the default branch.
    pub fn force_push(&self, branch: &str, sha: &str) {
        self.with(|stored| {
            let parents = vec![stored.git.default_head().to_owned()];
            stored.git.add(sha, parents, &format!("Rework {branch}"));
            stored.move_branch(branch, sha, &pusher());
        });
    }

    /// The commit at the head of a branch; `None` when there is no such branch.
    pub fn head(&self, branch: &str) -> Option<String> {
        self.with(|stored| stored.git.branches.get(branch).cloned())
    }

    /// Deletes a branch, and tells the `delete` event as a workflow's event file holds it.
    ///
    /// # Panics
    /// When there is no such branch, and for the default branch.
    pub fn delete_branch(&self, branch: &str) -> Value {
        self.with(|stored| stored.delete_branch(branch, &pusher()))
    }

    /// Tags the head of the default branch.
    pub fn tag(&self, name: &str) {
        self.with(|stored| {
            let sha = stored.git.default_head().to_owned();
            let before = stored.git.tags.insert(name.to_owned(), sha.clone());
            let before = before.as_deref().unwrap_or(NOTHING);
            let reference = format!("refs/tags/{name}");
            stored.fire(events::push(stored, &reference, before, &sha, &pusher()));
        });
    }

    /// Deletes a tag, and tells the `delete` event as a workflow's event file holds it.
    ///
    /// # Panics
    /// When there is no such tag.
    pub fn delete_tag(&self, name: &str) -> Value {
        self.with(|stored| stored.delete_tag(name, &pusher()))
    }

    /// Gives the repository another name; the old one redirects to its id.
    pub fn rename(&self, full_name: &str) {
        self.with(|stored| stored.rename(full_name));
    }

    /// Renames a branch; its old name redirects in the branches endpoint, and nowhere else.
    ///
    /// # Panics
    /// When there is no such branch.
    pub fn rename_branch(&self, old: &str, new: &str) {
        self.with(|stored| stored.rename_branch(old, new));
    }

    /// Protects a branch.
    pub fn protect(&self, branch: &str) {
        self.with(|stored| stored.protected.insert(branch.to_owned()));
    }

    /// Opens a pull request of a branch into the default branch, and tells its number.
    ///
    /// # Panics
    /// When there is no such branch.
    pub fn open_pull_request(&self, branch: &str) -> u64 {
        self.with(|stored| {
            let is_there = stored.git.branches.contains_key(branch);
            assert!(is_there, "no branch {branch:?} to merge");
            stored.open_pull_request(branch, false)
        })
    }

    /// Opens a pull request of a fork's branch of this name, and tells its number.
    pub fn open_pull_request_of_fork(&self, branch: &str) -> u64 {
        self.with(|stored| stored.open_pull_request(branch, true))
    }

    /// Closes a pull request without merging it.
    ///
    /// # Panics
    /// When there is none of this number.
    pub fn close_pull_request(&self, number: u64) {
        self.with(|stored| {
            let pull = stored.pull_request(number);
            pull.unwrap_or_else(|| panic!("no pull request {number}"))
                .open = false;
        });
    }

    /// Comments on a pull request as somebody.
    ///
    /// # Panics
    /// When there is none of this number.
    pub fn comment(&self, pull_request: u64, body: &str, who: &User) {
        self.with(|stored| {
            stored.comment(pull_request, body, who);
        });
    }

    /// The comments on a pull request, oldest first.
    ///
    /// # Panics
    /// When there is none of this number.
    pub fn comments(&self, pull_request: u64) -> Vec<Comment> {
        self.with(|stored| {
            let pull = stored.pull_request(pull_request);
            let pull = pull.unwrap_or_else(|| panic!("no pull request {pull_request}"));
            pull.comments.clone()
        })
    }

    /// The contexts that a commit needs besides those it has.
    pub fn required_contexts<const N: usize>(&self, contexts: [&str; N]) {
        self.with(|stored| stored.checks.required = contexts.map(str::to_owned).to_vec());
    }

    /// Posts a status on a commit: `error`, `failure`, `pending` or `success`.
    pub fn commit_status(&self, sha: &str, context: &str, state: &str) {
        let status = CommitStatus {
            id: 0,
            sha: sha.to_owned(),
            context: context.to_owned(),
            state: state.to_owned(),
            description: None,
            target_url: None,
            creator: User::bot("ci"),
            created_at: Utc::now(),
        };
        self.with(|stored| {
            stored.add_commit_status(status);
        });
    }

    /// Lets the default branch conflict with this one, so that it cannot be merged into it.
    pub fn conflict(&self, branch: &str) {
        self.with(|stored| stored.conflicting.insert(branch.to_owned()));
    }

    /// How many statuses a deployment may have; 100 unless set.
    pub fn most_statuses(&self, most: usize) {
        self.with(|stored| stored.most_statuses = most);
    }

    /// Makes a transient deployment of a branch, tag or SHA as the app `queue-deploy` would, and
    /// tells its id.
    ///
    /// # Panics
    /// When nothing has that name.
    pub fn deploy(&self, reference: &str, environment: &str, task: &str, payload: Value) -> u64 {
        self.with(|stored| {
            let resolved = stored.git.resolve(reference);
            let sha = resolved
                .unwrap_or_else(|| panic!("no ref found for: {reference}"))
                .sha;
            let deployment = NewDeployment {
                sha,
                reference: reference.to_owned(),
                task: task.to_owned(),
                environment: environment.to_owned(),
                description: None,
                payload,
                creator: User::bot("queue-deploy"),
                transient: true,
                production: false,
            };
            stored.deploy(deployment).id
        })
    }

    /// Lets a deployment have been made so much earlier.
    ///
    /// # Panics
    /// When there is no such deployment.
    pub fn age_deployment(&self, id: u64, by: TimeDelta) {
        self.with(|stored| {
            let mut deployments = stored.deployments.iter_mut();
            let found = deployments.find(|deployment| deployment.id == id);
            found
                .unwrap_or_else(|| panic!("no deployment {id}"))
                .created_at -= by;
        });
    }

    /// Posts a status on a deployment as somebody else, `auto_inactive: false`.
    ///
    /// # Panics
    /// When there is no such deployment.
    pub fn post_status(&self, deployment: u64, state: DeploymentState, who: User) {
        self.with(|stored| {
            stored.post_status(deployment, NewStatus::bare(state, who));
        });
    }

    /// Posts a status on a deployment as its fields say.
    ///
    /// # Panics
    /// When there is no such deployment.
    pub fn post(&self, deployment: u64, status: NewStatus) {
        self.with(|stored| stored.post_status(deployment, status));
    }

    /// All deployments, oldest first.
    pub fn deployments(&self) -> Vec<Deployment> {
        self.with(|stored| stored.deployments.clone())
    }

    /// One deployment.
    ///
    /// # Panics
    /// When there is none of this id.
    pub fn deployment(&self, id: u64) -> Deployment {
        let found = self.with(|stored| stored.deployment(id).cloned());
        found.unwrap_or_else(|| panic!("no deployment {id}"))
    }

    /// Waits until a deployment is as `wanted` says.
    ///
    /// # Panics
    /// After 30 seconds of being otherwise.
    pub fn wait_for_deployment(&self, wanted: impl Fn(&Deployment) -> bool) -> Deployment {
        self.wait(|stored| stored.deployments.iter().find(|one| wanted(one)).cloned())
    }

    /// All events so far, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.with(|stored| stored.events.clone())
    }

    /// Waits for the event after the first `seen` ones.
    ///
    /// # Panics
    /// After 30 seconds without one.
    pub fn next_event(&self, seen: usize) -> Event {
        self.wait(|stored| stored.events.get(seen).cloned())
    }

    /// Delivers these events to a URL from now on, signed with the secret.
    pub fn webhook(&self, url: &str, events: &[&str], secret: &str) -> Webhook {
        let id = self.shared.ids.next();
        let hook = Hook::new(id, url, events, secret, &self.shared, self.id);
        self.with(|stored| stored.hooks.push(hook));
        Webhook {
            repository: self.clone(),
            id,
        }
    }

    /// Does something under the state's lock, and tells all who wait.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Stored) -> T) -> T {
        let result = act(self.shared.lock().repository(self.id));
        self.shared.changed();
        result
    }

    pub(super) fn wait<T>(&self, mut find: impl FnMut(&mut Stored) -> Option<T>) -> T {
        self.shared.wait(|state| find(state.repository(self.id)))
    }
}

/// Whoever pushes in tests.
fn pusher() -> User {
    User::person("octocat")
}
