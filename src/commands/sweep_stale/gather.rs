//! Everything that a sweep is decided by, read before anything is touched.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, stream};

use super::super::{
    Start,
    connect::connect,
    forge, lock,
    survey::{self, Found, survey},
};
use crate::{
    clients::{
        cluster::{Cluster, Storage},
        github::{GitHub, RepositoryFacts, Sight},
    },
    decide::{self, Deployed},
    model::{Branch, Environment, Record, Seen, Slug, Status, Told, shared_labels},
    report::Report,
    settings::{Ci, Selection, SweepStale},
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
        self.found.record.as_ref().ok()?.as_ref()
    }
}

pub(super) async fn gather(
    start: &Start<SweepStale>,
    ci: &Ci,
    report: &Report,
) -> anyhow::Result<Gathered> {
    let settings = &start.settings;
    let (app, tier) = settings.app.place();
    let repository = settings.github.repository(ci)?;
    let github = forge::connect(&settings.github, repository, ci, &start.variables, report).await?;
    let repository = github.repository().await.context("nothing is removed")?;
    let cluster = connect(&settings.cluster, &start.sources).await?;
    let labels = shared_labels(app, tier, repository.id);
    let found = survey(&cluster, &labels).await;
    let found = found.context("nothing is removed")?;
    let now = Utc::now();
    let no_age = no_age(settings, &cluster, now).await;
    let storage = cluster.storage();
    let entries =
        stream::iter(found).map(|found| read(&storage, found, repository.id, settings, now));
    let entries: Vec<Entry> = entries.buffered(AT_ONCE).collect().await;
    let mut gathered = Gathered {
        github,
        repository,
        cluster,
        now,
        no_age,
        entries,
        heads: BTreeMap::new(),
        deployments: Ok(Vec::new()),
    };
    gathered.look_at_github(settings).await;
    Ok(gathered)
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

/// Reads of one environment what the listings do not tell, and no more than is needed.
async fn read(
    storage: &Storage,
    found: Found,
    repository_id: u64,
    settings: &SweepStale,
    now: DateTime<Utc>,
) -> Entry {
    let held = found.lease.as_ref();
    Entry {
        held: held.is_some_and(|lease| lock::is_held(lease, now)),
        branch: branch(storage, &found, repository_id).await,
        deployed: deployed(storage, &found, settings, now).await,
        found,
    }
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
    if let Some(branch) = found.lease.as_ref().and_then(lock::branch_in) {
        return branch.parse();
    }
    let unknown = "its record is lost, and no value of its releases names the branch: deploy the \
                   branch again, or take it over by `environments adopt`";
    let newest = found.main().ok_or(unknown)?;
    let body = storage.body(newest).await.map_err(|it| it.to_string())?;
    let branch = body.and_then(|body| body.branch);
    branch.ok_or(unknown)?.parse()
}

/// When it was last deployed. A body is read only where the age of its Secret leaves that open:
/// Helm makes the newest revision's within a second of the deploy's begin.
async fn deployed(
    storage: &Storage,
    found: &Found,
    settings: &SweepStale,
    now: DateTime<Utc>,
) -> Deployed {
    let created = found
        .newest
        .iter()
        .filter_map(|newest| newest.created)
        .max();
    let Some(created) = created else {
        let held = found.lease.as_ref().and_then(lock::last_held);
        let unknown = || Deployed::Unknown("nothing tells when it was last deployed".into());
        return held.map_or_else(unknown, Deployed::Empty);
    };
    let horizon = settings.age.max_age.saturating_sub(settings.warn_before);
    let is_young = (now - created).to_std().is_ok_and(|age| age < horizon);
    let is_known = found
        .newest
        .iter()
        .all(|it| !matches!(it.status, Status::Unknown(_)));
    if !settings.removes(Selection::Age) || (is_young && is_known) {
        return Deployed::NotBefore(created);
    }
    match survey::newest_deploy(storage, &found.newest).await {
        Ok(Some(time)) => Deployed::At(time),
        Ok(None) => Deployed::Unknown("Helm does not tell when it was last deployed".into()),
        Err(error) => Deployed::Unknown(format!("{error:#}")),
    }
}

impl Gathered {
    /// What GitHub tells of the branches, and of the deployments that nobody took up.
    async fn look_at_github(&mut self, settings: &SweepStale) {
        let (_, tier) = settings.app.place();
        let known = self
            .entries
            .iter()
            .filter_map(|entry| entry.branch.as_ref().ok());
        let branches: Vec<Branch> = known
            .filter(|_| settings.removes(Selection::Orphans))
            .cloned()
            .collect();
        match self.github.sight(&branches, tier).await {
            Ok(sight) if sight.repository.id == self.repository.id => {
                self.heads = sight.heads.clone();
                self.deployments = self.recent(settings, sight).await;
            }
            Ok(sight) => self.saw_nothing(
                &branches,
                format!(
                    "GitHub answered for {} in its place",
                    sight.repository.full_name
                ),
            ),
            Err(error) => self.saw_nothing(&branches, error.to_string()),
        }
    }

    fn saw_nothing(&mut self, branches: &[Branch], reason: String) {
        let unknown = |branch: &Branch| (branch.clone(), Seen::Unknown(reason.clone()));
        self.heads = branches.iter().map(unknown).collect();
        self.deployments = Err(reason);
    }

    /// The deployments of the last days, page by page.
    async fn recent(&self, settings: &SweepStale, sight: Sight) -> Result<Vec<Told>, String> {
        let (_, tier) = settings.app.place();
        let mut page = sight.deployments.map_err(|error| error.to_string())?;
        let mut recent = Vec::new();
        loop {
            recent.append(&mut page.deployments);
            let oldest = recent.last().map(|told| told.deployment.created_at);
            let far_enough = oldest.is_none_or(|oldest| self.now - oldest > decide::LOOKED_AT);
            match page.next {
                Some(next) if !far_enough && settings.removes(Selection::Age) => {
                    let further = self.github.further_deployments(tier, &next).await;
                    page = further.map_err(|error| error.to_string())?;
                }
                Some(_) | None => return Ok(recent),
            }
        }
    }
}
