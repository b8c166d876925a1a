//! A world to which a plan is done: a namespace, a GitHub, and the programs at work on them.

use std::{path::PathBuf, time::Duration};

use branch_deploys::model::{Branch, Slug};
use chrono::TimeDelta;
use rustix::process::Signal;
use serde_json::{Value, json};
use testbed::{
    Front,
    buildkite::{Buildkite, Pipeline},
    faults::{Effect, Matcher},
    github::{Deployment, DeploymentState},
    wait_until_within,
};

use super::{
    figures::Figures,
    job::{Ended, Job, Work},
    model::{History, Moment, Run},
    plan::{Door, Fate, Kind, Mishap, Operation, Place},
};
use crate::{
    objects::{companion_of, config_map, hook, objects},
    site::{HELMS, Program, Site},
};

/// How many programs work at a time; those that are paused are not counted.
const AT_ONCE: usize = 4;

/// How long a program may take, whoever it waits for.
const PATIENCE: Duration = Duration::from_secs(180);

/// How much of what was done is told of a failure.
const TOLD: usize = 150;

pub struct World {
    pub site: Site,
    front: Front,
    buildkite: Buildkite,
    pipeline: Pipeline,
    kubeconfig: PathBuf,
    pub history: History,
    jobs: Vec<Job>,
    now: Moment,
    faulty: bool,
    /// How many programs were started.
    pub started: usize,
    /// How many operations were done.
    pub done: usize,
    /// What was measured so far.
    pub figures: Figures,
    /// What a run of the same plan is told.
    replay: String,
    /// What was done, for whoever reads of a failure.
    log: Vec<String>,
}

impl World {
    pub fn new(seed: u64, length: usize) -> Self {
        let site = Site::new(&format!("soak-{seed}"));
        let front = site.namespace.front(&site.kubeconfig);
        site.namespace.apply(&config_map("theirs").to_string());
        let buildkite = Buildkite::start(&site.github);
        Self {
            pipeline: buildkite.pipeline("hey"),
            buildkite,
            kubeconfig: front.kubeconfig().to_owned(),
            front,
            site,
            history: History::default(),
            jobs: Vec::new(),
            now: 0,
            faulty: false,
            started: 0,
            done: 0,
            figures: Figures::default(),
            replay: format!("SOAK_SEED={seed} SOAK_LENGTH={length}"),
            log: Vec::new(),
        }
    }

    /// Does one thing; whether there was something to do.
    pub fn act(&mut self, operation: Operation) -> bool {
        self.see_ends();
        let done = match operation {
            Operation::Push(branch) => self.push(branch),
            Operation::Ask(place) => self.ask(place),
            Operation::Gate(branch, passes) => self.gate(branch, passes),
            Operation::Deploy(place) => self.deploy(place),
            Operation::Again(place) => self.again(place),
            Operation::Delete(branch) => self.delete(branch),
            Operation::SweepDeleted(place) => self.start(Work::SweepDeleted(place)),
            Operation::SweepStale(app) => self.start(Work::SweepStale(app)),
            Operation::Age(place) => self.age(place),
            Operation::Look => self.look(),
            Operation::Meet(fate, which) => self.meet(fate, which),
            Operation::Disturb(door, mishap) => self.disturb(door, mishap),
            Operation::Heal => self.heal(),
        };
        if done {
            self.done += 1;
            self.note(format!("{operation:?}"));
        }
        done
    }

    fn note(&mut self, what: String) {
        self.log.push(format!("{}: {what}", self.now));
    }

    fn tick(&mut self) -> Moment {
        self.now += 1;
        self.now
    }

    fn push(&mut self, branch: usize) -> bool {
        let at = self.tick();
        let name = Place { app: 0, branch }.branch();
        self.site.repository.push(name);
        if !self.history.is_there(branch) {
            self.history.came(branch, at);
        }
        true
    }

    fn delete(&mut self, branch: usize) -> bool {
        if !self.history.is_there(branch) {
            return false;
        }
        let at = self.tick();
        let name = Place { app: 0, branch }.branch();
        self.history.went(branch, at);
        self.site.repository.delete_branch(name);
        true
    }

    fn ask(&mut self, place: Place) -> bool {
        self.history.is_there(place.branch) && self.start(Work::Ask(place))
    }

