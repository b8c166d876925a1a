//! GitHub Apps: who they are, where they are installed, and the tokens of their installations.

mod jwt;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{limits::Limits, permissions::Permissions, state::Shared};

pub use jwt::verify;

/// How long GitHub's installation tokens last.
const AN_HOUR: Duration = Duration::from_secs(3600);

/// The handle of an App that is installed.
#[derive(Clone, Debug)]
pub struct App {
    pub(super) shared: Arc<Shared>,
    /// Its number.
    pub id: u64,
    /// The number of its installation.
    pub installation: u64,
}

/// An App as the server keeps it.
#[derive(Debug)]
pub struct Registered {
    pub id: u64,
    /// The one place where it is installed; `None` since it was uninstalled.
    pub installation: Option<Installation>,
    /// Whether its installation is suspended.
    pub is_suspended: bool,
    /// How long its tokens last.
    pub lasts: Duration,
    pub limits: Limits,
    pub permissions: Permissions,
}

/// Where an App is installed.
#[derive(Clone, Debug)]
pub struct Installation {
    pub id: u64,
}

impl App {
    /// The private key of every App here, as GitHub hands it out.
    pub const KEY: &str = include_str!("apps/own.pem");
    /// A private key of no App.
    pub const OTHER_KEY: &str = include_str!("apps/other.pem");

    /// Lets all tokens of its installation expire: 401 for each.
    pub fn expire_tokens(&self) {
        let mut state = self.shared.lock();
        let own = |token: &&mut super::tokens::Token| token.installation == Some(self.installation);
        state.tokens.iter_mut().filter(own).for_each(|token| {
            token.expires = Some(Instant::now());
        });
    }

    /// How long the tokens last that are given from now on.
    pub fn tokens_last(&self, time: Duration) {
        self.with(|app| app.lasts = time);
    }

    /// Lets somebody suspend its installation, which GitHub tells where a token is asked for.
    pub fn suspend(&self) {
        self.with(|app| app.is_suspended = true);
    }

    /// Takes the App from the repositories where it is installed; its tokens end.
    pub fn uninstall(&self) {
        self.expire_tokens();
        self.with(|app| app.installation = None);
    }

    /// What its installation was asked for tokens for, one body after the other.
    pub fn asked_for_tokens(&self) -> Vec<Value> {
        let path = format!("/app/installations/{}/access_tokens", self.installation);
        let state = self.shared.lock();
        let requests = state.requests.iter();
        let asked = requests.filter(|request| request.path == path);
        asked.filter_map(|request| request.body.clone()).collect()
    }

    fn with(&self, act: impl FnOnce(&mut Registered)) {
        let mut state = self.shared.lock();
        let mut apps = state.apps.iter_mut();
        act(apps
            .find(|app| app.id == self.id)
            .expect("Apps are never removed"));
    }
}

impl Registered {
    pub fn new(id: u64, installation: u64, permissions: Permissions) -> Self {
        Self {
            id,
            installation: Some(Installation { id: installation }),
            is_suspended: false,
            lasts: AN_HOUR,
            limits: Limits::of_an_hour(5_000),
            permissions,
        }
    }

    /// Whether a repository is one of those where it is installed.
    pub fn is_installed_on(&self, full_name: &str) -> bool {
        let within = |names: &Vec<String>| {
            names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(full_name))
        };
        self.installation.is_some() && self.permissions.only.as_ref().is_none_or(within)
    }
}
