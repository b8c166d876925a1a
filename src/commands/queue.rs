//! Asking GitHub for a deployment: once, and only of what the branch is.

use std::time::Duration;

use anyhow::bail;
use chrono::Utc;

use super::statuses::Statuses;
use crate::{
    clients::github::{Asked, GitHub, GitHubError, Head, NewDeployment},
    decide,
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
    /// Reads what the branch is and what is under way, by one request, and changes nothing.
    pub(super) async fn decide(&self) -> anyhow::Result<Decision> {
        let order = self.order;
        let asked = self.asked().await?;
        let Some(head) = &asked.head else {
            return self.missing().await;
        };
        if let Some(reason) = self.is_another(head) {
            return Ok(Decision::Leave(Queued::Superseded(reason)));
        }
        let same = decide::same(order, self.place, &asked.deployments);
        if let Some(same) = same.filter(|same| decide::is_under_way(same, Utc::now())) {
            return Ok(Decision::Leave(Queued::Joined(same.deployment.id)));
        }
        let git_ref = if *head.commit() == order.commit {
            order.branch.to_string()
        } else {
            order.commit.to_string()
        };
        Ok(Decision::Make { git_ref })
    }

    async fn asked(&self) -> Result<Asked, GitHubError> {
        let Order { branch, commit, .. } = self.order;
        let (_, tier) = self.place;
        self.github.asked(branch, commit, tier).await
    }

    /// Why the branch is not what is asked for, by where it is.
    fn is_another(&self, head: &Head) -> Option<String> {
        let Order { branch, commit, .. } = self.order;
        if !head.is_of(branch) {
            let name = head.name();
            return Some(format!("The branch {branch} is called {name} now"));
        }
        (head.commit() != commit && !self.on_purpose).then(|| {
            let (head, commit) = (head.commit().short(), commit.short());
            format!("The branch {branch} is at {head} by now: {commit} is not deployed")
        })
    }

    /// What a branch that GitHub does not show comes to: gone, if it is not shown a moment later
    /// either. Nothing is deleted by it.
    async fn missing(&self) -> anyhow::Result<Decision> {
        let branch = &self.order.branch;
        tokio::time::sleep(PAUSE).await;
        if self.asked().await?.head.is_some() {
            bail!("the branch {branch} came back just now: run this again");
        }
        let reason = format!("There is no branch {branch} at GitHub: it is deleted");
        Ok(Decision::Leave(Queued::Superseded(reason)))
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
                    let listed = self.asked().await?.deployments;
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
