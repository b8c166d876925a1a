//! What an account may have to do in the cluster.

use crate::model::ObjectKey;

/// What an account is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To deploy.
    Deploy,
    /// To take environments away.
    Sweep,
    /// To look at what is up.
    List,
    /// To hold off age.
    Keep,
    /// To take releases over.
    Adopt,
}

/// What becomes of the work without a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It fails.
    Needed,
    /// It is done, unless a chart wants it, or tells less.
    Wished,
}

/// Where objects are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the release's namespace.
    Here,
    /// In another.
    Namespace(String),
    /// In none, as a ClusterRole.
    Cluster,
}

/// What may be done to objects of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// The API group; none for the core's.
    pub group: String,
    /// The kind's plural, as in `pods` or `pods/log`.
    pub resource: String,
    /// As in `get`.
    pub verbs: Vec<&'static str>,
    /// Where the objects are.
    pub place: Place,
    /// What becomes of the work without it.
    pub need: Need,
}

/// A kind of object that a chart makes, as the cluster serves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Served {
    /// The API group; none for the core's.
    pub group: String,
    /// The kind's plural.
    pub resource: String,
    /// Where the chart makes them.
    pub place: Place,
    /// What becomes of the work without the right to them.
    pub need: Need,
}

/// What the work itself takes: group, kind, verbs to deploy, verbs to sweep, what becomes of it without.
type Row = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    Need,
);

const LOCK: &[&str] = &["get", "list", "create", "update", "patch", "delete"];
const LOOK: &[&str] = &["get", "list", "watch"];
const MAKE: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];
const TAKE: &[&str] = &["get", "list", "watch", "delete"];

/// Beside what charts make.
const OWN: [Row; 9] = {
    use Need::{Needed, Wished};
    let helms = &["get", "list", "create", "update", "delete"];
    [
        ("coordination.k8s.io", "leases", LOCK, LOCK, Needed),
        (
            "",
            "secrets",
            helms,
            &["get", "list", "update", "delete"],
            Needed,
        ),
        ("apps", "replicasets", LOOK, &["get", "list"], Needed),
        ("", "pods", LOOK, &["get", "list"], Needed),
        ("apps", "controllerrevisions", &[], &["list"], Needed),
        ("", "persistentvolumeclaims", &[], TAKE, Needed),
        (
            "",
            "persistentvolumeclaims",
            &["list", "watch"],
            &[],
            Wished,
        ),
        ("", "events", &["list", "watch"], &["list"], Wished),
        ("", "pods/log", &["get"], &[], Wished),
    ]
};

/// What charts usually make: group and kind.
const USUAL: [(&str, &str); 7] = [
    ("", "configmaps"),
    ("", "services"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("batch", "jobs"),
    ("networking.k8s.io", "ingresses"),
    ("policy", "poddisruptionbudgets"),
];

/// The rights that a use takes. `made` is what the charts make, where they are known: those kinds are
/// needed then, as they say, and else the usual ones are wished for.
pub fn rights(used: Use, made: Option<&[Served]>) -> Vec<Right> {
    let leases = |verbs: &[&'static str]| of("coordination.k8s.io", "leases", verbs);
    let secrets = |verbs: &[&'static str]| of("", "secrets", verbs);
    let look = &["get", "list"];
    let change = &["get", "list", "update"];
    match used {
        Use::List => return vec![leases(look), secrets(look)],
        Use::Keep => return vec![leases(change), secrets(look)],
        Use::Adopt => return vec![leases(LOCK), secrets(change)],
        Use::Deploy | Use::Sweep => {}
    }
    let own = OWN
        .iter()
        .filter_map(|(group, resource, deploy, sweep, need)| {
            let verbs = if used == Use::Deploy { deploy } else { sweep };
            let right = of(group, resource, verbs);
            (!verbs.is_empty()).then_some(Right {
                need: *need,
                ..right
            })
        });
    own.chain(of_charts(used, made)).collect()
}

fn of_charts(used: Use, made: Option<&[Served]>) -> Vec<Right> {
    let verbs = if used == Use::Deploy { MAKE } else { TAKE };
    match made {
        Some(made) => {
            let right = |kind: &Served| Right {
                place: kind.place.clone(),
                need: kind.need,
                ..of(&kind.group, &kind.resource, verbs)
            };
            made.iter().map(right).collect()
        }
        None => {
            let wished = |(group, resource): &(&str, &str)| Right {
                need: Need::Wished,
                ..of(group, resource, verbs)
            };
            USUAL.iter().map(wished).collect()
        }
    }
}

fn of(group: &str, resource: &str, verbs: &[&'static str]) -> Right {
    Right {
        group: group.to_owned(),
        resource: resource.to_owned(),
        verbs: verbs.to_vec(),
        place: Place::Here,
        need: Need::Needed,
    }
}

/// The kinds that the objects are of, each once for each namespace that they name: one object for each.
pub fn kinds<'a>(objects: impl Iterator<Item = &'a ObjectKey>) -> Vec<&'a ObjectKey> {
    let mut found: Vec<&ObjectKey> = Vec::new();
    for key in objects {
        let same = |it: &&ObjectKey| {
            it.kind == key.kind
                && it.api_version == key.api_version
                && it.namespace == key.namespace
        };
        if !found.iter().any(same) {
            found.push(key);
        }
    }
    found
}

#[cfg(test)]
mod tests;
