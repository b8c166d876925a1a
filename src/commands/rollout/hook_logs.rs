//! What hooks say while they run: a migration is nothing to guess about.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{StreamExt as _, stream::FuturesUnordered};
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
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The logs of hooks' containers, by the names of pod and container.
#[derive(Default)]
pub(super) struct HookLogs(Mutex<BTreeMap<Container, Log>>);

/// A container, by the names of its pod and itself.
type Container = (String, String);

/// What was heard of a container.
#[derive(Default)]
struct Log {
    /// How often it was started, by what was heard.
    runs: u64,
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
        let (mut work, mut logs) = (pin!(work), FuturesUnordered::new());
        let mut followed = BTreeSet::new();
        let take_up = |followed: &mut _| self.take_up(site, release, seen(), followed);
        let done = loop {
            logs.extend(take_up(&mut followed));
            tokio::select! {
                done = &mut work => break done,
                _ = changed.changed() => {}
                Some(container) = logs.next(), if !logs.is_empty() => {
                    followed.remove(&container);
                }
            }
        };
        logs.extend(take_up(&mut followed));
        let mut stop = site.stop.flag();
        tokio::select! {
            () = logs.for_each(async |_| ()) => {}
            () = sleep(LAST_WORDS) => {}
            _ = stop.wait_for(|asked| *asked) => {}
        }
        done
    }

    /// Those that are new of what is seen, to be followed; a container that is, goes on.
    fn take_up<'a>(
        &'a self,
        site: &'a Site<'_>,
        release: &str,
        seen: Vec<Speaker>,
        followed: &mut BTreeSet<Container>,
    ) -> Vec<impl Future<Output = Container> + use<'a>> {
        let mut new = Vec::new();
        for speaker in seen {
            let (is_new, is_first) = self.is_new(&speaker);
            if is_first {
                let hook = &speaker.hook;
                site.report
                    .note(&format!("{release}: the hook {hook} runs"));
            }
            if is_new && followed.insert(key(&speaker)) {
                new.push(self.one(site, speaker));
            }
        }
        new
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
        let restarted = || {
            let before = std::mem::replace(&mut runs, self.runs(&speaker));
            before < runs
        };
        let hear = |heard: Heard<'_>| match heard {
            Heard::Line(line, is_cut) => showing.line(line, is_cut),
            Heard::Miss(error) => showing.miss(error),
        };
        let followed = site.objects.follow_log(pod, container, restarted, hear);
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
        log.runs = runs.max(known);
        (runs > known, is_first)
    }

    /// How often a container was started, by what was heard.
    fn runs(&self, speaker: &Speaker) -> u64 {
        self.all().get(&key(speaker)).map_or(0, |log| log.runs)
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

/// What is shown of one container, as it is heard.
struct Showing<'a> {
    site: &'a Site<'a>,
    logs: &'a HookLogs,
    speaker: &'a Speaker,
    lines: usize,
    has_missed: bool,
}

impl<'a> Showing<'a> {
    fn new(site: &'a Site<'a>, logs: &'a HookLogs, speaker: &'a Speaker) -> Self {
        Self {
            site,
            logs,
            speaker,
            lines: 0,
            has_missed: false,
        }
    }

    fn line(&mut self, line: &str, is_cut: bool) {
        let (report, speaker) = (&self.site.report, self.speaker);
        let line = self.site.helm.secrets().mask_read(line, is_cut);
        self.logs.keep(speaker, &line);
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
