//! One repository as the server keeps it, and all that can happen to it.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    checks::{Checks, CommitStatus},
    deployments::{Deployment, DeploymentState, NewDeployment, NewStatus, Status},
    events::{self, Event, NOTHING},
    git::Git,
    ids::Ids,
    pull_requests::{Comment, PullRequest},
    shapes::User,
    state::Shared,
    webhooks::Hook,
};

/// A repository. Who does things to it is an argument; what it says of itself holds `url`.
#[derive(Debug)]
pub struct Stored {
    pub id: u64,
    pub owner: String,
    pub name: String,
    /// The API's base URL.
    pub url: String,
    pub git: Git,
    pub created_at: DateTime<Utc>,
    pub protected: BTreeSet<String>,
    /// Branches that the default branch cannot be merged into.
    pub conflicting: BTreeSet<String>,
    pub checks: Checks,
    /// Oldest first.
    pub deployments: Vec<Deployment>,
    /// How many statuses a deployment may have.
    pub most_statuses: usize,
    /// Oldest first.
    pub pull_requests: Vec<PullRequest>,
    pub events: Vec<Event>,
    pub hooks: Vec<Hook>,
    ids: Arc<Ids>,
    former_names: Vec<String>,
}

impl Stored {
    /// A private repository with a first commit on `main`.
    pub fn new(full_name: &str, shared: &Shared) -> Self {
        let (owner, name) = split(full_name);
        Self {
            id: shared.ids.next(),
            owner,
            name,
            url: shared.url.clone(),
            git: Git::new(),
            created_at: Utc::now(),
            protected: BTreeSet::new(),
            conflicting: BTreeSet::new(),
            checks: Checks::default(),
            deployments: vec![],
            most_statuses: 100,
            pull_requests: vec![],
            events: vec![],
            hooks: vec![],
            ids: Arc::clone(&shared.ids),
            former_names: vec![],
        }
    }

    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Its own URL in the API.
    pub fn api(&self) -> String {
        format!("{}/repos/{}", self.url, self.full_name())
    }

    /// Its URL by id, which renames do not touch.
    pub fn api_by_id(&self) -> String {
        format!("{}/repositories/{}", self.url, self.id)
    }

    /// Its page for people.
    pub fn html(&self) -> String {
        format!("https://github.com/{}", self.full_name())
    }

    /// GitHub's names of repositories know no case.
    pub fn is_named(&self, full_name: &str) -> bool {
        self.full_name().eq_ignore_ascii_case(full_name)
    }

    pub fn was_named(&self, full_name: &str) -> bool {
        self.former_names
            .iter()
            .any(|former| former.eq_ignore_ascii_case(full_name))
    }

    pub fn rename(&mut self, full_name: &str) {
        self.former_names.push(self.full_name());
        (self.owner, self.name) = split(full_name);
    }

    /// Moves a branch to a commit that is there, making it if need be.
    pub fn move_branch(&mut self, branch: &str, sha: &str, who: &User) {
        let before = self.git.branches.get(branch).cloned();
        self.git.point(branch, sha);
        let before = before.as_deref().unwrap_or(NOTHING);
        self.fire(events::push(
            self,
            &format!("refs/heads/{branch}"),
            before,
            sha,
            who,
        ));
    }

    /// Renames a branch, which stays as protected as it was.
    pub fn rename_branch(&mut self, old: &str, new: &str) {
        self.git.rename(old, new);
        if self.protected.remove(old) {
            self.protected.insert(new.to_owned());
        }
    }

    /// Takes a branch away and tells its `delete` event.
    pub fn delete_branch(&mut self, branch: &str, who: &User) -> Value {
        assert_ne!(
            branch, self.git.default_branch,
            "GitHub keeps the default branch"
        );
        let sha = self.git.branches.remove(branch);
        let sha = sha.unwrap_or_else(|| panic!("no branch {branch:?} to delete"));
        let own = |pull: &&mut PullRequest| pull.head == branch && !pull.of_fork;
        for pull in self.pull_requests.iter_mut().filter(own) {
            pull.open = false;
        }
        self.deleted(&format!("refs/heads/{branch}"), branch, "branch", &sha, who)
    }

    /// Takes a tag away and tells its `delete` event.
    pub fn delete_tag(&mut self, tag: &str, who: &User) -> Value {
        let sha = self.git.tags.remove(tag);
        let sha = sha.unwrap_or_else(|| panic!("no tag {tag:?} to delete"));
        self.deleted(&format!("refs/tags/{tag}"), tag, "tag", &sha, who)
    }

