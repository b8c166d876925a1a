//! Every point of a scenario, each in a world of its own.

use std::{
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use testbed::{github::DeploymentState::Success, tools::Tool, wait_until};

use super::{
    app,
    children::Children,
    points::{self, Point},
};
use crate::{
    processes::Process,
    site::{HELMS, Program, Ran, Running, Site},
};

/// How many worlds there are at a time: most of a world's time is waiting for a lock.
const AT_ONCE: usize = 6;

/// How many of a run's writes of one method and path are points in `cargo test`.
const SOME: usize = 3;

/// A run, and what was before it.
pub struct Scenario {
    pub name: &'static str,
    /// Makes what is up before the run; the deployment that is the newest then.
    pub prepare: fn(&Site, Tool) -> u64,
    /// The run that is killed.
    pub killed: fn(&Site, Tool, u64) -> Program,
    /// How it ends if nobody kills it.
    pub status: i32,
}

/// What becomes of the branch once the run is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Deployed,
    Deleted,
}

/// One cell of the matrix.
struct Cell<'a> {
    point: &'a Point,
    helm: Tool,
    /// The next run's.
    other: Tool,
    then: Then,
}

/// A point, and the Helms with which a run comes there, by their places in [`HELMS`].
struct Found {
    point: Point,
    helms: Vec<usize>,
}

/// Each point once, the Helms that come there and what follows alternating; with KILL_MATRIX=full every
/// request with each of them. KILL_POINT chooses those whose name holds it.
fn cells(points: &[Found]) -> Vec<Cell<'_>> {
    let only = std::env::var("KILL_POINT").unwrap_or_default();
    let wanted = |found: &&Found| found.point.to_string().contains(&only);
    let cells = points.iter().filter(wanted).enumerate();
    let cells = cells.flat_map(|(number, found)| {
        let each = found.helms.iter();
        let all: Vec<_> = each
            .flat_map(|helm| [(*helm, Then::Deployed), (*helm, Then::Deleted)])
            .collect();
        let chosen = match is_full() {
            true => all,
            // Neighbours are before and after one request: both are met with either Helm.
            false => vec![all[(number + number / 4) % all.len()]],
        };
        chosen.into_iter().map(move |(helm, then)| Cell {
            point: &found.point,
            helm: HELMS[helm],
            other: HELMS[1 - helm],
            then,
        })
    });
    cells.collect()
}

fn is_full() -> bool {
    std::env::var_os("KILL_MATRIX").is_some_and(|value| value == "full")
}

/// Kills the scenario's run at each point, and sees what the next run makes of it.
#[track_caller]
pub fn run(scenario: &Scenario) {
    let points = of_all_helms(scenario);
    assert!(points.len() > 15, "{} points", points.len());
    let cells = cells(&points);
    let left = Mutex::new(cells.iter());
    let met = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("nobody panics with it").next();
                    let Some(cell) = next else { return };
                    let time = at(scenario, cell);
                    met.lock()
                        .expect("nobody panics with it")
                        .push((cell, time));
                }
            });
        }
    });
    let met = met.into_inner().expect("nobody panicked with it");
    tell(scenario, &points, &met);
}

