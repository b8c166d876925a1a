//! How a wait for the address stands.

use std::time::{Duration, Instant};

/// Between two looks at first, and at most: an address that comes in minutes is asked for seldom.
const LOOKS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];

/// How a wait stands.
pub(super) struct Wait {
    deadline: Instant,
    look: Duration,
    /// How the address was found last, for people; empty before the first look.
    state: String,
}

impl Wait {
    pub(super) fn until(deadline: Instant) -> Self {
        Self {
            deadline,
            look: LOOKS[0],
            state: String::new(),
        }
    }

    /// What a look sees; none where the time is up before. The first takes as long as it does, so that
    /// there is something to tell.
    pub(super) async fn look<T>(&self, looking: impl Future<Output = T>) -> Option<T> {
        if self.state.is_empty() {
            return Some(looking.await);
        }
        let deadline = self.deadline.into();
        tokio::time::timeout_at(deadline, looking).await.ok()
    }

    /// Notes how it is now; whether that is news.
    pub(super) fn note(&mut self, state: &str) -> bool {
        let is_news = self.state != state;
        state.clone_into(&mut self.state);
        is_news
    }

    /// How it was last, once the time is up.
    pub(super) fn over(&self) -> Option<&str> {
        (Instant::now() > self.deadline).then_some(&self.state)
    }

    /// Until the next look, which may be the last.
    pub(super) async fn pause(&mut self) {
        let left = self.deadline.saturating_duration_since(Instant::now());
        tokio::time::sleep(self.look.min(left)).await;
        self.look = self.look.mul_f32(1.2).min(LOOKS[1]);
    }
}
