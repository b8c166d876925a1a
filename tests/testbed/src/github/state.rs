//! All that one GitHub knows.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Instant,
};

use chrono::TimeDelta;

use super::{
    PATIENCE, apps::Registered, ids::Ids, limits::Limits, permissions::Permissions,
    recorder::Request, stored::Stored, tokens::Token,
};
use crate::faults::Faults;

/// One GitHub, shared by its server, its handle and the handles of its repositories.
#[derive(Debug)]
pub struct Shared {
    /// The base URL, without a trailing slash.
    pub url: String,
    pub faults: Faults,
    pub ids: Arc<Ids>,
    state: Mutex<State>,
    changed: Condvar,
}

/// What changes.
#[derive(Debug, Default)]
pub struct State {
    pub repositories: Vec<Stored>,
    pub tokens: Vec<Token>,
    pub apps: Vec<Registered>,
    /// The limits of requests without a token.
    pub anonymous: Limits,
    pub requests: Vec<Request>,
    /// How far GitHub's clock is before this machine's.
    pub ahead: TimeDelta,
}

impl Shared {
    pub fn new(url: &str) -> Self {
        let state = State {
            anonymous: Limits::of_an_hour(60),
            ..State::default()
        };
        Self {
            url: url.to_owned(),
            faults: Faults::default(),
            ids: Arc::default(),
            state: state.into(),
            changed: Condvar::new(),
        }
    }

    /// The state, even if a test panicked while it held it: others still want to report.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Tells those who wait that something happened.
    pub fn changed(&self) {
        self.changed.notify_all();
    }

    /// Waits until `find` finds what it looks for.
    ///
    /// # Panics
    /// When it was not found in time.
    pub fn wait<T>(&self, mut find: impl FnMut(&mut State) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.lock();
        loop {
            if let Some(found) = find(&mut state) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "what the test waited for did not happen in {PATIENCE:?}"
            );
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }
}

impl State {
    /// The id of a repository, which is made if it is new.
    pub fn repository_named_or_new(&mut self, full_name: &str, shared: &Shared) -> u64 {
        if let Some(known) = self
            .repositories
            .iter()
            .find(|stored| stored.is_named(full_name))
        {
            return known.id;
        }
        let stored = Stored::new(full_name, shared);
        let id = stored.id;
        self.repositories.push(stored);
        id
    }

    /// The repository of an id that a handle holds.
    pub fn repository(&mut self, id: u64) -> &mut Stored {
        let mut stored = self.repositories.iter_mut();
        stored
            .find(|stored| stored.id == id)
            .expect("repositories are never removed")
    }

    /// Makes a token and tells its secret.
    pub fn issue(&mut self, permissions: Permissions) -> String {
        let token = Token::new(permissions, self);
        let secret = token.secret.clone();
        self.tokens.push(token);
        secret
    }

    /// The token of a secret that this GitHub issued.
    pub fn token(&mut self, secret: &str) -> &mut Token {
        let mut tokens = self.tokens.iter_mut();
        tokens
            .find(|token| token.secret == secret)
            .expect("a token of this GitHub")
    }
}
