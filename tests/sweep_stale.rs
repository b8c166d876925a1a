//! What is stale goes, oldest first, and what has no branch; nothing goes that is not proven so.

mod age;
mod announcing;
mod cluster;
mod deployments;
mod github;
mod orphans;
mod telling;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use chrono::TimeDelta;
use serde_json::Value;
use testbed::{
    faults::{Effect, Gate, Matcher},
    tools::Tool,
};

use crate::{
    past::Seed,
    site::{Program, Ran, Site},
};

/// An environment that was last deployed so many days ago.
fn of(branch: &str, days: i64) -> Seed {
    Seed::new(branch, TimeDelta::days(days))
}

/// A site with these environments, their branches pushed.
fn with(hint: &str, seeds: &[Seed]) -> Site {
    let site = Site::new(hint);
    site.push_and_seed(seeds);
    site
}

/// Sweeps with these arguments.
#[track_caller]
fn sweep(site: &Site, arguments: &[&str]) -> Swept {
    Swept::of(program(site, arguments))
}

fn program(site: &Site, arguments: &[&str]) -> Program {
    let mut program = site.sweep_stale(any_helm());
    program.0.args(arguments);
    program
}

/// A sweep that is held once its plan is made, while `change` happens.
fn changed_since_the_plan(site: &Site, change: impl FnOnce()) -> Swept {
    let gate = Gate::default();
    let protected = Matcher::get("/repos/acme/hey/branches").query("protected=true");
    site.github
        .faults()
        .when(protected)
        .then(Effect::hold_before(&gate));
    let sweep = program(site, &["--output", "json", "--lock-duration", "3s"]).start();
    gate.reached();
    change();
    gate.open();
    Swept::from(sweep.end())
}

/// One after the other: what is tested here needs no certain one.
fn any_helm() -> Tool {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    crate::site::HELMS[RUNS.fetch_add(1, Relaxed) % 2]
}

/// One more fault of a listing that made nothing go which had to stay. `--nocapture` shows the count.
fn nothing_wrong() {
    static TRIED: AtomicUsize = AtomicUsize::new(0);
    let tried = TRIED.fetch_add(1, Relaxed) + 1;
    println!("{tried} listing faults tried, wrong deletions 0");
}

/// The environments that are up, by their records.
fn up(site: &Site) -> Vec<String> {
    site.namespace.objects("Lease")
}

/// A sweep that has ended, with what it prints for programs.
#[derive(Debug)]
struct Swept {
    ran: Ran,
    told: Value,
}

impl Swept {
    #[track_caller]
    fn of(program: Program) -> Self {
        Self::from(program.args(["--output", "json"]).run())
    }

    #[track_caller]
    fn from(ran: Ran) -> Self {
        let told = serde_json::from_str(&ran.stdout);
        let told = told.unwrap_or_else(|error| panic!("{error}: {ran}"));
        Self { ran, told }
    }

    #[track_caller]
    fn ends_with(self, status: i32, state: &str) -> Self {
        assert_eq!(self.ran.status, status, "{}", self.ran);
        assert_eq!(self.told["state"], state, "{}", self.ran);
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        let Self { ran, told } = self;
        let ran = ran.says(text);
        Self { ran, told }
    }

    /// What it tells of one environment.
    #[track_caller]
    fn judged(&self, name: &str) -> &Value {
        let all = self.told["environments"].as_array().expect("a list");
        let found = all.iter().find(|it| it["environment"] == name);
        found.unwrap_or_else(|| panic!("{name} is not in {}", self.ran))
    }

    /// Sees what becomes of environments, and why: `stays: busy`, or for one that goes what came of
    /// it, as in `removed: age`.
    #[track_caller]
    fn judges<const N: usize>(self, wanted: [(&str, &str); N]) -> Self {
        for (name, wanted) in wanted {
            let judged = self.judged(name);
            let word = |key: &str| judged[key].as_str();
            let what = word("outcome").or(word("verdict")).unwrap_or_default();
            let why = word("why").unwrap_or_default();
            assert_eq!(format!("{what}: {why}"), wanted, "{name}: {}", self.ran);
        }
        self
    }

    /// Sees the reason that is told for one of them.
    #[track_caller]
    fn reasons(self, name: &str, text: &str) -> Self {
        let reason = self.judged(name)["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(text), "{name}: {reason}\n{}", self.ran);
        self
    }
}
