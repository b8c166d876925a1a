//! How Docker is logged in to a registry: its configuration, and the helpers that this names.

use std::{collections::BTreeMap, io::ErrorKind, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use serde::Deserialize;
use tokio::process::Command;

use crate::clients::child;

/// How long a helper may take: it may ask a cloud, or a keyring that asks somebody.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What Docker's configuration calls its Hub.
const HUB: &str = "https://index.docker.io/v1/";

/// By what a helper names an identity token, in place of a user's name.
const TOKEN_USER: &str = "<token>";

/// What convinces a registry. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credentials {
    /// A name and a password.
    Password(String, String),
    /// What a token server exchanges for a token.
    IdentityToken(String),
}

impl Credentials {
    /// As it is sent where the registry asks for a password.
    pub(super) fn basic(&self) -> Option<HeaderValue> {
        let Self::Password(name, password) = self else {
            return None;
        };
        let encoded = STANDARD.encode(format!("{name}:{password}"));
        let mut value = HeaderValue::try_from(format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Docker's `config.json`, which `docker login` writes.
#[derive(Debug, Clone)]
pub struct DockerConfig(Option<PathBuf>);

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct File {
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(rename = "identitytoken")]
    identity_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

impl DockerConfig {
    /// The one in a folder, which need not be there.
    pub fn in_folder(folder: Option<PathBuf>) -> Self {
        Self(folder.map(|folder| folder.join("config.json")))
    }

    /// What there is for `registry`: by the helper for it, by the store of all, or in the file.
    pub(super) async fn credentials(&self, registry: &str) -> anyhow::Result<Option<Credentials>> {
        let Some(file) = self.read()? else {
            return Ok(None);
        };
        let key = if registry == "docker.io" {
            HUB
        } else {
            registry
        };
        let helper = file
            .cred_helpers
            .get(key)
            .or(file.cred_helpers.get(registry));
        if let Some(helper) = helper.or(file.creds_store.as_ref()) {
            let helped = help(helper, key).await?;
            if helped.is_some() {
                return Ok(helped);
            }
        }
        let entry = file.auths.iter().find(|(name, _)| is_for(name, key));
        entry.map_or(Ok(None), |(_, entry)| entry.credentials())
    }

    fn read(&self) -> anyhow::Result<Option<File>> {
        let Some(path) = &self.0 else {
            return Ok(None);
        };
        let text = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("{} cannot be read", path.display()))?,
        };
        // Nothing of the text is told: it may be a password.
        let file = serde_json::from_slice(&text).map_err(|error| {
            let (line, path) = (error.line(), path.display());
            anyhow::anyhow!("{path} is not Docker's configuration: see its line {line}")
        });
        file.map(Some)
    }
}

/// Whether an entry of the file is for this registry: older ones are written as addresses.
fn is_for(name: &str, key: &str) -> bool {
    let host = |name: &str| {
        let host = name.split_once("://").map_or(name, |(_, rest)| rest);
        host.split('/').next().unwrap_or_default().to_owned()
    };
    name == key || host(name) == host(key)
}

impl Entry {
    fn credentials(&self) -> anyhow::Result<Option<Credentials>> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&self.identity_token) {
            return Ok(Some(Credentials::IdentityToken(token)));
        }
        if let (Some(name), Some(password)) = (given(&self.username), given(&self.password)) {
            return Ok(Some(Credentials::Password(name, password)));
        }
        let Some(auth) = given(&self.auth) else {
            return Ok(None);
        };
        let bytes = STANDARD.decode(auth).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = text.as_deref().and_then(|text| text.split_once(':'));
        let (name, password) = pair.context("`auth` in Docker's configuration is garbled")?;
        Ok(Some(Credentials::Password(name.into(), password.into())))
    }
}

/// Asks `docker-credential-<name>` on PATH; none where it has nothing for this registry.
async fn help(name: &str, registry: &str) -> anyhow::Result<Option<Credentials>> {
    let program = format!("docker-credential-{name}");
    ensure!(
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
        "Docker's configuration names a helper that is no name"
    );
    let mut helper = Command::new(&program);
    // One that does not read what it is asked has its answer ready.
    let asked = child::run(helper.arg("get"), registry.as_bytes(), TIMEOUT).await;
    let ended = match asked {
        Err(error) if error.kind() == ErrorKind::TimedOut => {
            bail!("{program} gave no answer within {} s", TIMEOUT.as_secs())
        }
        ended => ended.with_context(|| format!("{program} does not start: is it on PATH?"))?,
    };
    let status = ended.status;
    let answer = ended.stdout.whole().context(program.clone())?;
    let text = String::from_utf8_lossy(&answer);
    if !status.success() {
        // The protocol has no other sign for it than these words.
        let none = text.trim() == "credentials not found in native keychain";
        ensure!(none, "{program} ended with {status}");
        return Ok(None);
    }
    let helped: Helped = serde_json::from_slice(&answer)
        .map_err(|_| anyhow::anyhow!("{program} answers other than the JSON of a helper"))?;
    Ok(Some(match helped.username.as_str() {
        TOKEN_USER => Credentials::IdentityToken(helped.secret),
        _ => Credentials::Password(helped.username, helped.secret),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_may_be_an_address() {
        assert!(is_for("https://r.example.com/v2/", "r.example.com"));
        assert!(is_for("index.docker.io", HUB));
        assert!(!is_for("r.example.com:5000", "r.example.com"));
        assert!(!is_for("other.example.com", "r.example.com"));
    }

    #[test]
    fn a_password_may_hold_colons() {
        let entry = Entry {
            auth: Some(STANDARD.encode("ci:a:b")),
            ..Entry::default()
        };
        let found = entry.credentials().unwrap();
        assert!(found == Some(Credentials::Password("ci".into(), "a:b".into())));
    }

    #[test]
    fn what_cannot_be_read_is_told_without_its_text() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), r#"{"auths": "hunter2"}"#).unwrap();
        let config = DockerConfig::in_folder(Some(folder.path().to_owned()));
        let error = format!("{:#}", config.read().err().unwrap());
        assert!(
            error.contains("config.json") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
