//! What hooks say while they run: a migration is nothing to guess about.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    sync::{Mutex, PoisonError},
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::sync::watch;

use super::super::site::Site;
use crate::report::LOG_LINES;

/// The most lines of one pod that are shown; what follows is in its log.
const SHOWN: usize = 500;

/// The ends of the logs of hooks' pods, by the pod's name.
#[derive(Default)]
pub(super) struct HookLogs(Mutex<BTreeMap<String, VecDeque<String>>>);

impl HookLogs {
    /// Shows what the pods of a release's hooks say, of those that `seen` tells at each change. Never
    /// ends.
    pub(super) async fn follow(
        &self,
        site: &Site<'_>,
        release: &str,
        seen: impl Fn() -> Vec<[String; 3]>,
        changed: &mut watch::Receiver<()>,
    ) -> Infallible {
        let mut logs = FuturesUnordered::new();
        loop {
            for [hook, pod, container] in seen() {
                if self.is_new(&pod) {
                    site.report
                        .note(&format!("{release}: the hook {hook} runs"));
                    logs.push(self.one(site, hook, pod, container));
                }
            }
            tokio::select! {
                _ = changed.changed() => {}
                Some(()) = logs.next(), if !logs.is_empty() => {}
            }
        }
    }

    async fn one(&self, site: &Site<'_>, hook: String, pod: String, container: String) {
        let mut shown = 0;
        let line = |line: &str, is_cut: bool| {
            let line = site.helm.secrets().mask_read(line, is_cut);
            self.keep(&pod, &line);
            shown += 1;
            if shown <= SHOWN {
                site.report.quote(&line);
            } else if shown == SHOWN + 1 {
                let more = format!("{hook} says more than is shown here: it is in its log");
                site.report.note(&more);
            }
        };
        // What cannot be read is told if the hook fails.
        let _ = site.objects.follow_log(&pod, &container, line).await;
    }

    /// Whether a pod was not heard of before, whoever asks.
    fn is_new(&self, pod: &str) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !all.contains_key(pod);
        all.entry(pod.to_owned()).or_default();
        is_new
    }

    fn keep(&self, pod: &str, line: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = all.entry(pod.to_owned()).or_default();
        lines.push_back(line.to_owned());
        if lines.len() > LOG_LINES {
            lines.pop_front();
        }
    }

    /// The last lines that a pod said.
    pub(super) fn end_of(&self, pod: &str) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<_> = all.get(pod)?.iter().map(String::as_str).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}
