//! What is up.

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, stream};

use super::super::{
    lock,
    survey::{Found, survey},
};
use crate::{
    clients::cluster::Cluster,
    decide::{Leaving, leaving},
    model::{Ending, Phase, Record, StoredRelease},
    report::{Report, Shown, span},
    settings::Environments,
};

/// How many bodies of releases are read at a time.
const AT_ONCE: usize = 8;

pub(super) async fn list(
    settings: &Environments,
    cluster: &Cluster,
    report: &Report,
) -> anyhow::Result<Ending> {
    let storage = cluster.storage();
    let found = survey(cluster, &settings.labels()).await?;
    let now = Utc::now();
    let shown = stream::iter(found).map(async |found| {
        let newest = match found.main() {
            Some(newest) => storage.body(newest).await.map_err(|it| it.to_string()),
            None => Ok(None),
        };
        show(&found, &newest, settings, now)
    });
    let shown: Vec<Shown> = shown.buffered(AT_ONCE).collect().await;
    report.table(&shown, now);
    let namespace = &settings.cluster.namespace;
    let count = match shown.len() {
        0 => format!("No environment is up in {namespace}"),
        1 => format!("1 environment in {namespace}"),
        count => format!("{count} environments in {namespace}"),
    };
    report.result(Ending::Done, &count, &shown);
    Ok(Ending::Done)
}

fn show(
    found: &Found,
    stored: &Result<Option<StoredRelease>, String>,
    settings: &Environments,
    now: DateTime<Utc>,
) -> Shown {
    let newest = stored.as_ref().ok().and_then(Option::as_ref);
    let last_deployed = newest.and_then(|newest| newest.last_deployed);
    let record = found.record.as_ref().ok().and_then(Option::as_deref);
    let held = found
        .lease
        .as_deref()
        .filter(|lease| lock::is_held(lease, now));
    let (goes, why) = match (record, &found.record, stored) {
        (_, Err(reason), _) | (_, _, Err(reason)) => (None, reason.clone()),
        (Some(record), ..) => when(
            record,
            leaving(record, last_deployed, settings.age.max_age),
            settings,
        ),
        (None, ..) if found.lease.is_some() => (None, "nothing of it was made yet".into()),
        (None, ..) => {
            let why = "its record is lost: the next deploy or sweep of the branch makes it anew";
            (None, why.into())
        }
    };
    let branch = record.map(|record| record.branch.to_string());
    Shown {
        environment: found.name.clone(),
        app: found.app.clone(),
        branch: branch.or_else(|| newest?.branch.clone()),
        commit: record.and_then(|record| record.commit.as_ref().map(ToString::to_string)),
        state: state(found, record, held.is_some()),
        url: record.and_then(|record| record.url.clone()),
        last_deployed,
        deployed_by: record.and_then(|record| record.deployed_by.clone()),
        goes,
        why,
        log_url: held.and_then(lock::holder_of).and_then(|it| it.log_url),
    }
}

fn state(found: &Found, record: Option<&Record>, held: bool) -> &'static str {
    match (&found.record, record.map(|record| record.phase)) {
        (Err(_), _) => "unreadable",
        (_, Some(Phase::Up)) if !held => "up",
        (_, Some(Phase::Failed)) if !held => "failed",
        (_, Some(Phase::Removing)) => "removing",
        (_, Some(Phase::Deploying)) if !held => "broken-off",
        (_, None) if !held => "no-record",
        _ => "deploying",
    }
}

/// When age takes it, and why then.
fn when(
    record: &Record,
    leaving: Leaving,
    settings: &Environments,
) -> (Option<DateTime<Utc>>, String) {
    match leaving {
        Leaving::Already => (None, "is being removed".into()),
        Leaving::Unknown => (
            None,
            "not by age: Helm does not tell its last deploy".into(),
        ),
        Leaving::AfterDeploy(time) => {
            let age = span(settings.age.max_age);
            (Some(time), format!("{age} after its last deploy"))
        }
        Leaving::AfterKeep(time) => {
            let because = record.kept_because.as_ref();
            let because = because.map(|reason| format!(" ({reason})"));
            (
                Some(time),
                format!("kept until then{}", because.unwrap_or_default()),
            )
        }
    }
}
