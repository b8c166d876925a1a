//! Two runs that meet: one is held at each of its requests in turn, and there the other begins.

use std::{fmt, sync::Mutex, thread, time::Duration};

use rustix::process::Signal;
use testbed::{faults::Gate, tools::Tool, wait_until_within};

use crate::{
    killed::points::{self, Point},
    site::{HELMS, Program, Ran, Running, Site},
};

/// How many worlds there are at a time.
const AT_ONCE: usize = 4;

/// Every so manieth request is raced at, unless all are asked for.
const EVERY: usize = 4;

/// Longer than a dead holder's lock and every patience of ours.
const PATIENCE: Duration = Duration::from_secs(60);

/// Two runs, and what was before them.
pub struct Race {
    pub name: &'static str,
    /// Makes what is up before both.
    pub prepare: fn(&Site, Tool),
    /// The run that is held at a request.
    pub held: fn(&Site, Tool) -> Program,
    /// What becomes of it there.
    pub held_by: HeldBy,
    /// What happens in the world while it is held.
    pub meanwhile: fn(&Site),
    /// The run that begins then.
    pub other: fn(&Site, Tool) -> Program,
    /// Sees that what came of both is allowed.
    pub outcome: fn(&Met<'_>),
}

/// How a run is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldBy {
    /// Its request is on its way for so long.
    TheWire,
    /// It is stopped, as by SIGSTOP, until the other has ended.
    APause,
}

/// Two runs that met, and have ended.
pub struct Met<'a> {
    pub site: &'a Site,
    pub point: &'a Point,
    pub held: Ran,
    pub other: Ran,
}

impl fmt::Display for Met<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            point, held, other, ..
        } = self;
        write!(f, "{point}\nthe one held: {held}\nthe other: {other}")
    }
}

impl Met<'_> {
    /// Both ended in one of these ways: the one that was held, and the other.
    #[track_caller]
    pub fn end_with(&self, held: &[i32], other: &[i32]) -> &Self {
        assert!(held.contains(&self.held.status), "{self}");
        assert!(other.contains(&self.other.status), "{self}");
        self
    }

    /// Nothing is in the namespace.
    #[track_caller]
    pub fn leave_nothing(&self) -> &Self {
        assert_eq!(self.site.namespace.inventory(), [""; 0], "{self}");
        self
    }

    /// The environment is up with these objects and no others, and its lock is free.
    #[track_caller]
    pub fn leave_up(&self, deployment: u64, objects: &[&str]) -> &Self {
        let site = self.site;
        let mut made = site.namespace.objects("ConfigMap");
        made.retain(|name| name != "kube-root-ca.crt");
        assert_eq!(made, objects, "{self}");
        let record = site.record("hey-new");
        assert_eq!(record["phase"], "up", "{self}");
        assert_eq!(record["deployed"], deployment, "{self}");
        assert!(site.is_free("hey-new"), "{self}");
        self
    }
}

/// Lets the other run begin at the requests of the held one, in a world of its own for each.
#[track_caller]
pub fn run(race: &Race) {
    let points = undisturbed(race);
    assert!(points.len() > 4, "{points:?}");
    let every = if is_full() { 1 } else { EVERY };
    let points: Vec<&Point> = points.iter().step_by(every).collect();
    let (left, met) = (Mutex::new(points.iter().enumerate()), Mutex::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("nobody panics with it").next();
                    let Some((number, point)) = next else { return };
                    let helms = [HELMS[number % 2], HELMS[(number / 2 + 1) % 2]];
                    let came_there = at(race, point, helms);
                    *met.lock().expect("nobody panics with it") += usize::from(came_there);
                }
            });
        }
    });
    let met = met.into_inner().expect("nobody panicked with it");
    println!("{}: met at {met} of {} points", race.name, points.len());
    assert!(met * 2 > points.len(), "most points were not met again");
}

fn is_full() -> bool {
    std::env::var_os("RACES").is_some_and(|value| value == "full")
}

/// The points of the run that is held, as nobody disturbs it.
fn undisturbed(race: &Race) -> Vec<Point> {
    let site = Site::new(race.name);
    (race.prepare)(&site, HELMS[0]);
    let front = site.namespace.front(&site.kubeconfig);
    site.github.clear_requests();
    (race.held)(&site, HELMS[0])
        .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
        .run()
        .ends_with(0);
    points::passed(&site, &front, 1)
}

/// Lets the other begin while the one is held at a point; whether it came there.
fn at(race: &Race, point: &Point, [helm, others]: [Tool; 2]) -> bool {
    let site = Site::new(race.name);
    (race.prepare)(&site, helm);
    let front = site.namespace.front(&site.kubeconfig);
    let gate = Gate::default();
    point.hold(&site, &front, &gate);
    let mut held = (race.held)(&site, helm)
        .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
        .start();
    let came_there = gate.is_reached_while(|| held.runs());
    let paused = came_there && race.held_by == HeldBy::APause;
    if paused {
        held.signal(Signal::STOP);
    }
    if !came_there || paused {
        // Else the other would be held there.
        gate.open();
    }
    (race.meanwhile)(&site);
    let mut other = (race.other)(&site, others).start();
    wait_until_within(PATIENCE, "the other waits, or one has ended", || {
        let met = is_waited_for(&site) && !paused || !other.runs() || !held.runs();
        met.then_some(()).ok_or("both are at work")
    });
    gate.open();
    if paused {
        held.signal(Signal::CONT);
    }
    let (held, other) = (ended(held), ended(other));
    (race.outcome)(&Met {
        site: &site,
        point,
        held,
        other,
    });
    came_there
}

/// Whether somebody waits for the lock, and has told its holder so.
fn is_waited_for(site: &Site) -> bool {
    let lease = site.namespace.find("Lease", "hey-new");
    lease.is_some_and(|lease| !lease["metadata"]["annotations"]["branch-deploys/wish"].is_null())
}

fn ended(mut running: Running) -> Ran {
    wait_until_within(PATIENCE, "it ends", || {
        (!running.runs()).then_some(()).ok_or("it runs")
    });
    running.end()
}
