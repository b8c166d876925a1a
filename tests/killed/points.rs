//! The points of a run: the requests that it sends, each by its first occurrence.

use std::{collections::BTreeSet, fmt};

use testbed::{
    Front,
    faults::{Effect, Gate, Matcher},
};

use crate::site::Site;

/// Whom a request is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Door {
    GitHub,
    Cluster,
}

/// A moment of a run: before a request is heard, or when it was carried out and not answered yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    door: Door,
    method: String,
    /// With `*` for what differs from run to run.
    path: String,
    is_done: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = if self.is_done { "after" } else { "before" };
        write!(f, "{moment} {} {}", self.method, self.path)
    }
}

/// The points of the run that passed here: before each request, and after each that writes.
pub fn passed(site: &Site, front: &Front) -> Vec<Point> {
    let namespace = site.namespace.name();
    let cluster = front.passed().into_iter();
    let cluster = cluster.map(|it| (Door::Cluster, it.method, it.path.replace(namespace, "*")));
    let github = site.github.requests().into_iter();
    let github = github.map(|it| (Door::GitHub, it.method, it.path));
    let all: BTreeSet<_> = github.chain(cluster).collect();
    let moments = all.into_iter().flat_map(|(door, method, path)| {
        let writes = method != "GET";
        let of = |is_done| Point {
            door,
            method: method.clone(),
            path: path.clone(),
            is_done,
        };
        [Some(of(false)), writes.then(|| of(true))]
    });
    moments.flatten().collect()
}

impl Point {
    /// Holds the run there, once it comes there.
    pub fn hold(&self, site: &Site, front: &Front, gate: &Gate) {
        let method = self.method.parse().expect("it was one");
        let matcher = Matcher::any(&self.path).method(method).once();
        let effect = match self.is_done {
            true => Effect::hold_after(gate),
            false => Effect::hold_before(gate),
        };
        let faults = match self.door {
            Door::GitHub => site.github.faults(),
            Door::Cluster => front.faults(),
        };
        faults.when(matcher).then(effect);
    }
}
