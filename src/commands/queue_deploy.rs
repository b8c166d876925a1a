//! `queue-deploy`: asks GitHub for the deployment of a branch, which starts its deploy build.

use anyhow::Context as _;

use super::{
    Start, check,
    follow::{self, follow},
    forge,
    here::Here,
    link::link,
    outputs,
    queue::{Decision, Queue, Queued},
    stop::Stop,
};
use crate::{
    clients::github::GitHub,
    model::{Ending, Halt, Order, without_passwords},
    report::{self, Report},
    settings::{Ci, Log, Pages, QueueDeploy},
};

pub(super) async fn run(start: Start<QueueDeploy>) -> anyhow::Result<Ending> {
    let report = Report::new(start.settings.run.output(), Log::of(&start.variables));
    let stop = Stop::on_signals().context("failed to listen for signals")?;
    if start.settings.check.check {
        return check::queue_deploy(&start, &stop, &report).await;
    }
    let plan = Plan::of(start, &report).await?;
    let outcome = match stop.unless(plan.carry_out(&report)).await {
        Ok(outcome) => outcome?,
        Err(_) => return Ok(stopped(&stop, &report)),
    };
    plan.publish(&outcome, &report).await;
    let result = plan.result(&outcome);
    report.result(outcome.ending, &outcome.message, &result);
    Ok(outcome.ending)
}

/// A deploy that was asked for goes on without us.
fn stopped(stop: &Stop, report: &Report) -> Ending {
    report.note("stopped waiting: a deployment that is queued goes on, at GitHub and in its build");
    stop.ending(Ending::Failed)
}

/// All that asking is decided by.
struct Plan {
    settings: QueueDeploy,
    ci: Ci,
    variables: crate::settings::Variables,
    github: GitHub,
    pages: Pages,
    order: Order,
    url: Option<String>,
}

/// How it came out.
struct Outcome {
    ending: Ending,
    state: &'static str,
    deployment: Option<u64>,
    message: String,
}

impl Plan {
    async fn of(start: Start<QueueDeploy>, report: &Report) -> anyhow::Result<Self> {
        let here = Here::of(&start, report)?;
        let (settings, ci) = (&start.settings, &here.ci);
        if let Some(fork) = ci.fork()? {
            return Err(Halt::refused(format!(
                "this builds a pull request of the fork {}: its code is not deployed (if that is the \
                 repository's own new name, give it to the pipeline)",
                without_passwords(&fork)
            ))
            .into());
        }
        let options = &settings.github;
        let order = settings.order.order(ci)?;
        let code = (&order.branch, &order.commit);
        let url = link(
            settings.url.as_ref(),
            settings.app.place(),
            code,
            here.sources,
        )?;
        let repository = options.repository(ci)?;
        let pages = options.pages(ci, &repository);
        let github = forge::connect(options, forge::DEPLOYING, repository, &here).await?;
        Ok(Self {
            ci: here.ci,
            settings: start.settings,
            variables: start.variables,
            github,
            pages,
            order,
            url,
        })
    }

    async fn carry_out(&self, report: &Report) -> anyhow::Result<Outcome> {
        let Order { branch, commit, .. } = &self.order;
        if let Some(pattern) = self.settings.skips(branch) {
            let message = format!("Skipped: --skip-branch {pattern} covers {branch}");
            return Ok(Outcome::done("skipped", None, message));
        }
        let (_, tier) = self.settings.app.place();
        report.heading(&format!(
            "Queueing {branch} at {} for {tier}",
            commit.short()
        ));
        let queue = self.queue();
        let queued = match queue.decide().await? {
            Decision::Leave(queued) => queued,
            Decision::Make { git_ref } if self.settings.run.dry_run => {
                let message = format!("Nothing was done: a deployment of {git_ref} would be made");
                return Ok(Outcome::done("planned", None, message));
            }
            Decision::Make { git_ref } => queue.make(&git_ref).await?,
        };
        let (state, id, message) = match queued {
            Queued::New(id) => ("queued", id, format!("Deployment {id} is queued")),
            Queued::Joined(id) => {
                let message = format!("Deployment {id} asks for the same and is under way: joined");
                ("joined", id, message)
            }
            Queued::Superseded(message) => {
                return Ok(Outcome {
                    ending: Ending::Superseded,
                    state: "superseded",
                    deployment: None,
                    message,
                });
            }
        };
        if !self.settings.wait {
            return Ok(Outcome::done(state, Some(id), message));
        }
        report.done(&message);
        // Whatever becomes of the wait, later steps learn what was queued.
        let queued = Outcome::done(state, Some(id), message);
        self.publish(&queued, report).await;
        let hooks = self.pages.hooks();
        let stage = follow(&self.github, id, self.settings.timeout, |news| {
            follow::tell(news, &hooks, report);
        });
        let (ending, state, message) = report::end_of(&stage.await?);
        Ok(Outcome {
            ending,
            state,
            deployment: Some(id),
            message,
        })
    }

    fn queue(&self) -> Queue<'_> {
        Queue {
            github: &self.github,
            place: self.settings.app.place(),
            order: &self.order,
            on_purpose: self.settings.order.is_on_purpose(&self.ci),
            deployed_by: self.ci.creator(),
        }
    }

    /// What later steps can use.
    async fn publish(&self, outcome: &Outcome, report: &Report) {
        let id = outcome.deployment.map(|id| id.to_string());
        let outputs = [
            ("state", Some(outcome.state)),
            ("deployment-id", id.as_deref()),
            ("url", self.url.as_deref()),
        ];
        outputs::publish(&outputs, &self.ci, &self.variables, report).await;
    }

    /// What `--output json` prints.
    fn result(&self, outcome: &Outcome) -> report::Queued {
        report::Queued {
            branch: self.order.branch.to_string(),
            commit: self.order.commit.to_string(),
            state: outcome.state,
            deployment: outcome.deployment,
            url: self.url.clone(),
            message: outcome.message.clone(),
        }
    }
}

impl Outcome {
    fn done(state: &'static str, deployment: Option<u64>, message: String) -> Self {
        Self {
            ending: Ending::Done,
            state,
            deployment,
            message,
        }
    }
}
