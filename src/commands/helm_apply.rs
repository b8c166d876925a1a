//! `helm-apply`: takes a deployment and makes the environment.

mod answered;
mod conclude;
mod gather;
mod heed;
mod land;
mod refused;
mod room;
mod settle;

use anyhow::Context as _;

pub(super) use self::gather::{Laid, lay_out};
use self::{
    conclude::conclude,
    gather::{Gathered, gather},
    land::land,
};
use super::{
    Start, check,
    explain::Explanations,
    lock::{self, Lock},
    stop::{Reason, Stop, Stopped},
};
use crate::{
    model::{Ending, Holder, Wish},
    report::{Deployed, Report},
    settings::{HelmApply, Log},
};

pub(super) async fn run(start: Start<HelmApply>) -> anyhow::Result<Ending> {
    let report = Report::new(start.settings.run.output(), Log::of(&start.variables));
    let stop = Stop::on_signals().context("failed to listen for signals")?;
    if start.settings.check.check {
        return check::helm_apply(&start, &stop, &report).await;
    }
    let gathered = match stop.unless(gather(&start, &report)).await {
        Ok(Some(gathered)) => gathered?,
        Ok(None) => return Ok(Ending::Done),
        Err(_) => return Ok(stopped_before(&stop)),
    };
    let plan = &gathered.plan;
    report.heading(&plan.heading());
    if start.settings.run.dry_run {
        for planned in &plan.releases {
            report.note(&format!("{} from {}", planned.release.name, planned.chart));
        }
        let message = "Nothing was done: this was a dry run".to_owned();
        report.result(
            Ending::Done,
            &message,
            &gathered.result("planned", &message),
        );
        return Ok(Ending::Done);
    }
    let request = request(&gathered);
    let acquired = Lock::acquire(gathered.cluster.leases(), &request, &stop, &report);
    let (lock, record) = match acquired.await {
        Err(error) if error.is::<Stopped>() => return Ok(stopped_before(&stop)),
        acquired => acquired?,
    };
    report.done("lock held");
    let found = Explanations::default();
    let verdict = land(&gathered, &lock, record, &stop, &report, &found).await;
    let failures = found.all().clone();
    conclude(&start, &gathered, lock, verdict, failures, &stop, &report).await
}

fn request(gathered: &Gathered) -> lock::Request<'_> {
    let plan = &gathered.plan;
    lock::Request {
        environment: &plan.environment,
        holder: Holder {
            program: "helm-apply".into(),
            log_url: plan.log_url.clone(),
            deployment: plan.deployment,
        },
        wish: plan.deployment.map(Wish::Deploy),
        duration: gathered.lock_duration,
        timeout: gathered.lock_timeout,
    }
}

/// How a command ends that was stopped before it held the lock: nothing is posted.
fn stopped_before(stop: &Stop) -> Ending {
    match stop.reason() {
        Some(Reason::Signal(number)) => Ending::Signal(number),
        Some(Reason::Superseded(_) | Reason::BranchGone) => Ending::Superseded,
        Some(Reason::LockLost(_)) | None => Ending::Failed,
    }
}

impl Gathered {
    /// What `--output json` prints.
    fn result(&self, state: &'static str, message: &str) -> Deployed {
        let plan = &self.plan;
        let up = matches!(state, "success" | "up");
        let releases = plan.releases.iter().filter(|_| up);
        Deployed {
            environment: plan.environment.name(),
            branch: plan.environment.branch.to_string(),
            commit: plan.commit.to_string(),
            state,
            deployment: plan.deployment,
            url: plan.url.clone(),
            releases: releases
                .map(|planned| planned.release.name.clone())
                .collect(),
            message: message.to_owned(),
            failures: Vec::new(),
        }
    }
}
