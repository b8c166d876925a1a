//! `sweep-stale`: removes environments that nobody deployed for days, and those whose branch is gone.

mod announce;
mod carry_out;
mod gather;
mod judged;
mod plan;

use anyhow::Context as _;

use self::{
    announce::announce,
    carry_out::{Due, carry_out},
    gather::{Gathered, gather},
    judged::{judged, of_another},
    plan::{Plan, plan},
};
use super::{
    Start, check,
    here::Here,
    outputs::{self, Page},
    statuses::Statuses,
    stop::{Stop, Stopped},
};
use crate::{
    decide::Verdict,
    model::Ending,
    report::{Judged, Report, Swept, Word},
    settings::{Log, SweepStale},
};

/// What is said of a deployment that nobody ended.
const LOST: &str =
    "nobody took it up, or ended it, within a day: was its webhook lost, its build killed?";

/// What is said of one that another took the place of, and that nobody said it of.
const REPLACED: &str = "a newer deployment is up";

pub(super) async fn run(start: Start<SweepStale>) -> anyhow::Result<Ending> {
    let report = Report::new(start.settings.run.output(), Log::of(&start.variables));
    let here = Here::of(&start, &report)?;
    let stop = Stop::on_signals().context("failed to listen for signals")?;
    if start.settings.check.check {
        return check::sweep_stale(&start, &stop, &report).await;
    }
    let sweep = Sweep {
        start: &start,
        here: &here,
        stop: &stop,
        report: &report,
    };
    match sweep.run().await {
        Err(error) if error.is::<Stopped>() => Ok(stop.ending(Ending::Failed)),
        outcome => outcome,
    }
}

/// What every step of the sweep works with.
struct Sweep<'a> {
    start: &'a Start<SweepStale>,
    here: &'a Here<'a>,
    stop: &'a Stop,
    report: &'a Report,
}

