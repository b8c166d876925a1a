//! The points of a run: the requests that it sends, itself or by its Helm, and its children.

use std::{collections::BTreeMap, fmt};

use testbed::{
    Front,
    faults::{Effect, Gate, Matcher},
};

use super::children::{Child, Children, Held};
use crate::site::Site;

/// Whom a request is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Door {
    GitHub,
    Cluster,
}

/// A moment of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    Request(Request),
    Child(Child),
}

/// Before a request is heard, or when it was carried out and not answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    door: Door,
    method: String,
    /// With `*` for what differs from run to run.
    path: String,
    /// Which of the requests of this method and path it is, counted from 1.
    nth: usize,
    is_done: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(it) => it.fmt(f),
            Self::Child(it) => {
                let moment = moment(it.is_done);
                write!(f, "{moment} helm {} ({})", it.command, it.nth)
            }
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (moment, method) = (moment(self.is_done), &self.method);
        write!(f, "{moment} {method} {} ({})", self.path, self.nth)
    }
}

fn moment(is_done: bool) -> &'static str {
    if is_done { "after" } else { "before" }
}

/// The points of the run that passed here: at its requests, and before and after each child's work.
pub fn passed(site: &Site, front: &Front, children: &Children, most: usize) -> Vec<Point> {
    let children = children.moments(most).into_iter().map(Point::Child);
    let requests = requests(site, front, most).into_iter().map(Point::Request);
    children.chain(requests).collect()
}

/// Before each request of the run that passed here, and after each that writes. Of the writes of one path
/// no more than `most` count, as a lock is renewed many times, and of the reads one, unless all count.
pub fn requests(site: &Site, front: &Front, most: usize) -> Vec<Request> {
    let namespace = site.namespace.name();
    let cluster = front.passed().into_iter();
    let cluster = cluster.map(|it| {
        let path = without_pod(&it.path.replace(namespace, "*"));
        (Door::Cluster, it.method, path)
    });
    let github = site.github.requests().into_iter();
    let github = github.map(|it| (Door::GitHub, it.method, it.path));
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    for request in github.chain(cluster) {
        *seen.entry(request).or_default() += 1;
    }
    let reads = if most == usize::MAX { most } else { 1 };
    let mut points = Vec::new();
    for ((door, method, path), count) in seen {
        let most = if method == "GET" { reads } else { most };
        let moments: &[bool] = if method == "GET" {
            &[false]
        } else {
            &[false, true]
        };
        for (nth, is_done) in
            (1..=count.min(most)).flat_map(|nth| moments.iter().map(move |it| (nth, *it)))
        {
            points.push(Request {
                door,
                method: method.clone(),
                path: path.clone(),
                nth,
                is_done,
            });
        }
    }
    points
}

/// The path with `*` for a pod's name, which the cluster draws.
fn without_pod(path: &str) -> String {
    let Some((before, pod)) = path.split_once("/pods/") else {
        return path.to_owned();
    };
    let (_, rest) = pod.split_once('/').unwrap_or_default();
    let slash = if rest.is_empty() { "" } else { "/" };
    format!("{before}/pods/*{slash}{rest}")
}

impl Point {
    /// Holds the run there, once it comes there.
    pub fn hold(&self, site: &Site, front: &Front, children: &Children) -> Hold {
        match self {
            Self::Request(request) => Hold::Request(request.hold(site, front)),
            Self::Child(child) => Hold::Child(children.hold(child)),
        }
    }

    pub fn is_of_child(&self) -> bool {
        matches!(self, Self::Child(_))
    }
}

impl Request {
    /// Holds the run there, once it comes there.
    pub fn hold(&self, site: &Site, front: &Front) -> Gate {
        let gate = Gate::default();
        let method = self.method.parse().expect("it was one");
        let matcher = Matcher::any(&self.path).method(method).nth(self.nth);
        let effect = match self.is_done {
            true => Effect::hold_after(&gate),
            false => Effect::hold_before(&gate),
        };
        let faults = match self.door {
            Door::GitHub => site.github.faults(),
            Door::Cluster => front.faults(),
        };
        faults.when(matcher).then(effect);
        gate
    }
}

/// A run that waits at its point.
pub enum Hold {
    Request(Gate),
    Child(Held),
}

impl Hold {
    /// Whether the run comes there while `goes_on`.
    pub fn is_reached_while(&self, goes_on: impl FnMut() -> bool) -> bool {
        match self {
            Self::Request(gate) => gate.is_reached_while(goes_on),
            Self::Child(held) => held.is_reached_while(goes_on),
        }
    }

    /// Lets what waits there go on.
    pub fn open(self) {
        match self {
            Self::Request(gate) => gate.open(),
            Self::Child(held) => drop(held),
        }
    }
}
