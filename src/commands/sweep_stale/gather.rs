//! Everything that a sweep is decided by, read before anything is touched.

mod ages;

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, stream};

use super::super::{
    Start,
    connect::connect,
    forge,
    here::Here,
    lock,
    survey::{Found, survey},
};
use crate::{
    clients::{
        cluster::{Cluster, Storage},
        github::{GitHub, GitHubError, Page, RepositoryFacts, Sight},
    },
    decide::{self, Deployed},
    model::{Branch, Environment, Record, Seen, Slug, Told, labels, place_labels},
    report::Report,
    settings::{Selection, SweepStale},
};

/// How many environments are read at a time.
const AT_ONCE: usize = 8;

/// What a sweep works with, and what it saw.
pub(super) struct Gathered {
    pub github: GitHub,
    pub repository: RepositoryFacts,
    pub cluster: Cluster,
    /// The time, as all ages are counted.
    pub now: DateTime<Utc>,
    /// Why nothing goes by age, if anything says so.
    pub no_age: Option<String>,
    /// What is up, by name.
    pub entries: Vec<Entry>,
    /// What is up of the same app and tier, and of another repository.
    pub others: Vec<Found>,
    /// What GitHub told of each branch.
    pub heads: BTreeMap<Branch, Seen>,
    /// Our deployments of the last days that GitHub lists, and why not, if it does not.
    pub deployments: Result<Vec<Told>, String>,
}

/// One environment, as far as the cluster tells of it.
pub(super) struct Entry {
    pub found: Found,
    /// The branch, or why it is not known.
    pub branch: Result<Branch, String>,
    pub deployed: Deployed,
    /// Whether somebody is at work on it.
    pub held: bool,
}

impl Entry {
    /// The environment, where its branch is known.
    pub(super) fn environment(&self, start: &Start<SweepStale>, id: u64) -> Option<Environment> {
        let (app, tier) = start.settings.app.place();
        let branch = self.branch.as_ref().ok()?;
        Some(Environment {
            app: app.clone(),
            tier: tier.to_owned(),
            branch: branch.clone(),
            repository_id: id,
        })
    }

    /// Its record, where there is one that can be read.
    pub(super) fn record(&self) -> Option<&Record> {
        self.found.record.as_ref().ok()?.as_deref()
    }
}

pub(super) async fn gather(start: &Start<SweepStale>, here: &Here<'_>) -> anyhow::Result<Gathered> {
    let settings = &start.settings;
    let (known, around) = tokio::try_join!(know(settings, here), look_around(start, here.report))?;
    let (github, repository) = known;
    let Around {
        cluster,
        now,
        no_age,
        found,
    } = around;
    let (own, others) = parted(found, repository.id);
    let storage = cluster.storage();
    let own = still_there(&storage, own).await;
    let branches = stream::iter(&own).map(|found| branch(&storage, found, repository.id));
    let branches: Vec<_> = branches.buffered(AT_ONCE).collect().await;
    let deployed = ages::of(&storage, &own, settings, now);
    let seen = look_at_github(&github, repository.id, &branches, settings, now);
    let (deployed, (heads, deployments)) = tokio::join!(deployed, seen);
    let entries = own.into_iter().zip(branches).zip(deployed);
    let entries = entries.map(|((found, branch), deployed)| Entry {
        held: found
            .lease
            .as_ref()
            .is_some_and(|lease| lock::is_held(lease, now)),
        found,
        branch,
        deployed,
    });
    Ok(Gathered {
        entries: entries.collect(),
        github,
        repository,
        cluster,
        now,
        no_age,
        others,
        heads,
        deployments,
    })
}

/// A door to GitHub, and what it tells of the repository.
async fn know(settings: &SweepStale, here: &Here<'_>) -> anyhow::Result<(GitHub, RepositoryFacts)> {
    let repository = settings.github.repository(&here.ci)?;
    let rights = if settings.comment {
        forge::ANNOUNCING
    } else {
        forge::DEPLOYING
    };
    let github = forge::connect(&settings.github, rights, repository, here).await?;
    let repository = github.repository().await.context("nothing is removed")?;
    Ok((github, repository))
}

/// What the listings of the cluster tell, and what time it is there.
struct Around {
    cluster: Cluster,
    now: DateTime<Utc>,
    no_age: Option<String>,
    found: Vec<Found>,
}

async fn look_around(start: &Start<SweepStale>, report: &Report) -> anyhow::Result<Around> {
    let settings = &start.settings;
    let (app, tier) = settings.app.place();
    let cluster = connect(&settings.cluster, &start.sources, report).await?;
    let (labels, now) = (place_labels(app, tier), Utc::now());
    let no_age = async { Ok(no_age(settings, &cluster, now).await) };
    let (found, no_age) =
        tokio::try_join!(survey(&cluster, &labels), no_age).context("nothing is removed")?;
    Ok(Around {
        cluster,
        now,
        no_age,
        found,
    })
}

