//! What is done to the world: drawn from a seed, and nothing else.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

/// The branches, some of which only hostile eyes would find alike.
pub const BRANCHES: [&str; 4] = ["new", "New", "feature/log-in", "fix_$(id)"];

/// The apps of the one repository.
pub const APPS: [&str; 2] = ["hey", "hay"];

/// An app's environment of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub app: usize,
    pub branch: usize,
}

impl Place {
    /// All that there are.
    pub fn all() -> impl Iterator<Item = Self> {
        let of = |app| (0..BRANCHES.len()).map(move |branch| Self { app, branch });
        (0..APPS.len()).flat_map(of)
    }

    pub fn app(self) -> &'static str {
        APPS[self.app]
    }

    pub fn branch(self) -> &'static str {
        BRANCHES[self.branch]
    }
}

/// One thing that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A commit is pushed; the branch is made if it is not there.
    Push(usize),
    /// A deployment of the branch's head is asked for.
    Ask(Place),
    /// A build waits for the image of the branch's head, which comes, or never will.
    Gate(usize, bool),
    /// The newest deployment's build runs.
    Deploy(Place),
    /// An older deployment's build is run again.
    Again(Place),
    /// The branch is deleted.
    Delete(usize),
    /// The event of its deletion comes, late or out of order or without one.
    SweepDeleted(Place),
    /// The daily sweep of an app.
    SweepStale(usize),
    /// Nine days pass for what is up.
    Age(Place),
    /// What has to be up is looked at.
    Look,
    /// One of the programs at work meets this; which of them, the number tells.
    Meet(Fate, usize),
    /// Requests at this door go wrong from now on.
    Disturb(Door, Mishap),
    /// Nothing goes wrong any more.
    Heal,
}

/// What a program can meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// SIGKILL, to it alone.
    Killed,
    /// SIGTERM, to all of its group.
    Cancelled,
    /// SIGSTOP.
    Paused,
    /// SIGCONT.
    Resumed,
}

/// Whom requests are sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Buildkite,
    GitHub,
    Cluster,
}

/// What goes wrong with some requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mishap {
    pub kind: Kind,
    /// How many requests meet it.
    pub times: usize,
    /// How many are spared before.
    pub after: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    TooMany,
    Broken,
    Unavailable,
    CutBefore,
    CutAfter,
    Truncated,
    Slow,
}

const KINDS: [Kind; 7] = [
    Kind::TooMany,
    Kind::Broken,
    Kind::Unavailable,
    Kind::CutBefore,
    Kind::CutAfter,
    Kind::Truncated,
    Kind::Slow,
];

/// The plan of a seed: so many operations.
pub fn plan(seed: u64, length: usize) -> Vec<Operation> {
    let mut drawer = Drawer {
        random: StdRng::seed_from_u64(seed),
        there: [false; BRANCHES.len()],
    };
    let mut plan = Vec::new();
    while plan.len() < length {
        drawer.draw(&mut plan);
    }
    plan.truncate(length);
    plan
}

struct Drawer {
    random: StdRng,
    /// Which branches there are.
    there: [bool; BRANCHES.len()],
}

impl Drawer {
    fn draw(&mut self, plan: &mut Vec<Operation>) {
        let place = self.place();
        match self.random.random_range(0..100) {
            0..14 => self.push(place.branch, plan),
            14..30 if self.there[place.branch] => plan.push(Operation::Ask(place)),
            // Pushes come faster than deploys.
            14..30 => self.push(place.branch, plan),
            30..32 => {
                let passes = self.random.random_bool(0.7);
                plan.push(Operation::Gate(place.branch, passes));
            }
            32..53 => plan.push(Operation::Deploy(place)),
            53..55 => plan.push(Operation::Again(place)),
            55..59 if self.there[place.branch] => self.delete(place.branch, plan),
            55..60 => plan.push(Operation::SweepDeleted(place)),
            60..63 => plan.push(Operation::SweepStale(place.app)),
            63..66 => plan.push(Operation::Age(place)),
            66..80 => plan.push(Operation::Look),
            80..92 => {
                let fate = self.fate();
                let which = self.random.random_range(0..64);
                plan.push(Operation::Meet(fate, which));
            }
            92..96 => {
                let (door, mishap) = self.mishap();
                plan.push(Operation::Disturb(door, mishap));
            }
            _ => plan.push(Operation::Heal),
        }
    }

    fn place(&mut self) -> Place {
        Place {
            app: self.random.random_range(0..APPS.len()),
            branch: self.random.random_range(0..BRANCHES.len()),
        }
    }

    fn push(&mut self, branch: usize, plan: &mut Vec<Operation>) {
        self.there[branch] = true;
        plan.push(Operation::Push(branch));
    }

    /// Most events come, and soon; a push may come first.
    fn delete(&mut self, branch: usize, plan: &mut Vec<Operation>) {
        self.there[branch] = false;
        plan.push(Operation::Delete(branch));
        if self.random.random_bool(0.2) {
            self.push(branch, plan);
        }
        for app in 0..APPS.len() {
            if self.random.random_bool(0.7) {
                plan.push(Operation::SweepDeleted(Place { app, branch }));
            }
        }
    }

    fn fate(&mut self) -> Fate {
        let fates = [Fate::Killed, Fate::Cancelled, Fate::Paused, Fate::Resumed];
        *fates.choose(&mut self.random).expect("there are some")
    }

    fn mishap(&mut self) -> (Door, Mishap) {
        let doors = [
            Door::GitHub,
            Door::Cluster,
            Door::GitHub,
            Door::Cluster,
            Door::Buildkite,
        ];
        let door = *doors.choose(&mut self.random).expect("there are some");
        let kind = *KINDS.choose(&mut self.random).expect("there are some");
        // What is slow is so for long: then the programs are met in the middle of a request.
        let most = if kind == Kind::Slow { 24 } else { 6 };
        let mishap = Mishap {
            kind,
            times: self.random.random_range(1..=most),
            after: self.random.random_range(0..20),
        };
        (door, mishap)
    }
}

#[test]
fn a_seed_is_the_whole_plan() {
    assert_eq!(plan(7, 300), plan(7, 300));
    assert_ne!(plan(7, 300), plan(8, 300));
}

#[test]
fn a_plan_holds_everything_that_can_happen() {
    let plan = plan(1, 3000);
    let has = |wanted: fn(&Operation) -> bool| plan.iter().any(wanted);
    assert!(has(|it| matches!(it, Operation::Delete(_))));
    assert!(has(|it| matches!(it, Operation::Age(_))));
    assert!(has(|it| matches!(it, Operation::Meet(Fate::Paused, _))));
    for kind in KINDS {
        for door in [Door::GitHub, Door::Cluster, Door::Buildkite] {
            let is = |it: &Operation| matches!(it, Operation::Disturb(at, mishap) if *at == door && mishap.kind == kind);
            assert!(plan.iter().any(is), "{door:?} {kind:?}");
        }
    }
}
