//! Asks the cluster for what a program needs of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, future::join_all, stream};

use super::{Here, charts::Made, fact};
use crate::{
    clients::cluster::{Cluster, ClusterError, Rights},
    commands::connect::connect,
    decide::{
        self,
        check::{self, ClusterFacts, Granted, Need, Place, Right, Served, Use},
    },
    model::{Fact, IngressClass, Line, Object, ObjectKey},
    settings::ClusterOptions,
};

/// Of how many kinds rights are asked for at a time.
const AT_ONCE: usize = 8;

/// The lines about the cluster that the settings name.
pub(super) async fn lines(
    options: &ClusterOptions,
    used: Use,
    made: Option<&Made>,
    here: &Here<'_>,
) -> Vec<Line> {
    let cluster = connect(options, here.sources, here.report).await;
    of(&cluster, options, used, made).await
}

/// The lines about a cluster, or why there is no way to it.
pub(super) async fn of(
    cluster: &anyhow::Result<Cluster>,
    options: &ClusterOptions,
    used: Use,
    made: Option<&Made>,
) -> Vec<Line> {
    match cluster {
        Ok(cluster) => connected(cluster, used, made).await,
        Err(error) => check::cluster(&ClusterFacts {
            namespace: options.namespace.clone(),
            reached: Fact::Refused(format!("{error:#}")),
            has_namespace: None,
            rights: Vec::new(),
            skew: None,
        }),
    }
}

async fn connected(cluster: &Cluster, used: Use, made: Option<&Made>) -> Vec<Line> {
    let clock = cluster.clock().await;
    let skew = clock.as_ref().ok().and_then(|it| skew(used, *it));
    let mut facts = ClusterFacts {
        namespace: cluster.target().namespace.clone(),
        reached: told(clock).map(drop),
        has_namespace: None,
        rights: Vec::new(),
        skew,
    };
    if facts.reached != Fact::Told(()) {
        return check::cluster(&facts);
    }
    let rights = cluster.rights();
    if let Err(error) = knows_us(&rights).await {
        facts.reached = Fact::Refused(error.to_string());
        return check::cluster(&facts);
    }
    let (served, unserved) = served(cluster, made).await;
    let wanted = check::rights(used, served.as_deref());
    let made = made.map_or(&[][..], |made| &made.always);
    let (granted, namespace, classes, secrets) = tokio::join!(
        granted(&rights, wanted),
        rights.has_namespace(),
        classes(&rights, made),
        pull_secrets(&rights, made),
    );
    facts.has_namespace = namespace.ok();
    facts.rights = granted;
    [check::cluster(&facts), unserved, classes, secrets].concat()
}

/// Whether the cluster takes us for somebody: to tell the time it takes no account. Nobody, as those are
/// called who come without one, may not ask what they may do, nor do it.
async fn knows_us(rights: &Rights) -> Result<(), ClusterError> {
    match rights
        .has("", "secrets", "list", Some(rights.namespace()))
        .await
    {
        Err(error) if error.status() == Some(401) => Err(error),
        Err(error) if error.status() == Some(403) => match rights.look().await {
            Err(error) if !error.may_pass() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        },
        Ok(_) | Err(_) => Ok(()),
    }
}

/// What is wrong with the clocks: by them only age goes.
fn skew(used: Use, theirs: DateTime<Utc>) -> Option<String> {
    match used {
        Use::Sweep => decide::skew(Utc::now(), theirs),
        Use::Deploy | Use::List | Use::Keep | Use::Adopt => None,
    }
}

async fn granted(rights: &Rights, wanted: Vec<Right>) -> Vec<Granted> {
    let granted = wanted.into_iter().map(|right| async move {
        let Right {
            group,
            resource,
            place,
            ..
        } = &right;
        let namespace = match place {
            Place::Here => Some(rights.namespace()),
            Place::Namespace(other) => Some(other.as_str()),
            Place::Cluster => None,
        };
        let asked = right.verbs.iter();
        let asked = asked.map(|verb| rights.has(group, resource, verb, namespace));
        let verbs = join_all(asked).await.into_iter().map(told).collect();
        Granted { right, verbs }
    });
    stream::iter(granted).buffered(AT_ONCE).collect().await
}

/// The kinds that the charts make, and a line for each that the cluster does not serve.
async fn served<'a>(cluster: &Cluster, made: Option<&'a Made>) -> (Option<Vec<Served>>, Vec<Line>) {
    let Some(made) = made else {
        return (None, Vec::new());
    };
    let objects = cluster.objects();
    let kinds = |made: &'a [Object], need| {
        let kinds = check::kinds(made.iter().map(|object| &object.key)).into_iter();
        kinds.map(move |key| (key, need))
    };
    let kinds = kinds(&made.always, Need::Needed).chain(kinds(&made.to_migrate, Need::Wished));
    let kinds: Vec<_> = kinds.collect();
    let asked = kinds.iter().map(|(key, _)| objects.served(key));
    let own = &cluster.target().namespace;
    let (mut served, mut lines): (Vec<Served>, Vec<Line>) = (Vec::new(), Vec::new());
    for ((key, need), found) in kinds.iter().zip(join_all(asked).await) {
        match told(found) {
            Fact::Told(Some((group, resource, namespaced))) => served.push(Served {
                group,
                resource,
                place: place(key, namespaced, own),
                need: *need,
            }),
            other => {
                let line = check::unserved(key, *need, &other.map(drop));
                // It may be asked for in several namespaces.
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
    }
    served.sort();
    // Of those that are needed and wished for, the needed stand first.
    served.dedup_by(|a, b| (&a.group, &a.resource, &a.place) == (&b.group, &b.resource, &b.place));
    (Some(served), lines)
}

fn place(key: &ObjectKey, namespaced: bool, own: &str) -> Place {
    match &key.namespace {
        _ if !namespaced => Place::Cluster,
        Some(other) if other != own => Place::Namespace(other.clone()),
        Some(_) | None => Place::Here,
    }
}

/// A line for each Ingress class that the charts mean.
async fn classes(rights: &Rights, made: &[Object]) -> Vec<Line> {
    let classes: BTreeSet<_> = made.iter().filter_map(Object::ingress_class).collect();
    let lines = classes.into_iter().map(async |class| {
        let found = match class {
            IngressClass::Named(name) | IngressClass::Annotated(name) => {
                rights.has_ingress_class(name).await
            }
            IngressClass::Default => rights.has_default_ingress_class().await,
        };
        check::ingress_class(class, &told(found))
    });
    join_all(lines).await
}

/// A line for each Secret to pull images by that the charts name and do not make.
async fn pull_secrets(rights: &Rights, made: &[Object]) -> Vec<Line> {
    let lines = check::pull_secrets(made).into_iter().map(async |name| {
        let found = told(rights.has_secret(name).await);
        check::pull_secret(name, &found)
    });
    join_all(lines).await
}

fn told<T>(asked: Result<T, ClusterError>) -> Fact<T> {
    fact(asked, ClusterError::may_pass)
}
