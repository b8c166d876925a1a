//! Asking GitHub for a deployment: once, and only of what the branch is.

use std::time::Duration;

use anyhow::bail;
use chrono::Utc;

use super::{branches, statuses::Statuses};
use crate::{
    clients::github::{Etag, GitHub, GitHubError, NewDeployment, Ref},
    decide::{self, Presence},
    model::{App, Deployment, Halt, Order, Payload, describe},
};

/// How often a deployment is asked for, as long as GitHub leaves in doubt whether it was made.
const ATTEMPTS: u32 = 4;

/// How long GitHub is left alone after the first of them; after later ones longer.
const PAUSE: Duration = Duration::from_millis(500);

/// What is asked of GitHub, by whom.
pub(super) struct Queue<'a> {
    pub github: &'a GitHub,
    /// App and tier.
    pub place: (&'a App, &'a str),
    pub order: &'a Order,
    /// Whether the commit was chosen, though it may not be the branch's head.
    pub on_purpose: bool,
    pub deployed_by: Option<String>,
}

/// What asking came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Queued {
    /// A deployment was made.
    New(u64),
    /// One that asks for the same is under way.
    Joined(u64),
    /// The branch is another commit by now, or gone.
    Superseded(String),
}

/// Whether there is something to ask for.
pub(super) enum Decision {
    /// The deployment of this ref is to be made.
    Make { git_ref: String },
    /// Nothing is.
    Leave(Queued),
}

impl Queue<'_> {
    /// Reads what the branch is and what is under way, and changes nothing.
    pub(super) async fn decide(&self) -> anyhow::Result<Decision> {
        let order = self.order;
        let found = match self.github.branch_ref(&order.branch).await? {
            Some(found) => found,
            None => return self.missing().await,
        };
        if let Some(reason) = self.is_another(&found) {
            return Ok(Decision::Leave(Queued::Superseded(reason)));
        }
        if let Some(id) = self.under_way().await? {
            return Ok(Decision::Leave(Queued::Joined(id)));
        }
        let is_head = found.object.sha == order.commit;
        let git_ref = if is_head {
            order.branch.to_string()
        } else {
            order.commit.to_string()
        };
        Ok(Decision::Make { git_ref })
    }

    /// Why the branch is not what is asked for, by its ref.
    fn is_another(&self, found: &Ref) -> Option<String> {
        let Order { branch, commit, .. } = self.order;
        if found.name != format!("refs/heads/{branch}") {
            let name = found.name.trim_start_matches("refs/heads/");
            return Some(format!("The branch {branch} is called {name} now"));
        }
        let head = &found.object.sha;
        (head != commit && !self.on_purpose).then(|| {
            let (head, commit) = (head.short(), commit.short());
            format!("The branch {branch} is at {head} by now: {commit} is not deployed")
        })
    }

    /// What a branch that GitHub does not show comes to: gone, if GitHub shows others.
    async fn missing(&self) -> anyhow::Result<Decision> {
        let branch = &self.order.branch;
        let default = self.github.repository().await?.default_branch;
        match branches::look_for(self.github, branch, &default).await? {
            Presence::Gone => {
                let reason = format!("There is no branch {branch} at GitHub: it is deleted");
                Ok(Decision::Leave(Queued::Superseded(reason)))
            }
            Presence::There => bail!("the branch {branch} came back just now: run this again"),
            Presence::Unproven(reason) => {
                bail!("whether the branch {branch} is there is not known: {reason}")
            }
        }
    }

    async fn under_way(&self) -> Result<Option<u64>, GitHubError> {
        let listed = self.listed().await?;
        let Some(same) = decide::same(self.order, self.place, &listed) else {
            return Ok(None);
        };
        let mut unknown = Etag::default();
        let statuses = self.github.new_statuses(same.id, &mut unknown).await?;
        let statuses = statuses.unwrap_or_default();
        let under_way = decide::is_under_way(same, &statuses, Utc::now());
        Ok(under_way.then_some(same.id))
    }

    async fn listed(&self) -> Result<Vec<Deployment>, GitHubError> {
        let (app, tier) = self.place;
        self.github
            .newest_deployments(&Deployment::task_of(app), tier)
            .await
    }

    /// Makes the deployment of `git_ref`.
    pub(super) async fn make(&self, git_ref: &str) -> anyhow::Result<Queued> {
        let Order { branch, commit, .. } = self.order;
        let made = match self.create(git_ref).await {
            // GitHub's answer for a ref that it does not know.
            Err(error) if error.status() == Some(422) && git_ref == commit.as_str() => {
                let short = commit.short();
                bail!(Halt::usage(format!(
                    "GitHub knows no commit {short}: was it pushed? ({error})"
                )));
            }
            // GitHub has just shown the branch: so it hides what this token may not do, as it does
            // for tokens of the classic kind.
            Err(error) if error.status() == Some(404) => {
                bail!("the token may make no deployment, and needs deployments: write ({error})");
            }
            made => made?,
        };
        if made.sha == commit.as_str() {
            return Ok(Queued::New(made.id));
        }
        let reason = format!(
            "The branch {branch} moved on: {} is not deployed",
            commit.short()
        );
        let statuses = Statuses {
            github: self.github,
            deployment: None,
            log_url: None,
        };
        statuses.retire(made.id, &reason).await?;
        Ok(Queued::Superseded(reason))
    }

    /// Asks until a deployment with our nonce is known to be there.
    async fn create(&self, git_ref: &str) -> Result<Deployment, GitHubError> {
        let payload = self.payload();
        let description = self.description();
        let (app, tier) = self.place;
        let task = Deployment::task_of(app);
        let new = NewDeployment {
            git_ref,
            task: &task,
            environment: tier,
            description: &description,
            payload: &payload,
        };
        let mut attempt = 1;
        loop {
            match self.github.create_deployment(&new).await {
                Err(error) if error.leaves_doubt() => {
                    tokio::time::sleep(PAUSE * attempt).await;
                    let listed = self.listed().await?;
                    if let Some(made) = decide::by_nonce(&payload.nonce, self.place, &listed) {
                        return Ok(made.clone());
                    }
                    if attempt == ATTEMPTS {
                        return Err(error);
                    }
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    fn payload(&self) -> Payload {
        let order = self.order.clone();
        Payload {
            app: self.place.0.to_string(),
            branch: order.branch,
            commit: order.commit,
            nonce: format!("{:032x}", rand::random::<u128>()),
            migrate: order.migrate,
            keep_for: order.keep_for,
            deployed_by: self.deployed_by.clone(),
        }
    }

    fn description(&self) -> String {
        let Order { branch, commit, .. } = self.order;
        let by = self.deployed_by.as_deref();
        let by = by.map(|name| format!(" for {name}")).unwrap_or_default();
        describe(&format!("{branch} at {}{by}", commit.short()))
    }
}
