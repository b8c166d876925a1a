//! Watches what becomes of releases while they go up: how far they are, whether they still can, and what
//! their hooks say.

mod fading;
mod hook_logs;

use std::{
    convert::Infallible,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::StreamExt as _;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use self::{fading::Fading, hook_logs::HookLogs};
use super::site::Site;
use crate::{
    decide::{Awaited, hope, progress, speakers},
    model::{Change, Interest, Object, Scene, Trouble},
    report,
};

/// How long changes are gathered before they are judged: they come in crowds.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a release goes up until it is told how far it is, and the shortest time between two words of
/// that.
const QUIET: Duration = Duration::from_secs(2);
const BETWEEN: Duration = Duration::from_secs(1);

/// What is seen of all releases of a deploy.
#[derive(Default)]
pub(super) struct Rollout {
    scene: Mutex<Scene>,
    changed: watch::Sender<()>,
    logs: HookLogs,
}

impl Rollout {
    /// Sees all that changes and is of interest, for as long as it is polled.
    pub(super) async fn watch(&self, site: &Site<'_>, interest: Interest) -> Infallible {
        let mut changes = pin!(site.objects.changes(&interest.into()));
        while let Some(change) = changes.next().await {
            if let Change::Unseen(what) = &change {
                site.report
                    .warn(&format!("the rollout is not seen in full: {what}"));
            }
            self.scene().apply(change);
            self.changed.send_replace(());
        }
        std::future::pending().await
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to what is seen now what was seen before: what is gone, and what was changed.
    pub(super) fn add_to(&self, now: &mut Scene) {
        let seen = self.scene();
        now.past.clone_from(&seen.past);
        now.changed.clone_from(&seen.changed);
    }

    /// The end of what a container of a hook's pod has said while it ran.
    pub(super) fn said_by(&self, pod: &str, container: &str) -> Option<String> {
        self.logs.end_of(pod, container)
    }

    /// Tells what a release's hooks say while `work` goes on, to their last words.
    pub(super) async fn heard_while<T>(
        &self,
        site: &Site<'_>,
        release: &str,
        objects: &[Object],
        work: impl Future<Output = T>,
    ) -> T {
        let mut changed = self.changed.subscribe();
        let seen = || speakers(&self.scene(), objects);
        let logs = &self.logs;
        logs.follow_while(site, release, seen, &mut changed, work)
            .await
    }

    /// Tells how far a release is; ends once it cannot come up any more, with what is wrong.
    pub(super) async fn lost(
        &self,
        site: &Site<'_>,
        release: &str,
        objects: &[Object],
        max_restarts: u64,
        mut awaited: Awaited,
    ) -> Trouble {
        let (mut changed, mut fading) = (self.changed.subscribe(), Fading::default());
        let (mut told, live) = (Told::new(), site.report.live(release));
        loop {
            awaited.look(&self.scene(), objects);
            let judged = hope(&self.scene(), objects, max_restarts, &awaited);
            if let Some(trouble) = fading.lost(judged, Instant::now()) {
                return trouble;
            }
            let far = progress(&self.scene(), objects);
            let now = report::progress(&far, site.helm.secrets());
            if let Some(line) = now.and_then(|line| told.line(line)) {
                live.tell(&site.helm.mask(&line));
            }
            tokio::select! {
                _ = changed.changed() => sleep(PAUSE).await,
                () = sleep_until(told.next()) => {}
                () = fading.over() => {}
            }
        }
    }
}

/// What was told of a release, and when there may be a next word.
struct Told {
    last: String,
    next: Instant,
}

impl Told {
    fn new() -> Self {
        Self {
            last: String::new(),
            next: Instant::now() + QUIET,
        }
    }

    /// The line, if it is news and it is time for it.
    fn line(&mut self, line: String) -> Option<String> {
        if line == self.last || Instant::now() < self.next {
            return None;
        }
        self.next = Instant::now() + BETWEEN;
        self.last.clone_from(&line);
        Some(line)
    }

    /// When to look again though nothing changed: at the first word, which may be due.
    fn next(&self) -> Instant {
        match self.last.is_empty() && Instant::now() < self.next {
            true => self.next,
            false => Instant::now() + BETWEEN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_once() {
        let mut told = Told::new();
        assert_eq!(told.line("0 of 1".into()), None, "too early");
        told.next = Instant::now();
        assert_eq!(told.line("0 of 1".into()).as_deref(), Some("0 of 1"));
        told.next = Instant::now();
        assert_eq!(told.line("0 of 1".into()), None);
        assert_eq!(told.line("1 of 1".into()).as_deref(), Some("1 of 1"));
        assert_eq!(told.line("2 of 1".into()), None, "too soon after");
    }
}