    fn gate(&mut self, branch: usize, passes: bool) -> bool {
        let name = Place { app: 0, branch }.branch();
        let Some(head) = self.site.repository.head(name) else {
            return false;
        };
        let builds = self.pipeline.builds().into_iter();
        let known = builds.map(|it| it.data()).find(|it| it.commit == head);
        // Once it is told, it stays so.
        let passes = known.as_ref().map_or(passes, |it| it.state == "passed");
        if known.is_none() {
            let build = self.pipeline.pretend_build(name, &head);
            build.set_state(if passes { "passed" } else { "failed" });
        }
        self.start(Work::Gate(branch, passes))
    }

    fn deploy(&mut self, place: Place) -> bool {
        let newest = self.newest(place);
        newest.is_some_and(|id| self.start(Work::Deploy(place, id)))
    }

    fn again(&mut self, place: Place) -> bool {
        let older = self.counted(place).into_iter().rev().nth(1);
        older.is_some_and(|it| self.start(Work::Deploy(place, it.id)))
    }

    /// Nine days pass, unless somebody is at work there: then nobody could tell what was deployed when.
    fn age(&mut self, place: Place) -> bool {
        let busy = self.jobs.iter().any(|job| match job.work {
            Work::Ask(_) | Work::Gate(..) => false,
            Work::Deploy(at, _) | Work::SweepDeleted(at) => at == place,
            Work::SweepStale(app) => app == place.app,
        });
        if busy || self.history.surely_up(place).is_none() {
            return false;
        }
        let at = self.tick();
        for release in releases_of(place) {
            self.site.age(&release, TimeDelta::days(9));
        }
        self.history.aged(place, at);
        true
    }

    /// Sees that nobody has taken what has to be up, or what is somebody else's.
    fn look(&mut self) -> bool {
        self.tick();
        let made = self.site.namespace.objects("ConfigMap");
        let theirs = made.contains(&"theirs".to_owned());
        self.figures.looked(1, usize::from(!theirs));
        assert!(theirs, "somebody else's went");
        for place in Place::all() {
            let busy = |job: &Job| matches!(job.work, Work::Deploy(at, _) if at == place);
            if self.jobs.iter().any(busy) {
                continue;
            }
            if let Some(id) = self.history.surely_up(place) {
                let object = object_of(place, id);
                let is_up = made.contains(&object);
                self.figures.looked(1, usize::from(!is_up));
                assert!(is_up, "{object} has to be up: {made:?}");
            }
        }
        true
    }

    fn meet(&mut self, fate: Fate, which: usize) -> bool {
        let wanted = |job: &Job| (fate == Fate::Resumed) == job.paused;
        let met: Vec<usize> = (0..self.jobs.len())
            .filter(|it| wanted(&self.jobs[*it]))
            .collect();
        if met.is_empty() {
            return false;
        }
        self.tick();
        let job = &mut self.jobs[met[which % met.len()]];
        if !job.running.runs() {
            return false;
        }
        job.disturbed = true;
        match fate {
            Fate::Killed => job.running.kill_alone(),
            Fate::Cancelled => job.running.signal(Signal::TERM),
            Fate::Paused => job.running.signal(Signal::STOP),
            Fate::Resumed => job.running.signal(Signal::CONT),
        }
        job.paused = fate == Fate::Paused;
        Figures::count(&mut self.figures.met, format!("{fate:?}"));
        let work = job.work;
        self.note(format!("{work:?} meets {fate:?}"));
        true
    }

    fn disturb(&mut self, door: Door, mishap: Mishap) -> bool {
        self.faulty = true;
        let kind = format!("{door:?} {:?}", mishap.kind);
        Figures::count(&mut self.figures.mishaps, kind);
        self.jobs.iter_mut().for_each(|job| job.disturbed = true);
        let faults = match door {
            Door::Buildkite => self.buildkite.faults(),
            Door::GitHub => self.site.github.faults(),
            Door::Cluster => self.front.faults(),
        };
        let matcher = Matcher::any("/**")
            .nth(mishap.after + 1)
            .times(mishap.times);
        faults.when(matcher).then(effect(door, mishap.kind));
        true
    }

    fn heal(&mut self) -> bool {
        self.buildkite.faults().clear();
        self.site.github.faults().clear();
        self.front.faults().clear();
        std::mem::replace(&mut self.faulty, false)
    }

    /// Starts a program, once there is room for one more.
    fn start(&mut self, work: Work) -> bool {
        self.wait_for_room(AT_ONCE);
        let began = self.tick();
        let program = self.program(work);
        self.jobs.push(Job {
            work,
            running: program.start(),
            began,
            disturbed: self.faulty,
            paused: false,
        });
        true
    }

