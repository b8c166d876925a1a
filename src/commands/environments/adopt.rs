//! Taking over what is up without a record: from then on it is ours, and sweeps find it.

use anyhow::{Context as _, bail};

use super::{
    super::{
        Start, branches, forge,
        here::Here,
        lock::Lock,
        owners::owner_of,
        stop::{LEAVE, Stop, WIND_UP},
    },
    app_to_adopt, branch, request,
};
use crate::{
    clients::cluster::{Cluster, Storage},
    decide::{Owner, Presence},
    model::{Branch, Ending, Environment, Halt, Phase, Record, RecordedRelease, Revision, Status},
    report::Report,
    settings::Environments,
};

pub(super) async fn adopt(
    start: &Start<Environments>,
    cluster: &Cluster,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let settings = &start.settings;
    let branch = branch(settings, "adopt")?;
    let here = Here::of(start, report)?;
    let ci = &here.ci;
    let place = environment(settings, branch, &here);
    let (environment, repository) = stop.unless(place).await??;
    let storage = cluster.storage();
    let listed = releases_of(&storage, &environment);
    let revisions = stop.unless(listed).await??;
    let releases: Vec<_> = revisions
        .chunk_by(|one, next| one.release == next.release)
        .collect();
    let name = environment.name();
    report.heading(&format!("Adopting {name}, of the branch {branch}"));
    for kept in &releases {
        let checked = check(&storage, kept, &environment, report);
        stop.unless(checked).await??;
    }
    let Some(last) = releases.last().and_then(|kept| kept.last()) else {
        let namespace = &settings.cluster.namespace;
        bail!(Halt::usage(format!(
            "there is no release {name} in {namespace} to take over"
        )));
    };
    let request = request(settings, ci, &environment, "environments adopt");
    let acquired = Lock::acquire(cluster.leases(), &request, stop, report);
    let (lock, record) = acquired.await?;
    let taken = async {
        let mut record = record.unwrap_or_else(|| {
            let up = last.status == Status::Deployed;
            Record {
                phase: if up { Phase::Up } else { Phase::Failed },
                ..Record::new(&environment, &repository)
            }
        });
        let names = releases.iter().map(|kept| kept[0].release.clone());
        record.add_releases(names.map(RecordedRelease::alone));
        lock.write(&record).await?;
        for revision in &revisions {
            lock.ensure()?;
            storage
                .label(revision, &environment.release_labels())
                .await?;
        }
        anyhow::Ok(record)
    };
    let taken = stop.within(WIND_UP, taken).await;
    stop.within(LEAVE, lock.release()).await??;
    let taken = taken?;
    report.result(
        Ending::Done,
        &format!("{name} is ours from now on"),
        &taken?,
    );
    Ok(Ending::Done)
}

/// The environment of a branch that GitHub proves to be there, and the repository's name.
async fn environment(
    settings: &Environments,
    branch: &Branch,
    here: &Here<'_>,
) -> anyhow::Result<(Environment, String)> {
    let app = app_to_adopt(settings)?.clone();
    let options = &settings.github;
    let repository = options.repository(&here.ci)?;
    let github = forge::connect(options, forge::READING, repository, here).await?;
    let repository = github.repository().await?;
    match branches::look_for(&github, branch, &repository.default_branch).await? {
        Presence::There => {}
        Presence::Gone => bail!(Halt::refused(format!(
            "there is no branch {branch} in {}: a sweep would remove what is adopted for it",
            repository.full_name
        ))),
        Presence::Unproven(reason) => bail!("nothing is known of {branch}: {reason}"),
    }
    let environment = Environment {
        app,
        tier: settings.tier.tier.clone(),
        branch: branch.clone(),
        repository_id: repository.id,
    };
    Ok((environment, repository.full_name))
}

/// The kept revisions of the environment's releases by their names: companions first, since they
/// are removed last.
async fn releases_of(
    storage: &Storage,
    environment: &Environment,
) -> anyhow::Result<Vec<Revision>> {
    let (main, companion) = (environment.name(), environment.companion(""));
    let mut revisions = storage.all().await.context("nothing is adopted")?;
    let is_main = |revision: &Revision| revision.release == main;
    revisions.retain(|it| is_main(it) || it.release.starts_with(&companion));
    revisions.sort_by_key(is_main);
    Ok(revisions)
}

/// Shows a release, and refuses one that is another environment's.
async fn check(
    storage: &Storage,
    kept: &[Revision],
    environment: &Environment,
    report: &Report,
) -> anyhow::Result<()> {
    let Some(newest) = kept.last() else {
        return Ok(());
    };
    let Revision {
        release,
        version,
        status,
        ..
    } = newest;
    match owner_of(storage, kept, environment).await? {
        Owner::Another(reason) => bail!(Halt::usage(format!(
            "the release {release} is another environment's: {reason}"
        ))),
        Owner::Ours => report.note(&format!("{release}: revision {version}, {status}; ours")),
        Owner::Unclaimed | Owner::Nobody => report.note(&format!(
            "{release}: revision {version}, {status}; made by somebody else"
        )),
    }
    Ok(())
}
