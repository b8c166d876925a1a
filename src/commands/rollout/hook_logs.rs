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

/// The ends of the logs of hooks' containers, by the names of pod and container.
#[derive(Default)]
pub(super) struct HookLogs(Mutex<Ends>);

type Ends = BTreeMap<(String, String), VecDeque<String>>;

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
        // What cannot be read is told if the hook fails.
        let _ = site.objects.follow_log(pod, container, line).await;
    }

    /// Whether a container was not heard of before, and none of its pod's, whoever asks.
    fn is_new(&self, speaker: &Speaker) -> (bool, bool) {
        let mut all = self.all();
        let is_first = !all.keys().any(|(pod, _)| *pod == speaker.pod);
        let key = (speaker.pod.clone(), speaker.container.clone());
        let is_new = !all.contains_key(&key);
        all.entry(key).or_default();
        (is_new, is_first)
    }

    fn keep(&self, speaker: &Speaker, line: &str) {
        let mut all = self.all();
        let key = (speaker.pod.clone(), speaker.container.clone());
        let lines = all.entry(key).or_default();
        lines.push_back(line.to_owned());
        if lines.len() > LOG_LINES {
            lines.pop_front();
        }
    }

    /// The last lines that a container said.
    pub(super) fn end_of(&self, pod: &str, container: &str) -> Option<String> {
        let all = self.all();
        let lines = all.get(&(pod.to_owned(), container.to_owned()))?;
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn all(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