/// Tells how many points there were, at how many of them the run was killed, and where it never came.
fn tell(scenario: &Scenario, points: &[Found], met: &[(&Cell<'_>, Option<Duration>)]) {
    let of = |helm| points.iter().filter(|it| it.helms.contains(&helm)).count();
    let of_children = points.iter().filter(|it| it.point.is_of_child()).count();
    let mut times: Vec<Duration> = met.iter().filter_map(|it| it.1).collect();
    times.sort();
    let passed_by = met.iter().filter(|it| it.1.is_none());
    let passed_by: Vec<_> = passed_by
        .map(|it| format!("{} with {:?}", it.0.point, it.0.helm))
        .collect();
    println!(
        "{}: {} points ({of_children} of children; {} with Helm 3, {} with Helm 4); killed {} times, each \
         converged; not met, and converged: {}; recovery in {:.1} s (median), {:.1} s (worst), with a \
         lock of 3 s",
        scenario.name,
        points.len(),
        of(0),
        of(1),
        times.len(),
        passed_by.len(),
        times
            .get(times.len() / 2)
            .copied()
            .unwrap_or_default()
            .as_secs_f64(),
        times.last().copied().unwrap_or_default().as_secs_f64(),
    );
    for point in &passed_by {
        println!("  not met: {point}");
    }
    assert!(
        passed_by.len() * 4 <= met.len(),
        "{}: too many points were not met again: {passed_by:#?}",
        scenario.name
    );
}

/// The points of all Helms' runs, as nobody disturbs them.
fn of_all_helms(scenario: &Scenario) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for (number, helm) in HELMS.into_iter().enumerate() {
        for point in undisturbed(scenario, helm) {
            match all.iter_mut().find(|found| found.point == point) {
                Some(found) => found.helms.push(number),
                None => all.push(Found {
                    point,
                    helms: vec![number],
                }),
            }
        }
    }
    all
}

/// The points of the run, as nobody disturbs it.
fn undisturbed(scenario: &Scenario, helm: Tool) -> Vec<Point> {
    let site = Site::new(scenario.name);
    let deployment = (scenario.prepare)(&site, helm);
    let front = site.namespace.front(&site.kubeconfig);
    let children = Children::new(&site, helm);
    site.github.clear_requests();
    let run = (scenario.killed)(&site, helm, deployment);
    // Of how often it renews its lock, the first times are enough but for the full matrix.
    let run = if is_full() { run } else { steady(run) };
    run.env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
        .env("BRANCH_DEPLOYS_HELM", children.helm())
        .run()
        .ends_with(scenario.status);
    let most = if is_full() { usize::MAX } else { SOME };
    points::passed(&site, &front, &children, most)
}

/// Kills the run at a point; how long it took from then to the end of the next one, if the run came
/// there.
fn at(scenario: &Scenario, cell: &Cell<'_>) -> Option<Duration> {
    let site = Site::new(scenario.name);
    let Cell { point, helm, .. } = *cell;
    let deployment = (scenario.prepare)(&site, helm);
    let front = site.namespace.front(&site.kubeconfig);
    let children = Children::new(&site, helm);
    let hold = point.hold(&site, &front, &children);
    let mut killed = (scenario.killed)(&site, helm, deployment)
        .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
        .env("BRANCH_DEPLOYS_HELM", children.helm())
        .start();
    let met = hold.is_reached_while(|| killed.runs());
    if met {
        killed.kill_alone();
    }
    let dead = Dead::found(&site);
    let begun = Instant::now();
    drop(killed);
    let next = next_run(&site, cell, deployment);
    // Its Helm waits as well, if the request is Helm's: nothing but the guardian ends it.
    dead.has_no_helm(&site, point);
    hold.open();
    ends_well(next, &site, cell);
    met.then(|| begun.elapsed())
}

/// The run that follows. A branch that a sweep was killed for comes back.
fn next_run(site: &Site, cell: &Cell<'_>, deployment: u64) -> Running {
    let is_there = site.repository.head("new").is_some();
    match cell.then {
        Then::Deployed => {
            let deployment = if is_there {
                deployment
            } else {
                site.push("new")
            };
            let deploy = steady(site.helm_apply(cell.other, deployment));
            deploy.release(&app("after")).start()
        }
        Then::Deleted => {
            if is_there {
                site.repository.delete_branch("new");
            }
            steady(site.sweep_deleted(cell.other, "new")).start()
        }
    }
}

/// The program with a lock that it does not lose though the machine has little time for it. That of
/// the run that is killed is short, since it is waited for.
pub fn steady(program: Program) -> Program {
    program.env("BRANCH_DEPLOYS_LOCK_DURATION", "30s")
}

/// A run that was killed: who held the lock then, and which Helms there were.
struct Dead {
    holder: Value,
    helms: Vec<Process>,
}

impl Dead {
    fn found(site: &Site) -> Self {
        Self {
            holder: holder(site),
            helms: Process::helms(site.namespace.name()),
        }
    }

    /// Sees that its Helms are gone before the next run takes the lock over.
    fn has_no_helm(&self, site: &Site, point: &Point) {
        wait_until(&format!("killed {point}, no Helm of it"), || {
            let alive: Vec<_> = self.helms.iter().filter(|it| it.lives()).collect();
            alive.is_empty().then_some(()).ok_or(format!("{alive:?}"))
        });
        if !self.helms.is_empty() {
            assert_eq!(
                holder(site),
                self.holder,
                "killed {point}: it was there too long"
            );
        }
    }
}

fn ends_well(next: Running, site: &Site, cell: &Cell<'_>) {
    let (point, ran) = (cell.point, next.end());
    assert_eq!(ran.status, 0, "killed {point}:\n{ran}");
    match cell.then {
        Then::Deployed => has_converged(site, point, &ran),
        Then::Deleted => {
            let left = site.namespace.inventory();
            assert_eq!(left, [""; 0], "killed {point}:\n{ran}");
            for deployment in site.repository.deployments() {
                let last = deployment.states().pop();
                assert_ne!(
                    last,
                    Some(Success),
                    "killed {point}: it leads nowhere\n{ran}"
                );
            }
        }
    }
}

/// Who holds the lock: null where nobody does.
fn holder(site: &Site) -> Value {
    let lease = site.namespace.find("Lease", "hey-new");
    lease.map_or(Value::Null, |lease| lease["spec"]["holderIdentity"].clone())
}

fn has_converged(site: &Site, point: &Point, ran: &Ran) {
    let mut made = site.namespace.objects("ConfigMap");
    made.retain(|name| name != "kube-root-ca.crt");
    assert_eq!(made, ["after", "both"], "killed {point}:\n{ran}");
    let phase = &site.record("hey-new")["phase"];
    assert_eq!(phase, "up", "killed {point}:\n{ran}");
    assert!(site.is_free("hey-new"), "killed {point}:\n{ran}");
    let mut deployments = site.repository.deployments().into_iter();
    let newest = deployments.next_back().expect("one was queued").states();
    assert_eq!(newest.last(), Some(&Success), "killed {point}:\n{ran}");
    for older in deployments {
        let last = older.states().pop();
        assert_ne!(last, Some(Success), "killed {point}:\n{ran}");
    }
}
