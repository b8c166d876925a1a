//! How a lock and its record are written in a Lease, and read from it.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, Utc};
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};

use super::Request;
use crate::{
    decide,
    model::{Environment, Halt, Holder, Record, Wish},
};

/// Annotation with the branch, from the first on: a run that was killed before it wrote a record
/// leaves a Lease that sweeps can judge.
const BRANCH: &str = "branch-deploys/branch";
/// Annotation with the [`Record`].
const RECORD: &str = "branch-deploys/record";
/// Annotation with the [`Holder`].
const HOLDER: &str = "branch-deploys/holder";
/// Annotation with the [`Wish`] of one who waits.
pub(super) const WISH: &str = "branch-deploys/wish";

/// A name for this run that no other has: for people it begins with the machine's.
pub(super) fn identity() -> String {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let random: u64 = rand::random();
    format!("{host}/{}/{random:016x}", std::process::id())
}

pub(super) fn fresh(request: &Request<'_>, identity: &str) -> anyhow::Result<Lease> {
    let lease = Lease {
        metadata: ObjectMeta {
            name: Some(request.environment.name()),
            labels: Some(request.environment.record_labels()),
            annotations: Some(BTreeMap::from([(
                BRANCH.to_owned(),
                request.environment.branch.to_string(),
            )])),
            ..ObjectMeta::default()
        },
        spec: None,
    };
    taken(lease, request, identity)
}

/// `lease` as ours. What its last holder was asked for is done with.
pub(super) fn taken(
    mut lease: Lease,
    request: &Request<'_>,
    identity: &str,
) -> anyhow::Result<Lease> {
    let now = MicroTime(Timestamp::now());
    let spec = lease.spec.get_or_insert_default();
    *spec = LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: Some(request.duration.as_secs().try_into()?),
        acquire_time: Some(now.clone()),
        renew_time: Some(now),
        lease_transitions: Some(spec.lease_transitions.unwrap_or_default() + 1),
        ..LeaseSpec::default()
    };
    let holder = serde_json::to_string(&request.holder).context("failed to write the holder")?;
    set_annotation(&mut lease, HOLDER, Some(holder));
    set_annotation(&mut lease, WISH, None);
    Ok(lease)
}

pub(super) fn renewed(mut lease: Lease) -> Lease {
    lease.spec.get_or_insert_default().renew_time = Some(MicroTime(Timestamp::now()));
    lease
}

/// Whether the Lease is this environment's; a record that cannot be read is nobody's.
pub(super) fn check(lease: &Lease, environment: &Environment) -> anyhow::Result<()> {
    let labels = lease.metadata.labels.clone().unwrap_or_default();
    let record = record(lease)?;
    decide::claim(&labels, record.as_ref(), environment)
        .map_err(|reason| Halt::usage(reason).into())
}

/// The record in a Lease; none where nobody wrote one yet.
pub(in super::super) fn record(lease: &Lease) -> anyhow::Result<Option<Record>> {
    let Some(text) = annotation(lease, RECORD) else {
        return Ok(None);
    };
    let name = lease.metadata.name.as_deref().unwrap_or_default();
    Record::read(text)
        .map(Some)
        .map_err(|reason| anyhow!("the record of {name} is left alone: {reason}"))
}

/// The Lease alone, for those who hold what it remembers already.
pub(in super::super) fn without_record(mut lease: Lease) -> Lease {
    set_annotation(&mut lease, RECORD, None);
    lease
}

/// The branch whose environment a Lease was made for; none in one that an older program made.
pub(in super::super) fn branch(lease: &Lease) -> Option<&str> {
    annotation(lease, BRANCH)
}

/// When a Lease was last held, or else made.
pub(in super::super) fn last_held(lease: &Lease) -> Option<DateTime<Utc>> {
    let renewed = lease
        .spec
        .as_ref()
        .and_then(|spec| spec.renew_time.as_ref());
    let renewed = renewed.map(|time| time.0.as_second());
    let made = || Some(lease.metadata.creation_timestamp.as_ref()?.0.as_second());
    DateTime::from_timestamp(renewed.or_else(made)?, 0)
}

