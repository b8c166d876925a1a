//! What hooks say while they run: a migration is nothing to guess about.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, future::LocalBoxFuture, stream::FuturesUnordered};
use tokio::{sync::watch, time::sleep};

use super::super::site::Site;
use crate::{
    clients::cluster::{ClusterError, Heard},
    model::Speaker,
    report::LOG_LINES,
};

/// The most lines of one container that are shown; what follows is in its log.
const SHOWN: usize = 500;

/// How long what was said last may take once the work is done.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// The logs of hooks' containers, by the names of pod and container.
#[derive(Default)]
pub(super) struct HookLogs(Mutex<BTreeMap<Container, Log>>);

/// A container, by the names of its pod and itself.
type Container = (String, String);

/// What was heard of a container.
#[derive(Default)]
struct Log {
    /// How often it was started, by what was seen.
    runs: u64,
    /// Whether it runs.
    is_running: bool,
    /// The end of what it said.
    end: VecDeque<String>,
}

impl HookLogs {
    /// Shows what the containers of a release's hooks say, of those that `seen` tells at each change, while
    /// `work` goes on, and for a moment after it: what was said last may still be on its way.
    pub(super) async fn follow_while<T>(
        &self,
        site: &Site<'_>,
        release: &str,
        seen: impl Fn() -> Vec<Speaker>,
        changed: &mut watch::Receiver<()>,
        work: impl Future<Output = T>,
    ) -> T {
        let (mut work, mut hearing) = (pin!(work), Hearing::new(self, site, release));
        let done = loop {
            hearing.take_up(seen());
            tokio::select! {
                done = &mut work => break done,
                () = hearing.next(changed) => {}
            }
        };
        let last_words = async {
            hearing.take_up(seen());
            while !hearing.open.is_empty() {
                hearing.next(changed).await;
                hearing.take_up(seen());
            }
        };
        let mut stop = site.stop.flag();
        tokio::select! {
            () = last_words => {}
            () = sleep(LAST_WORDS) => {}
            _ = stop.wait_for(|asked| *asked) => {}
        }
        done
    }

    /// Shows what one says until it ends, and is not started anew.
    async fn one(&self, site: &Site<'_>, speaker: Speaker) -> Container {
        let Speaker {
            hook,
            pod,
            container,
            ..
        } = &speaker;
        let mut showing = Showing::new(site, self, &speaker);
        let mut runs = speaker.restarts + 1;
        let goes_on = || {
            let (now, is_running) = self.state_of(&speaker);
            let before = std::mem::replace(&mut runs, now);
            is_running || before < now
        };
        let hear = |heard: Heard<'_>| match heard {
            Heard::Line(line, is_cut) => showing.line(line, is_cut),
            Heard::Miss(error) => showing.miss(error),
        };
        let followed = site.objects.follow_log(pod, container, goes_on, hear);
        match followed.await {
            Ok(()) => {}
            // A chart may have a hook removed as soon as it is done, and its log goes with it.
            Err(error) if error.status() == Some(404) => {}
            Err(error) => site
                .report
                .warn(&format!("what the hook {hook} says is not shown: {error}")),
        }
        key(&speaker)
    }

    /// Whether a container was not heard of before since it was started, and none of its pod's was, whoever
    /// asks.
    fn is_new(&self, speaker: &Speaker) -> (bool, bool) {
        let mut all = self.all();
        let is_first = !all.keys().any(|(pod, _)| *pod == speaker.pod);
        let log = all.entry(key(speaker)).or_default();
        let (runs, known) = (speaker.restarts + 1, log.runs);
        if runs >= known {
            (log.runs, log.is_running) = (runs, speaker.runs);
        }
        (runs > known, is_first)
    }

    /// As long as none of them is seen to run.
    fn rest(&self, containers: &BTreeSet<Container>) {
        let mut all = self.all();
        for container in containers {
            if let Some(log) = all.get_mut(container) {
                log.is_running = false;
            }
        }
    }

    /// How often a container was started, by what was seen, and whether it runs.
    fn state_of(&self, speaker: &Speaker) -> (u64, bool) {
        let all = self.all();
        let log = all.get(&key(speaker));
        log.map_or((0, false), |log| (log.runs, log.is_running))
    }

    fn keep(&self, speaker: &Speaker, line: &str) {
        let mut all = self.all();
        let lines = &mut all.entry(key(speaker)).or_default().end;
        lines.push_back(line.to_owned());
        if lines.len() > LOG_LINES {
            lines.pop_front();
        }
    }

    /// The last lines that a container said.
    pub(super) fn end_of(&self, pod: &str, container: &str) -> Option<String> {
        let all = self.all();
        let log = all.get(&(pod.to_owned(), container.to_owned()))?;
        let lines: Vec<_> = log.end.iter().map(String::as_str).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Container, Log>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(speaker: &Speaker) -> Container {
    (speaker.pod.clone(), speaker.container.clone())
}

/// The logs of a release's hooks that are open.
struct Hearing<'a> {
    logs: &'a HookLogs,
    site: &'a Site<'a>,
    release: &'a str,
    open: FuturesUnordered<LocalBoxFuture<'a, Container>>,
    followed: BTreeSet<Container>,
}

