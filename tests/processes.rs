//! Looks at the machine's processes.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process, told from a later one of its number by when it began.
#[derive(Debug)]
pub struct Process {
    pid: i32,
    began: String,
}

impl Process {
    /// The Helm that works in a namespace.
    pub fn helm(namespace: &str) -> Option<Self> {
        Self::all(|arguments| is_helm(arguments, namespace)).next()
    }

    /// Every Helm that works in a namespace; one that renders a chart without a cluster does not.
    pub fn helms(namespace: &str) -> Vec<Self> {
        let renders = |arguments: &[String]| arguments.iter().any(|it| it == "template");
        let works = |arguments: &[String]| is_helm(arguments, namespace) && !renders(arguments);
        Self::all(works).collect()
    }

    /// The guardian of the Helm that works in a namespace.
    pub fn guardian(namespace: &str) -> Option<Self> {
        let mut guardians = Self::all(|arguments| {
            let ours = arguments.iter().any(|argument| argument == namespace);
            ours && arguments.iter().any(|argument| argument == "__guardian")
        });
        guardians.next()
    }

    /// The process of a number.
    pub fn numbered(text: &str) -> Option<Self> {
        let pid = text.trim().parse().ok()?;
        let began = began(pid)?;
        Some(Self { pid, began })
    }

    fn all(wanted: impl Fn(&[String]) -> bool) -> impl Iterator<Item = Self> {
        let entries = fs::read_dir("/proc")
            .expect("the testbed is for Linux")
            .flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter_map(move |pid| {
            let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
            let arguments: Vec<String> = line.split('\0').map(str::to_owned).collect();
            let began = began(pid)?;
            wanted(&arguments).then_some(Self { pid, began })
        })
    }

    /// Whether it still works: one that ended and is not yet waited for does not.
    pub fn lives(&self) -> bool {
        began(self.pid).is_some_and(|began| began == self.began)
    }

    /// Kills this one process.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Pauses this one process.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid).expect("a process has a number");
        kill_process(pid, signal).expect("it still runs");
    }
}

fn is_helm(arguments: &[String], namespace: &str) -> bool {
    let ours = arguments.iter().any(|argument| argument == namespace);
    ours && !arguments.iter().any(|argument| argument.starts_with("__"))
}

/// When the process began, in the kernel's ticks; none for one that ended.
fn began(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold spaces.
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    (fields[0] != "Z").then(|| fields[19].to_owned())
}