/// A Lease as it matters to those who wait for it.
pub(in super::super) fn seen(lease: &Lease) -> decide::Lease {
    let spec = lease.spec.clone().unwrap_or_default();
    let seconds = spec
        .lease_duration_seconds
        .unwrap_or_default()
        .max(0)
        .unsigned_abs();
    decide::Lease {
        holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
        renewal: format!("{:?} {:?}", spec.renew_time, spec.lease_transitions),
        duration: Duration::from_secs(seconds.into()),
    }
}

/// Whether this run holds the Lease.
pub(super) fn is_of(lease: &Lease, identity: &str) -> bool {
    let holder = lease.spec.as_ref();
    holder.and_then(|spec| spec.holder_identity.as_deref()) == Some(identity)
}

/// Who holds a Lease, since when, and where its log is, in one line.
pub(super) fn holder(lease: &Lease) -> String {
    let spec = lease.spec.clone().unwrap_or_default();
    let holder = holder_of(lease);
    let identity = spec.holder_identity.unwrap_or_default();
    let mut line = match &holder {
        Some(Holder {
            program,
            deployment: Some(id),
            ..
        }) => {
            format!("{program} of deployment {id} ({identity})")
        }
        Some(Holder { program, .. }) => format!("{program} ({identity})"),
        None => identity,
    };
    line.push_str(" holds the lock");
    if let Some(time) = spec.acquire_time {
        line.push_str(&format!(" since {}", time.0.strftime("%H:%M:%S UTC")));
    }
    if let Some(url) = holder.and_then(|holder| holder.log_url) {
        line.push_str(&format!(", its log: {url}"));
    }
    line
}

/// Who holds a Lease, by its own words; none where nobody does, or it cannot be read.
pub(in super::super) fn holder_of(lease: &Lease) -> Option<Holder> {
    annotation(lease, HOLDER).and_then(|text| serde_json::from_str(text).ok())
}

/// Whether somebody holds a Lease at present, by our own clock: for people alone.
pub(in super::super) fn is_held(lease: &Lease, now: DateTime<Utc>) -> bool {
    let Some(spec) = &lease.spec else {
        return false;
    };
    let seconds = i64::from(spec.lease_duration_seconds.unwrap_or_default());
    let renewed = spec.renew_time.as_ref().map(|time| time.0.as_second());
    let held = spec
        .holder_identity
        .as_ref()
        .is_some_and(|holder| !holder.is_empty());
    held && renewed.is_some_and(|renewed| renewed + seconds > now.timestamp())
}

/// Whether a deploy has begun under this Lease.
pub(in super::super) fn has_record(lease: &Lease) -> bool {
    annotation(lease, RECORD).is_some()
}

/// What somebody who waits wants of the holder; none if nobody does, or it cannot be read.
pub(super) fn wish(lease: &Lease) -> Option<Wish> {
    annotation(lease, WISH).and_then(|text| serde_json::from_str(text).ok())
}

/// Writes the record, as text.
pub(super) fn set_record(lease: &mut Lease, record: &str) {
    set_annotation(lease, RECORD, Some(record.to_owned()));
}

/// Nobody's any more.
pub(super) fn free(lease: &mut Lease) {
    lease.spec.get_or_insert_default().holder_identity = None;
    set_annotation(lease, HOLDER, None);
}

fn annotation<'a>(lease: &'a Lease, key: &str) -> Option<&'a str> {
    lease
        .metadata
        .annotations
        .as_ref()?
        .get(key)
        .map(String::as_str)
}

fn set_annotation(lease: &mut Lease, key: &str, value: Option<String>) {
    let annotations = lease.metadata.annotations.get_or_insert_default();
    match value {
        Some(value) => annotations.insert(key.to_owned(), value),
        None => annotations.remove(key),
    };
}
