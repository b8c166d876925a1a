//! The children of a run: a Helm that writes down each, and waits where it is told to.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use testbed::tools::{self, Tool};

use crate::site::Site;

/// It is Helm itself but where it has to wait for Helm's end: a signal would end only the script.
const SCRIPT: &str = r#"#!/bin/sh
echo "$1" >>"$0.log"
is_point() {
    [ "$(grep -cx "$1" "$0.log") $1 $2" = "$(cat "$0.point" 2>/dev/null)" ]
}
wait_here() {
    : >"$0.met"
    flock --shared "$0.gate" true
}
if is_point "$1" before; then wait_here; fi
if is_point "$1" after; then
    "$HELM" "$@"
    status=$?
    wait_here
    exit $status
fi
exec "$HELM" "$@"
"#;

/// A moment of a child: before it does anything, or when it is done and has not ended yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Helm's command, as in `upgrade`.
    pub command: String,
    /// Which of the children of this command it is, counted from 1.
    pub nth: usize,
    pub is_done: bool,
}

/// The Helm of one run.
pub struct Children {
    script: PathBuf,
}

impl Children {
    pub fn new(site: &Site, helm: Tool) -> Self {
        let helm = tools::get(helm).expect("the testbed has both Helms");
        let text = SCRIPT.replace("$HELM", helm.to_str().expect("the path is text"));
        let script = site.script("helm", &text);
        Self { script }
    }

    /// What the run is to take for Helm.
    pub fn helm(&self) -> &Path {
        &self.script
    }

    /// The moments of the children that there were; of one command no more than `most` count.
    pub fn moments(&self, most: usize) -> Vec<Child> {
        let log = fs::read_to_string(self.beside("log")).expect("every run has children");
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for command in log.lines() {
            *seen.entry(command).or_default() += 1;
        }
        let each = seen.into_iter().flat_map(|(command, count)| {
            let numbers = (1..=count.min(most)).flat_map(|nth| [(nth, false), (nth, true)]);
            numbers.map(move |(nth, is_done)| Child {
                command: command.to_owned(),
                nth,
                is_done,
            })
        });
        each.collect()
    }

    /// Has the run wait at this moment.
    pub fn hold(&self, at: &Child) -> Held {
        let gate = File::create(self.beside("gate")).expect("the run's folder can be written");
        gate.lock().expect("nobody else has it");
        let moment = if at.is_done { "after" } else { "before" };
        let point = format!("{} {} {moment}", at.nth, at.command);
        fs::write(self.beside("point"), point).expect("the run's folder can be written");
        let met = self.beside("met");
        Held { met, gate }
    }

    fn beside(&self, what: &str) -> PathBuf {
        let mut path = self.script.clone().into_os_string();
        path.push(format!(".{what}"));
        path.into()
    }
}

/// A child that waits until this is dropped.
pub struct Held {
    met: PathBuf,
    gate: File,
}

impl Held {
    /// Whether the child comes there while `goes_on`.
    pub fn is_reached_while(&self, mut goes_on: impl FnMut() -> bool) -> bool {
        while !self.met.exists() {
            if !goes_on() {
                return self.met.exists();
            }
            thread::sleep(Duration::from_millis(20));
        }
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.gate.unlock();
    }
}
