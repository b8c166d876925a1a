//! Keeping an environment longer than age would.

use anyhow::{Context as _, bail};
use chrono::{TimeDelta, Utc};

use super::{
    super::{
        Start,
        lock::Lock,
        stop::{LEAVE, Stop, WIND_UP},
        survey::{Found, survey},
    },
    branch, request,
};
use crate::{
    clients::cluster::Cluster,
    model::{Branch, Ending, Environment, Halt, Phase, Record},
    report::Report,
    settings::{Ci, Environments, UsageError},
};

pub(super) async fn keep(
    start: &Start<Environments>,
    cluster: &Cluster,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let settings = &start.settings;
    let branch = branch(settings, "keep")?;
    let time = settings
        .keep_for
        .and_then(|time| TimeDelta::from_std(time).ok());
    let until = time.and_then(|time| Utc::now().checked_add_signed(time));
    let until = until.ok_or_else(|| UsageError("how long? --for 14d".into()))?;
    let ci = Ci::read(&start.variables)?;
    let found = stop.unless(survey(cluster, &settings.labels())).await??;
    let environment = known(settings, branch, found)?;
    let request = request(settings, &ci, &environment, "environments keep");
    let acquired = Lock::acquire(cluster.leases(), &request, stop, report);
    let (lock, record) = acquired.await?;
    let noted = match record {
        Some(record) if record.phase == Phase::Removing => {
            Err(Halt::refused(format!("{} is being removed", environment.name())).into())
        }
        Some(record) => {
            let kept = Record {
                keep_until: Some(until),
                kept_because: settings.because.clone(),
                ..record
            };
            match stop.within(WIND_UP, lock.write(&kept)).await {
                Ok(written) => written.map(|()| kept),
                Err(stopped) => Err(stopped.into()),
            }
        }
        None => Err(Halt::usage(format!("nothing is up for {branch}")).into()),
    };
    stop.within(LEAVE, lock.release()).await??;
    let kept = noted?;
    let day = until.format("%Y-%m-%d %H:%M UTC");
    let sentence = format!("{} is kept until {day}", environment.name());
    report.result(Ending::Done, &sentence, &kept);
    Ok(Ending::Done)
}

/// The one environment of the branch.
fn known(
    settings: &Environments,
    branch: &Branch,
    found: Vec<Found>,
) -> anyhow::Result<Environment> {
    let mut of_branch = Vec::new();
    for found in found {
        if let Ok(Some(record)) = found.record
            && record.branch == *branch
        {
            of_branch.push((found.app, found.lease, record));
        }
    }
    let apps: Vec<_> = of_branch.iter().map(|(app, ..)| app.clone()).collect();
    let [(app, Some(lease), record)] = &of_branch[..] else {
        if apps.is_empty() {
            let namespace = &settings.cluster.namespace;
            bail!(Halt::usage(format!(
                "nothing is up for {branch} in {namespace}"
            )));
        }
        bail!(Halt::usage(format!(
            "several apps are up for {branch}: choose by --app, of {}",
            apps.join(", ")
        )));
    };
    let labels = lease.metadata.labels.clone().unwrap_or_default();
    let tier = labels.get(crate::model::labels::TIER);
    Ok(Environment {
        app: app.parse().map_err(Halt::usage)?,
        tier: tier.cloned().context("the record's tier is missing")?,
        branch: record.branch.clone(),
        repository_id: record.repository_id,
    })
}
