//! Every point of a scenario, each in a world of its own.

use std::{
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use testbed::{tools::Tool, wait_until};

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

/// Each point once, the Helms and what follows alternating; with KILL_MATRIX=full every request with
/// each of them.
fn cells(points: &[Point]) -> Vec<Cell<'_>> {
    let all = [0, 1].map(|helm| [Then::Deployed, Then::Deleted].map(|then| (helm, then)));
    let all = all.as_flattened();
    let chosen = |number: usize| match is_full() {
        true => all.to_vec(),
        false => vec![all[number % all.len()]],
    };
    let cells = points.iter().enumerate().flat_map(|(number, point)| {
        chosen(number).into_iter().map(move |(helm, then)| Cell {
            point,
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
    let points = undisturbed(scenario);
    assert!(points.len() > 15, "{points:?}");
    let cells = cells(&points);
    let left = Mutex::new(cells.iter());
    let times = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("nobody panics with it").next();
                    let Some(cell) = next else { return };
                    let time = at(scenario, cell);
                    times.lock().expect("nobody panics with it").extend(time);
                }
            });
        }
    });
    let mut times = times.into_inner().expect("nobody panicked with it");
    times.sort();
    assert!(
        times.len() * 2 > cells.len(),
        "most points were not met again"
    );
    println!(
        "{}: {} points ({} of children), killed {} times, all converged; recovery in {:.1} s (median), \
         {:.1} s (worst), with a lock of 3 s",
        scenario.name,
        points.len(),
        points.iter().filter(|point| point.is_of_child()).count(),
        times.len(),
        times[times.len() / 2].as_secs_f64(),
        times[times.len() - 1].as_secs_f64(),
    );
}

/// The points of the run, as nobody disturbs it.
fn undisturbed(scenario: &Scenario) -> Vec<Point> {
    let site = Site::new(scenario.name);
    let deployment = (scenario.prepare)(&site, HELMS[0]);
    let front = site.namespace.front(&site.kubeconfig);
    let children = Children::new(&site, HELMS[0]);
    site.github.clear_requests();
    (scenario.killed)(&site, HELMS[0], deployment)
        .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
        .env("BRANCH_DEPLOYS_HELM", children.helm())
        .run()
        .ends_with(scenario.status);
    let most = if is_full() { usize::MAX } else { 1 };
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
}
