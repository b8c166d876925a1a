//! A registry of images: the real one, behind a login, on loopback, for one test.
//!
//! Clients reach it by way of a server of ours, which is where [`Faults`] are met and requests are
//! counted. It can ask for name and password with each request, or for a token.
//!
//! ```no_run
//! # use testbed::registry::{Login, Registry};
//! let registry = Registry::start(Login::Password);
//! let digest = registry.push("hey", "4f2a91c", "linux/amd64");
//! let all = registry.push_index("hey", "all", &["linux/amd64", "linux/arm64"]);
//! # drop((digest, all));
//! ```

mod front;
mod push;

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    faults::Faults,
    processes::{Keeper, Process},
    run_folder::RunFolder,
    serve::Server,
    tools::{self, Tool},
    wait_until,
};
use front::Front;
use push::Door;

/// Who may push and pull.
pub const USER: &str = "ci";

/// The least that bcrypt takes: nobody guesses at it.
const COST: u32 = 4;

/// How clients are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// By name and password with each request.
    Password,
    /// By a token that is given for them.
    Token,
}

/// A registry of its own; it ends when it is dropped. The fields are in the order in which they
/// have to be dropped.
pub struct Registry {
    server: Server,
    front: Arc<Front>,
    door: Door,
    password: String,
    _process: Mutex<Process>,
    _keeper: Keeper,
    _folder: RunFolder,
}

impl Registry {
    /// Starts one without images.
    ///
    /// # Panics
    /// When it does not start: no test could go on.
    #[track_caller]
    pub fn start(login: Login) -> Self {
        Self::try_start(login).unwrap_or_else(|error| panic!("failed to start it: {error:#}"))
    }

    fn try_start(login: Login) -> Result<Self> {
        let folder = RunFolder::create()?;
        let password = hex::encode(rand::random::<[u8; 16]>());
        configure(folder.path(), &password)?;
        let keeper = Keeper::new()?;
        let mut process = keeper.start("registry", command(folder.path())?, folder.path())?;
        let log = folder.path().join("registry.log");
        let address = wait_until("the registry listens", || {
            process.check().map_err(|error| format!("{error:#}"))?;
            let text = fs::read_to_string(&log).unwrap_or_default();
            listening(&text).ok_or(text)
        });
        let basic = format!("Basic {}", STANDARD.encode(format!("{USER}:{password}")));
        let front = Arc::new(Front::new(address, login, basic.clone()));
        let server = Server::start(|url| front::router(&front, url));
        Ok(Self {
            server,
            front,
            door: Door::new(address, basic),
            password,
            _process: Mutex::new(process),
            _keeper: keeper,
            _folder: folder,
        })
    }

    /// Host and port, as they begin an image's name.
    pub fn host(&self) -> String {
        self.server.address().to_string()
    }

    /// The password of [`USER`].
    pub fn password(&self) -> &str {
        &self.password
    }

    /// What `docker login` writes to Docker's `config.json`.
    pub fn docker_config(&self) -> String {
        let auth = STANDARD.encode(format!("{USER}:{}", self.password));
        json!({"auths": {self.host(): {"auth": auth}}}).to_string()
    }

    /// Pushes an image for one platform; its digest.
    ///
    /// # Panics
    /// When the registry does not take it.
    #[track_caller]
    pub fn push(&self, repository: &str, tag: &str, platform: &str) -> String {
        self.door.push(repository, tag, platform)
    }

    /// Pushes an image for several platforms; its index's digest.
    ///
    /// # Panics
    /// When the registry does not take it.
    #[track_caller]
    pub fn push_index(&self, repository: &str, tag: &str, platforms: &[&str]) -> String {
        self.door.push_index(repository, tag, platforms)
    }

    /// The switches for faults on the wire. Pushing does not meet them.
    pub fn faults(&self) -> &Faults {
        &self.front.faults
    }

    /// The requests of clients so far, as in `HEAD /v2/hey/manifests/1`, without those that met a
    /// fault.
    pub fn requests(&self) -> Vec<String> {
        self.front.requests()
    }
}

fn configure(folder: &Path, password: &str) -> Result<()> {
    let hash = bcrypt::hash(password, COST).context("failed to hash the password")?;
    let users = folder.join("htpasswd");
    fs::write(&users, format!("{USER}:{hash}\n"))?;
    let config = json!({
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": true}},
        "storage": {"filesystem": {"rootdirectory": folder.join("images")}},
        "http": {"addr": "127.0.0.1:0"},
        "auth": {"htpasswd": {"realm": "testbed", "path": users}},
    });
    // JSON is YAML.
    Ok(fs::write(folder.join("config.yml"), config.to_string())?)
}

/// By way of the control plane, so that it dies with us.
fn command(folder: &Path) -> Result<Command> {
    let mut command = Command::new(tools::get(Tool::ControlPlane)?);
    command.arg("exec").arg(tools::get(Tool::Registry)?);
    command.arg("serve").arg(folder.join("config.yml"));
    command.env("OTEL_TRACES_EXPORTER", "none");
    Ok(command)
}

/// The address that the log tells, so that no port has to be free beforehand.
fn listening(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("listening on ")?;
    let word = rest.split(['"', ' ', '\n']).next()?;
    word.parse().ok()
}

#[cfg(test)]
mod tests;