    fn wait_for_room(&mut self, most: usize) {
        wait_until_within(PATIENCE, "a program ends", || {
            self.see_ends();
            let at_work = self.jobs.iter().filter(|job| !job.paused).count();
            (at_work < most).then_some(()).ok_or_else(|| {
                let works: Vec<_> = self.jobs.iter().map(|job| job.work).collect();
                format!("{works:?} at work")
            })
        });
    }

    /// Sees how programs have ended, and that they were honest.
    fn see_ends(&mut self) {
        let mut number = 0;
        while number < self.jobs.len() {
            if self.jobs[number].running.runs() {
                number += 1;
            } else {
                let job = self.jobs.remove(number);
                self.see_end(job);
            }
        }
    }

    fn see_end(&mut self, job: Job) {
        self.tick();
        let ran = job.running.end_however();
        if let Ok(ran) = &ran {
            assert!(!ran.to_string().contains("panicked at"), "{ran}");
        }
        let (newest, succeeded) = match job.work {
            Work::Deploy(place, id) => (self.newest(place), self.has_succeeded(id)),
            _ => (None, false),
        };
        let ended = Ended {
            work: job.work,
            began: job.began,
            disturbed: job.disturbed,
            ran,
            history: &self.history,
            newest,
            succeeded,
        };
        let (lie, told, text) = (ended.lie(), ended.told(), ended.to_string());
        Figures::count(&mut self.figures.ends, ended.kind());
        if let Some(reason) = lie {
            panic!("a dishonest end ({reason}): {text}");
        }
        if let Work::Deploy(place, deployment) = job.work {
            let run = Run {
                deployment,
                began: job.began,
                ended: self.now,
                told,
            };
            self.history.ended(place, run);
        }
        self.note(format!("ended: {text}"));
    }

    fn has_succeeded(&self, id: u64) -> bool {
        let states = self.site.states(id);
        states.contains(&DeploymentState::Success)
    }

    /// The deployments that were asked for at a place, oldest first, whatever became of them.
    pub fn asked(&self, place: Place) -> Vec<Deployment> {
        let mut all = self.site.repository.deployments();
        all.retain(|it| it.payload["app"] == place.app() && it.payload["branch"] == place.branch());
        all
    }

    /// Those of them that count: a push in the middle of asking makes one of another commit than was
    /// asked for, which lands nowhere.
    fn counted(&self, place: Place) -> Vec<Deployment> {
        let mut all = self.asked(place);
        all.retain(|it| it.payload["commit"] == it.sha);
        all
    }

    pub fn newest(&self, place: Place) -> Option<u64> {
        self.counted(place).last().map(|it| it.id)
    }

    /// Everything is well again: what was paused goes on, and all come to their end.
    pub fn calm(&mut self) {
        self.heal();
        for job in self.jobs.iter_mut().filter(|job| job.paused) {
            if job.running.runs() {
                job.running.signal(Signal::CONT);
            }
            job.paused = false;
        }
        self.wait_for_room(1);
    }

    /// Runs a program to its end, in a world that is well.
    pub fn run(&mut self, work: Work) {
        self.start(work);
        self.note(format!("{work:?}"));
    }

    fn program(&mut self, work: Work) -> Program {
        self.started += 1;
        let helm = HELMS[self.started % 2];
        // A GitHub App's token is a new one for each job, too.
        let token = self.site.github.token(Site::least_rights());
        let (program, app) = match work {
            Work::Ask(place) => (self.queue_deploy(place), place.app),
            Work::Gate(branch, _) => (self.build_gate(branch), 0),
            Work::Deploy(place, id) => (self.helm_apply(place, id).helm(helm), place.app),
            Work::SweepDeleted(place) => (self.site.sweep_deleted(helm, place.branch()), place.app),
            Work::SweepStale(app) => {
                let sweep = self.site.sweep_stale(helm);
                (sweep.args(["--max-deletions", "100"]), app)
            }
        };
        let app = super::plan::APPS[app];
        let program = program
            .env("BRANCH_DEPLOYS_APP", app)
            .env("BRANCH_DEPLOYS_LOCK_DURATION", "10s")
            .env("GITHUB_TOKEN", token);
        let program = match work {
            Work::Ask(_) | Work::Gate(..) => program,
            _ => program.env("BRANCH_DEPLOYS_KUBECONFIG", &self.kubeconfig),
        };
        program.args(["--output", "json"])
    }

