//! A look at an object that a removed release named: whose it is, and whether it is still there.

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::super::site::Site;
use crate::{
    clients::cluster::{Deleted, Found, Live},
    decide::{Fate, Marks, fate, holds_dependents},
    model::ObjectKey,
};

/// How many objects are looked at at a time.
const AT_ONCE: usize = 8;

/// How often one that changes meanwhile is looked at again.
const CHANGES: usize = 10;

/// What a look at an object shows.
pub(super) enum Sight {
    Gone,
    Kept,
    Stranger,
    /// It was asked to go, and why it is there nevertheless.
    Going(String),
    /// It was not asked to go yet, for this reason.
    There(String),
}

/// Looks at each of these objects, and deletes those that are ours. What the cluster refuses of one
/// is told with it.
///
/// # Errors
/// Where nothing may be changed any more.
pub(super) async fn look_at(
    site: &Site<'_>,
    keys: Vec<ObjectKey>,
    releases: &[&str],
) -> anyhow::Result<Vec<(ObjectKey, anyhow::Result<Sight>)>> {
    let looks = stream::iter(keys).map(async |key| {
        site.ready()?;
        let sight = look(site, &key, releases).await;
        anyhow::Ok((key, sight))
    });
    looks.buffered(AT_ONCE).try_collect().await
}

/// Looks at one object, and deletes it if it is ours and nobody asked for that yet. One that changes in
/// between, as a Deployment whose pods come and go, is looked at again.
async fn look(site: &Site<'_>, key: &ObjectKey, releases: &[&str]) -> anyhow::Result<Sight> {
    for _ in 0..CHANGES {
        if let Some(sight) = look_once(site, key, releases).await? {
            return Ok(sight);
        }
    }
    Ok(Sight::There("it keeps changing".to_owned()))
}

/// None where it changed after it was read.
async fn look_once(
    site: &Site<'_>,
    key: &ObjectKey,
    releases: &[&str],
) -> anyhow::Result<Option<Sight>> {
    let live = match site.objects.find(key).await? {
        Found::There(live) => live,
        Found::Gone => return Ok(Some(Sight::Gone)),
        Found::NoSuchKind => {
            site.report.note(&format!(
                "{key}: the cluster knows no kind {} of {} any more, in any version",
                key.kind, key.api_version
            ));
            return Ok(Some(Sight::Gone));
        }
    };
    let marks = Marks {
        release: live.annotation("meta.helm.sh/release-name"),
        namespace: live.annotation("meta.helm.sh/release-namespace"),
        hook: live.annotation("helm.sh/hook"),
        policy: live.annotation("helm.sh/resource-policy"),
        instance: live.label("app.kubernetes.io/instance"),
    };
    Ok(Some(match fate(key, marks, releases, site.namespace) {
        Fate::Kept => Sight::Kept,
        Fate::Stranger => Sight::Stranger,
        Fate::Goes if live.is_terminating() => Sight::Going(waits_for(&live)),
        Fate::Goes if marks.hook.is_some() && site.objects.runs(key).await? => {
            Sight::There("it still runs".to_owned())
        }
        Fate::Goes => {
            // It was read before this: what a newcomer has made since is another object to the server.
            site.ready()?;
            match site.objects.delete(&live, holds_dependents(key)).await? {
                Deleted::Gone => Sight::Gone,
                Deleted::Going => Sight::Going("asked to go".to_owned()),
                Deleted::Changed => return Ok(None),
            }
        }
    }))
}

fn waits_for(live: &Live) -> String {
    match live.finalizers() {
        finalizers if finalizers.is_empty() => "going".to_owned(),
        finalizers => format!("waits for {}", finalizers.join(", ")),
    }
}