/// What is of the repository with this id, and what is another's. What does not tell is not judged.
fn parted(found: Vec<Found>, id: u64) -> (Vec<Found>, Vec<Found>) {
    let found = found
        .into_iter()
        .map(|found| match found.repository.is_empty() {
            true => Found {
                record: Err(format!("it has no label {}", labels::REPOSITORY)),
                ..found
            },
            false => found,
        });
    let id = id.to_string();
    found.partition(|it| it.repository.is_empty() || it.repository == id)
}

/// Whether the clocks disagree too much for ages to mean anything.
async fn no_age(settings: &SweepStale, cluster: &Cluster, now: DateTime<Utc>) -> Option<String> {
    if !settings.removes(Selection::Age) {
        return None;
    }
    match cluster.clock().await {
        Ok(theirs) => decide::skew(now, theirs),
        Err(error) => Some(format!("{error}: nothing goes by age")),
    }
}

/// Without what has gone since its releases were listed.
async fn still_there(storage: &Storage, found: Vec<Found>) -> Vec<Found> {
    let found = stream::iter(found).map(async |found| {
        let went = went_meanwhile(storage, &found).await;
        (!went).then_some(found)
    });
    let there = found.buffered(AT_ONCE).filter_map(async |found| found);
    there.collect().await
}

/// Whether it has gone since its releases were listed: the listings are not of one moment, and another
/// sweep may have removed it between them.
async fn went_meanwhile(storage: &Storage, found: &Found) -> bool {
    if found.lease.is_some() {
        return false;
    }
    for newest in &found.newest {
        let kept = storage.revisions(&newest.release).await;
        if !kept.is_ok_and(|kept| kept.is_empty()) {
            return false;
        }
    }
    true
}

/// The branch, by the record, by the Lease, or by the values of a release whose record is lost.
async fn branch(storage: &Storage, found: &Found, repository_id: u64) -> Result<Branch, String> {
    let branch = match &found.record {
        Err(reason) => return Err(reason.clone()),
        Ok(Some(record)) if record.repository_id != repository_id => {
            return Err("its record and its labels name two repositories".into());
        }
        Ok(Some(record)) => record.branch.clone(),
        Ok(None) => branch_of_lost(storage, found).await?,
    };
    let named = format!("{}-{}", found.app, Slug::of(&branch));
    if named != found.name {
        return Err(format!("its name is not that of its branch {branch}"));
    }
    Ok(branch)
}

async fn branch_of_lost(storage: &Storage, found: &Found) -> Result<Branch, String> {
    if let Some(branch) = found.lease.as_deref().and_then(lock::branch_in) {
        return branch.parse();
    }
    let unknown = "its record is lost, and no value of its releases names the branch: deploy the \
                   branch again, or take it over by `environments adopt`";
    let newest = found.main().ok_or(unknown)?;
    let body = storage.body(newest).await.map_err(|it| it.to_string())?;
    let branch = body.and_then(|body| body.branch);
    branch.ok_or(unknown)?.parse()
}

/// What GitHub tells of the branches, and of the deployments that nobody took up.
async fn look_at_github(
    github: &GitHub,
    id: u64,
    branches: &[Result<Branch, String>],
    settings: &SweepStale,
    now: DateTime<Utc>,
) -> (BTreeMap<Branch, Seen>, Result<Vec<Told>, String>) {
    let (_, tier) = settings.app.place();
    let known = branches.iter().filter_map(|branch| branch.as_ref().ok());
    let asked = known.filter(|_| settings.removes(Selection::Orphans));
    let asked: Vec<Branch> = asked.cloned().collect();
    let tier = settings.removes(Selection::Age).then_some(tier);
    let reason = match github.sight(&asked, tier).await {
        Ok(sight) if sight.repository.id == id => {
            let deployments = recent(github, tier, sight.deployments, now).await;
            return (sight.heads, deployments);
        }
        Ok(Sight { repository, .. }) => {
            format!("GitHub answered for {} in its place", repository.full_name)
        }
        Err(error) => error.to_string(),
    };
    let unknown = |branch: Branch| (branch, Seen::Unknown(reason.clone()));
    (asked.into_iter().map(unknown).collect(), Err(reason))
}

/// The tier's deployments of the last days, page by page.
async fn recent(
    github: &GitHub,
    tier: Option<&str>,
    first: Result<Page, GitHubError>,
    now: DateTime<Utc>,
) -> Result<Vec<Told>, String> {
    let mut page = first.map_err(|error| error.to_string())?;
    let mut recent = Vec::new();
    loop {
        recent.append(&mut page.deployments);
        let oldest = recent.last().map(|told: &Told| told.deployment.created_at);
        let far_enough = oldest.is_none_or(|oldest| now - oldest > decide::LOOKED_AT);
        match (page.next, tier) {
            (Some(next), Some(tier)) if !far_enough => {
                let further = github.further_deployments(tier, &next).await;
                page = further.map_err(|error| error.to_string())?;
            }
            _ => return Ok(recent),
        }
    }
}
