//! What hooks say while they run: a migration is nothing to guess about.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::sync::watch;

use super::super::site::Site;
use crate::{model::Speaker, report::LOG_LINES};

/// The most lines of one container that are shown; what follows is in its log.
const SHOWN: usize = 500;

/// The logs of hooks' containers, by the names of pod and container.
#[derive(Default)]
pub(super) struct HookLogs(Mutex<Heard>);

type Heard = BTreeMap<(String, String), Log>;

/// What was heard of a container.
#[derive(Default)]
struct Log {
    /// How often it was started, by what was heard.
    runs: u64,
    /// The end of what it said.
    end: VecDeque<String>,
}

impl HookLogs {
    /// Shows what the containers of a release's hooks say, of those that `seen` tells at each change. Never
    /// ends.
    pub(super) async fn follow(
        &self,
        site: &Site<'_>,
        release: &str,
        seen: impl Fn() -> Vec<Speaker>,
        changed: &mut watch::Receiver<()>,
    ) -> Infallible {
        let mut logs = FuturesUnordered::new();
        loop {
            for speaker in seen() {
                let (is_new, is_first) = self.is_new(&speaker);
                if is_first {
                    let hook = &speaker.hook;
                    site.report
                        .note(&format!("{release}: the hook {hook} runs"));
                }
                if is_new {
                    logs.push(self.one(site, speaker));
                }
            }
            tokio::select! {
                _ = changed.changed() => {}
                Some(()) = logs.next(), if !logs.is_empty() => {}
            }
        }
    }

    async fn one(&self, site: &Site<'_>, speaker: Speaker) {
        let Speaker {
            hook,
            pod,
            container,
            restarts: _,
            alone,
        } = &speaker;
        let mut shown = 0;
        let line = |line: &str, is_cut: bool| {
            let line = site.helm.secrets().mask_read(line, is_cut);
            self.keep(&speaker, &line);
            shown += 1;
            if shown <= SHOWN {
                match alone {
                    true => site.report.quote(&line),
                    false => site.report.quote(&format!("{container}: {line}")),
                }
            } else if shown == SHOWN + 1 {
                let more = format!("{hook} says more than is shown here: it is in its log");
                site.report.note(&more);
            }
        };
        match site.objects.follow_log(pod, container, line).await {
            Ok(()) => {}
            // A chart may have a hook removed as soon as it is done, and its log goes with it.
            Err(error) if error.status() == Some(404) => {}
            Err(error) => site
                .report
                .warn(&format!("what the hook {hook} says is not shown: {error}")),
        }
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

    fn all(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(speaker: &Speaker) -> (String, String) {
    (speaker.pod.clone(), speaker.container.clone())
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