impl<'a> Hearing<'a> {
    fn new(logs: &'a HookLogs, site: &'a Site<'a>, release: &'a str) -> Self {
        Self {
            logs,
            site,
            release,
            open: FuturesUnordered::new(),
            followed: BTreeSet::new(),
        }
    }

    /// Opens the logs that are new of what is seen; one that is open goes on.
    fn take_up(&mut self, seen: Vec<Speaker>) {
        // What is not among them runs no more, or waits to be started anew.
        self.logs.rest(&self.followed);
        for speaker in seen {
            let (is_new, is_first) = self.logs.is_new(&speaker);
            if is_first {
                let (release, hook) = (self.release, &speaker.hook);
                let words = format!("{release}: the hook {hook} runs");
                self.site.report.note(&words);
            }
            if is_new && self.followed.insert(key(&speaker)) {
                self.open
                    .push(self.logs.one(self.site, speaker).boxed_local());
            }
        }
    }

    /// Hears on until something changes, or a log ends.
    async fn next(&mut self, changed: &mut watch::Receiver<()>) {
        tokio::select! {
            _ = changed.changed() => {}
            Some(container) = self.open.next(), if !self.open.is_empty() => {
                self.followed.remove(&container);
            }
        }
    }
}

/// What is shown of one container, as it is heard.
struct Showing<'a> {
    site: &'a Site<'a>,
    logs: &'a HookLogs,
    speaker: &'a Speaker,
    /// Of which start of the container so many lines were shown.
    runs: u64,
    lines: usize,
    has_missed: bool,
}

impl<'a> Showing<'a> {
    fn new(site: &'a Site<'a>, logs: &'a HookLogs, speaker: &'a Speaker) -> Self {
        Self {
            site,
            logs,
            speaker,
            runs: speaker.restarts + 1,
            lines: 0,
            has_missed: false,
        }
    }

    fn line(&mut self, line: &str, is_cut: bool) {
        let (report, speaker) = (&self.site.report, self.speaker);
        let line = self.site.helm.secrets().mask_read(line, is_cut);
        self.logs.keep(speaker, &line);
        let (runs, _) = self.logs.state_of(speaker);
        if runs > self.runs {
            (self.runs, self.lines) = (runs, 0);
        }
        self.lines += 1;
        if self.lines <= SHOWN {
            match speaker.alone {
                true => report.quote(&line),
                false => report.quote(&format!("{}: {line}", speaker.container)),
            }
        } else if self.lines == SHOWN + 1 {
            let hook = &speaker.hook;
            report.note(&format!(
                "{hook} says more than is shown here: it is in its log"
            ));
        }
    }

    /// Tells once that it is not to be had for the time being.
    fn miss(&mut self, error: &ClusterError) {
        if !std::mem::replace(&mut self.has_missed, true) {
            let hook = &self.speaker.hook;
            self.site.report.warn(&format!(
                "what the hook {hook} says is not shown yet, and is asked for again: {error}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_of_a_container_is_heard_once_and_its_pod_is_announced_once() {
        let logs = HookLogs::default();
        let new = |container: &str, restarts| {
            logs.is_new(&Speaker {
                hook: "migrate".into(),
                pod: "migrate-1".into(),
                container: container.into(),
                restarts,
                runs: true,
                alone: false,
            })
        };
        assert_eq!(new("app", 0), (true, true));
        assert_eq!(new("app", 0), (false, false));
        assert_eq!(new("app", 1), (true, false));
        assert_eq!(new("app", 1), (false, false));
        assert_eq!(new("beside", 0), (true, false));
    }
}