    fn deleted(&mut self, full: &str, name: &str, kind: &str, sha: &str, who: &User) -> Value {
        self.fire(events::push(self, full, sha, NOTHING, who));
        let event = events::delete(self, name, kind, who);
        let payload = event.payload.clone();
        self.fire(event);
        payload
    }

    /// Adds a status to a commit.
    pub fn add_commit_status(&mut self, status: CommitStatus) -> &CommitStatus {
        self.checks.add(CommitStatus {
            id: self.ids.next(),
            ..status
        })
    }

    /// Opens a pull request of a head of this name, and tells its number.
    pub fn open_pull_request(&mut self, head: &str, of_fork: bool) -> u64 {
        let number = self.pull_requests.len() as u64 + 1;
        self.pull_requests.push(PullRequest {
            id: self.ids.next(),
            number,
            head: head.to_owned(),
            of_fork,
            open: true,
            comments: vec![],
        });
        number
    }

    pub fn pull_request(&mut self, number: u64) -> Option<&mut PullRequest> {
        let mut all = self.pull_requests.iter_mut();
        all.find(|one| one.number == number)
    }

    /// Adds a comment to a pull request that is there.
    pub fn comment(&mut self, number: u64, body: &str, who: &User) -> Comment {
        let now = Utc::now();
        let comment = Comment {
            id: self.ids.next(),
            body: body.to_owned(),
            author: who.clone(),
            created_at: now,
            updated_at: now,
        };
        let pull = self.pull_request(number);
        let pull = pull.unwrap_or_else(|| panic!("no pull request {number}"));
        pull.comments.push(comment.clone());
        comment
    }

    /// Makes a deployment; what forbids one was asked before.
    pub fn deploy(&mut self, new: NewDeployment) -> Deployment {
        let deployment = Deployment {
            id: self.ids.next(),
            sha: new.sha,
            reference: new.reference,
            task: new.task,
            original_environment: new.environment.clone(),
            environment: new.environment,
            description: new.description,
            payload: new.payload,
            creator: new.creator,
            transient: new.transient,
            production: new.production,
            created_at: Utc::now(),
            statuses: vec![],
        };
        self.deployments.push(deployment.clone());
        self.fire(events::deployment(self, &deployment));
        deployment
    }

    pub fn deployment(&self, id: u64) -> Option<&Deployment> {
        self.deployments
            .iter()
            .find(|deployment| deployment.id == id)
    }

    /// Posts a status on a deployment that is there, and what follows for earlier ones.
    pub fn post_status(&mut self, id: u64, new: NewStatus) -> Status {
        let status = self.add_status(id, &new);
        if new.auto_inactive && new.state == DeploymentState::Success {
            for other in self.outdone_by(id) {
                let inactive = NewStatus::bare(DeploymentState::Inactive, new.creator.clone());
                self.add_status(other, &inactive);
            }
        }
        status
    }

    fn add_status(&mut self, id: u64, new: &NewStatus) -> Status {
        let status_id = self.ids.next();
        let mut deployments = self.deployments.iter_mut();
        let deployment = deployments.find(|deployment| deployment.id == id);
        let deployment = deployment.unwrap_or_else(|| panic!("no deployment {id}"));
        if let Some(environment) = &new.environment {
            deployment.environment.clone_from(environment);
        }
        let status = Status {
            id: status_id,
            state: new.state,
            description: new.description.clone(),
            log_url: new.log_url.clone(),
            environment_url: new.environment_url.clone(),
            environment: deployment.environment.clone(),
            creator: new.creator.clone(),
            created_at: Utc::now(),
        };
        deployment.statuses.push(status.clone());
        let deployment = deployment.clone();
        self.fire(events::deployment_status(self, &deployment, &status));
        status
    }

    /// The earlier deployments that a success of this one makes inactive.
    fn outdone_by(&self, id: u64) -> Vec<u64> {
        let environment = self
            .deployment(id)
            .map(|deployment| &deployment.environment);
        let earlier = self.deployments.iter().filter(|other| {
            other.id < id && Some(&other.environment) == environment && other.gives_way()
        });
        earlier.map(|other| other.id).collect()
    }

    /// Records an event and hands it to the webhooks that want it.
    pub fn fire(&mut self, event: Event) {
        for hook in self.hooks.iter_mut().filter(|hook| hook.wants(event.name)) {
            hook.deliver(&event);
        }
        self.events.push(event);
    }
}

fn split(full_name: &str) -> (String, String) {
    match full_name.split_once('/') {
        Some((owner, name)) if !owner.is_empty() && !name.is_empty() && !name.contains('/') => {
            (owner.to_owned(), name.to_owned())
        }
        _ => panic!("{full_name:?} is not of the form owner/name"),
    }
}