    fn queue_deploy(&self, place: Place) -> Program {
        let head = self.site.repository.head(place.branch());
        self.site
            .program(env!("CARGO_BIN_EXE_queue-deploy"))
            .env("BUILDKITE_REPO", "git@github.com:acme/hey.git")
            .env("BUILDKITE_BRANCH", place.branch())
            .env("BUILDKITE_COMMIT", head.unwrap_or_default())
    }

    fn build_gate(&self, branch: usize) -> Program {
        let name = Place { app: 0, branch }.branch();
        let head = self.site.repository.head(name).unwrap_or_default();
        self.site
            .program(env!("CARGO_BIN_EXE_build-gate"))
            .args(["--branch", name, "--commit", &head])
            .args(["--pipeline", "acme/hey"])
            .args(["--buildkite-url", self.buildkite.url()])
            .env(
                "BUILDKITE_API_TOKEN",
                self.buildkite.token(&["read_builds"]),
            )
    }

    /// A deploy with settings that are the branch's own.
    fn helm_apply(&self, place: Place, id: u64) -> Program {
        let site = &self.site;
        let deploy = site
            .program(env!("CARGO_BIN_EXE_helm-apply"))
            .args(["--deployment", &id.to_string()])
            .env("BRANCH_DEPLOYS_HELM_TIMEOUT", "30s");
        let name = environment(place);
        let mut made = vec![
            config_map(&format!("{name}-both")),
            config_map(&object_of(place, id)),
        ];
        match place.branch {
            1 => {
                let redis = companion_of("redis", &[config_map(&format!("{name}-redis"))]);
                let mut main = objects(&made);
                main["needs"] = json!(["redis"]);
                deploy.release(&redis).release(&main)
            }
            2 => {
                let migrate = format!("{name}-migrate");
                made.push(hook(&migrate, "pre-install,pre-upgrade", ""));
                let deploy = deploy.args(["--history-max", "2"]);
                deploy.release(&objects(&made))
            }
            3 => deploy
                .args(["--skip-openapi-validation"])
                .args(["--lock-duration", "14s"])
                .release(&objects(&made)),
            _ => deploy.release(&objects(&made)),
        }
    }
}

impl Drop for World {
    /// Where something failed: what was done until then, and how it is done again.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let from = self.log.len().saturating_sub(TOLD);
            let story = self.log[from..].join("\n");
            let replay = &self.replay;
            eprintln!("{story}\n\nonce more: {replay} cargo test --test suite soak::");
        }
    }
}

/// The environment's name, and its main release's.
pub fn environment(place: Place) -> String {
    let branch: Branch = place.branch().parse().expect("a branch");
    format!("{}-{}", place.app(), Slug::of(&branch))
}

/// The object that a deployment alone makes.
pub fn object_of(place: Place, deployment: u64) -> String {
    format!("{}-of-{deployment}", environment(place))
}

/// The names in Helm of its releases.
pub fn releases_of(place: Place) -> Vec<String> {
    let main = environment(place);
    match place.branch {
        1 => vec![format!("{main}--redis"), main],
        _ => vec![main],
    }
}

/// The ConfigMaps that are there while a deployment is up.
pub fn objects_of(place: Place, deployment: u64) -> Vec<String> {
    let name = environment(place);
    let mut made = vec![format!("{name}-both"), object_of(place, deployment)];
    if place.branch == 1 {
        made.push(format!("{name}-redis"));
    }
    made
}

fn effect(door: Door, kind: Kind) -> Effect {
    match (kind, door) {
        (Kind::TooMany, Door::GitHub) => Effect::secondary_limit(403, Some(1)),
        (Kind::TooMany, _) => Effect::status(429).header("retry-after", "1"),
        (Kind::Broken, _) => Effect::status(500),
        (Kind::Unavailable, _) => Effect::status(503),
        (Kind::CutBefore, _) => Effect::cut_before(),
        (Kind::CutAfter, _) => Effect::cut_after(),
        (Kind::Truncated, _) => Effect::truncated_body(),
        (Kind::Slow, _) => Effect::late_answer(Duration::from_secs(2)),
    }
}

/// A record, as text, for whoever reads of a failure.
pub fn record_of(site: &Site, place: Place) -> Option<Value> {
    let lease = site.namespace.find("Lease", &environment(place))?;
    let text = lease["metadata"]["annotations"]["branch-deploys/record"].as_str()?;
    serde_json::from_str(text).ok()
}