impl Sweep<'_> {
    async fn run(&self) -> anyhow::Result<Ending> {
        let Self {
            start,
            stop,
            report,
            ..
        } = *self;
        let (app, tier) = start.settings.app.place();
        report.heading(&format!("Sweeping {app} on {tier}"));
        let gathered = stop.unless(gather(start, self.here)).await??;
        let plan = stop.unless(plan(start, &gathered)).await?;
        let mut swept = self.planned(&gathered, &plan);
        report.block(&swept.plan(gathered.now));
        for problem in &swept.problems {
            report.warn(problem);
        }
        let mut ending = if plan.brake.is_some() || gathered.no_age.is_some() {
            Ending::Refused
        } else {
            Ending::Done
        };
        let is_unknown = |it: &Judged| it.verdict == Word::Unknown;
        if swept.environments.iter().any(is_unknown) || gathered.deployments.is_err() {
            ending = ending.worse(Ending::Failed);
        }
        if !start.settings.run.dry_run {
            match self.act(&gathered, &plan, &mut swept).await {
                // What was done until then is told.
                Err(error) if error.is::<Stopped>() => {}
                acted => ending = ending.worse(acted?),
            }
        }
        self.conclude(&gathered, swept, ending).await
    }

    /// The plan in words.
    fn planned(&self, gathered: &Gathered, plan: &Plan) -> Swept {
        let entries = gathered.entries.iter().zip(&plan.verdicts);
        let warn_before = self.start.settings.warn_before;
        let judged =
            entries.map(|(entry, verdict)| judged(entry, verdict, gathered.now, warn_before));
        let others = gathered.others.iter();
        let others = others.map(|found| of_another(found, &gathered.repository));
        let environments = judged.chain(others).collect();
        let unlisted = gathered.deployments.as_ref().err();
        let unlisted = unlisted.map(|reason| format!("deployments that nobody took up: {reason}"));
        let problems = [plan.brake.clone(), gathered.no_age.clone(), unlisted];
        Swept {
            environments,
            problems: problems.into_iter().flatten().collect(),
            braked: plan.brake.is_some(),
            lost_deployments: plan.lost.clone(),
            replaced_deployments: plan.replaced.clone(),
            ..Swept::default()
        }
    }

    /// Removes what goes, closes deployments that nobody took up, and announces what goes soon.
    async fn act(
        &self,
        gathered: &Gathered,
        plan: &Plan,
        swept: &mut Swept,
    ) -> anyhow::Result<Ending> {
        let entries = gathered.entries.iter().zip(&plan.verdicts);
        let due = entries.zip(&mut swept.environments);
        let due: Vec<Due<'_>> = due
            .filter(|((_, verdict), _)| plan.carries_out(verdict))
            .filter_map(|((entry, verdict), judged)| match verdict {
                Verdict::Goes(why) => Some(Due { entry, why, judged }),
                Verdict::Stays(_) | Verdict::Unknown(_) => None,
            })
            .collect();
        let mut ending = Ending::Done;
        if !due.is_empty() {
            let carried_out = carry_out(
                self.start,
                &self.here.ci,
                gathered,
                due,
                self.stop,
                self.report,
            );
            ending = ending.worse(carried_out.await?);
        }
        let mut problems = self
            .stop
            .unless(self.close_lost(gathered, plan, swept))
            .await?;
        if self.start.settings.comment {
            let told = announce(self.start, gathered, &swept.environments, self.report);
            problems.extend(self.stop.unless(told).await?);
        }
        for problem in problems {
            self.report.failed(&problem);
            swept.problems.push(problem);
            ending = ending.worse(Ending::Failed);
        }
        Ok(ending)
    }

    /// Makes deployments inactive that nobody took up, or ended, within a day. What could not be done.
    async fn close_lost(&self, gathered: &Gathered, plan: &Plan, swept: &mut Swept) -> Vec<String> {
        let log_url = self.start.settings.lock.log_url(&self.here.ci);
        let statuses = Statuses {
            github: &gathered.github,
            deployment: None,
            log_url: log_url.as_deref(),
        };
        let mut problems = Vec::new();
        let lost = plan
            .lost
            .iter()
            .map(|id| (id, LOST, "nobody took it up, or ended it"));
        let replaced = plan.replaced.iter();
        let replaced = replaced.map(|id| (id, REPLACED, "a newer one is up"));
        for (id, words, told) in lost.chain(replaced) {
            match statuses.retire(*id, words).await {
                Ok(()) => {
                    self.report
                        .done(&format!("deployment {id} is closed: {told}"));
                    swept.closed_deployments.push(*id);
                }
                Err(error) => problems.push(format!("deployment {id} is not closed: {error}")),
            }
        }
        problems
    }

    async fn conclude(
        &self,
        gathered: &Gathered,
        mut swept: Swept,
        ending: Ending,
    ) -> anyhow::Result<Ending> {
        let ending = self.stop.ending(ending);
        swept.message = message(&swept, self.start.settings.run.dry_run);
        swept.state = match ending {
            Ending::Refused => "refused",
            Ending::Done if self.start.settings.run.dry_run => "planned",
            Ending::Done if swept.is_idle() => "nothing",
            Ending::Done => "swept",
            _ => "failed",
        };
        let (app, tier) = self.start.settings.app.place();
        let page = Page {
            context: &format!("branch-deploys-sweep-{app}-{tier}"),
            ending,
            markdown: &swept.markdown(gathered.now),
        };
        let (variables, report) = (&self.start.variables, self.report);
        outputs::publish(
            &[
                ("state", Some(swept.state)),
                ("removed", Some(&swept.removed())),
            ],
            &self.here.ci,
            variables,
            report,
        )
        .await;
        outputs::show(&page, &self.here.ci, variables, report).await;
        self.report.result(ending, &swept.message, &swept);
        Ok(ending)
    }
}

/// What came of the sweep, in a sentence.
fn message(swept: &Swept, dry_run: bool) -> String {
    let count =
        |which: &dyn Fn(&Judged) -> bool| swept.environments.iter().filter(|it| which(it)).count();
    let goes = |it: &Judged| it.verdict == Word::Goes && it.outcome.is_none();
    let held = |it: &Judged| goes(it) && (!dry_run || swept.holds(it));
    let parts = [
        (count(&|it| it.outcome == Some("removed")), "removed"),
        (count(&|it| it.outcome == Some("failed")), "not gone yet"),
        (count(&|it| goes(it) && !held(it)), "would go"),
        (count(&held), "held back"),
        (
            count(&|it| it.verdict == Word::Unknown),
            "not known, so left alone",
        ),
        (
            count(&|it| it.verdict == Word::Stays || it.outcome == Some("stays")),
            "stay",
        ),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if parts.is_empty() {
        return "No environment is up: nothing to do".into();
    }
    format!("Environments: {}", parts.join(", "))
}
