//! Every point of a scenario, each in a world of its own.

use std::{
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use testbed::{faults::Gate, tools::Tool, wait_until};

use super::{
    app,
    points::{self, Point},
};
use crate::{
    processes::Process,
    site::{HELMS, Program, Site},
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
        "{}: {} points, killed {} times, all converged; recovery in {:.1} s (median), {:.1} s (worst), \
         with a lock of 3 s",
        scenario.name,
        points.len(),
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
    site.github.clear_requests();
    (scenario.killed)(&site, HELMS[0], deployment)
        .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
        .run()
        .ends_with(scenario.status);
    let most = if is_full() { usize::MAX } else { 1 };
    points::passed(&site, &front, most)
}

/// Kills the run at a point; how long the next one took, if the run came there.
fn at(scenario: &Scenario, cell: &Cell<'_>) -> Option<Duration> {
    let site = Site::new(scenario.name);
    let Cell {
        point,
        helm,
        other,
        then,
    } = *cell;
    let deployment = (scenario.prepare)(&site, helm);
    let front = site.namespace.front(&site.kubeconfig);
    let gate = Gate::default();
    point.hold(&site, &front, &gate);
    let mut killed = (scenario.killed)(&site, helm, deployment)
        .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
        .start();
    let met = gate.is_reached_while(|| killed.runs());
    if met {
        killed.kill_alone();
    }
    gate.open();
    drop(killed);
    let namespace = site.namespace.name();
    wait_until("Helm is gone with it", || {
        Process::helm(namespace).map_or(Ok(()), |helm| Err(format!("{helm:?}")))
    });
    let begun = Instant::now();
    let is_there = site.repository.head("new").is_some();
    if is_there && then == Then::Deployed {
        converges(&site, other, deployment, point);
    } else {
        if is_there {
            site.repository.delete_branch("new");
        }
        is_swept(&site, other, point);
    }
    met.then(|| begun.elapsed())
}

fn converges(site: &Site, helm: Tool, deployment: u64, point: &Point) {
    let ran = site
        .helm_apply(helm, deployment)
        .release(&app("after"))
        .run();
    assert_eq!(ran.status, 0, "killed {point}:\n{ran}");
    let mut made = site.namespace.objects("ConfigMap");
    made.retain(|name| name != "kube-root-ca.crt");
    assert_eq!(made, ["after", "both"], "killed {point}:\n{ran}");
    assert_eq!(
        site.record("hey-new")["phase"],
        "up",
        "killed {point}:\n{ran}"
    );
    assert!(site.is_free("hey-new"), "killed {point}:\n{ran}");
}

fn is_swept(site: &Site, helm: Tool, point: &Point) {
    let ran = site.sweep_deleted(helm, "new").run();
    assert_eq!(ran.status, 0, "killed {point}:\n{ran}");
    assert_eq!(
        site.namespace.inventory(),
        [""; 0],
        "killed {point}:\n{ran}"
    );
}
