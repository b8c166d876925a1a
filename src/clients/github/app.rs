//! A GitHub App, which asks with tokens that its installation is given for an hour each.

mod refusal;

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, StatusCode};
use rustls::{
    SignatureScheme,
    crypto::ring::sign::RsaSigningKey,
    pki_types::{PrivateKeyDer, pem::PemObject as _},
    sign::{Signer, SigningKey as _},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::{sync::Mutex, time::Instant};

use super::{
    error::{Cause, GitHubError},
    wire::{Reply, Request, Wire, bearer, date, read},
};
use crate::model::{Repository, Secrets};

/// How long before its end a token is asked with no more: longer than any request takes, with its
/// repetitions.
const SPARE: Duration = Duration::from_secs(300);

/// How far before now a JWT was issued, for clocks that differ, and how long it lasts from now.
/// GitHub takes none that lasts for more than ten minutes.
const ISSUED_BEFORE: i64 = 60;
const LASTS: i64 = 540;

/// How far GitHub's clock may be from ours before a refusal is laid to it: by less no JWT is wrong.
const SKEW: TimeDelta = TimeDelta::seconds(30);

/// Who asks, where it is no person's token: an App, and what it asks to be allowed.
#[derive(Clone)]
pub struct App {
    id: u64,
    /// None where GitHub is asked for it.
    installation: Option<u64>,
    signer: Arc<dyn Signer>,
    secrets: Secrets,
    /// As GitHub spells them, as in `contents` and `read`.
    permissions: &'static [(&'static str, &'static str)],
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("id", &self.id)
            .field("installation", &self.installation)
            .finish_non_exhaustive()
    }
}

impl App {
    /// The App of a number, by its private key in PEM. Its tokens are allowed `permissions`, and no
    /// more.
    ///
    /// # Errors
    /// What is wrong with the key, without a word of it.
    pub fn new(
        id: u64,
        installation: Option<u64>,
        pem: &str,
        permissions: &'static [(&'static str, &'static str)],
    ) -> Result<Self, &'static str> {
        const NO_KEY: &str = "it is no private key in PEM, as GitHub makes it for an App";
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| NO_KEY)?;
        let key = RsaSigningKey::new(&der).map_err(|_| "it is no RSA key of 2048 bits or more")?;
        let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        // A line of Base64 is as good as the whole, and what is short is no secret.
        let lines = pem.lines().filter(|line| line.len() >= 32);
        Ok(Self {
            id,
            installation,
            signer: signer.ok_or(NO_KEY)?.into(),
            secrets: Secrets::new(lines.map(str::to_owned)),
            permissions,
        })
    }

    /// What is shown to nobody: its key.
    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What tells GitHub for ten minutes that it is the App who asks.
    fn jwt(&self, now: DateTime<Utc>) -> HeaderValue {
        let now = now.timestamp();
        let head = json!({ "alg": "RS256", "typ": "JWT" });
        let claims = json!({
            "iss": self.id.to_string(), "iat": now - ISSUED_BEFORE, "exp": now + LASTS,
        });
        let parts = [head, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = parts.join(".");
        let signature = self.signer.sign(text.as_bytes());
        let signature = signature.expect("an RSA key signs whatever it is given");
        let jwt = bearer(&format!(
            "{text}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(signature)
        ));
        jwt.expect("Base64 and dots can be a header")
    }

    fn permissions(&self) -> Map<String, Value> {
        let each = self.permissions.iter();
        each.map(|(name, level)| ((*name).to_owned(), (*level).into()))
            .collect()
    }
}

/// The tokens of an App's installation, one after the other.
#[derive(Debug)]
pub(super) struct Tokens {
    app: App,
    repository: Repository,
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    header: HeaderValue,
    /// From when on it is asked with no more.
    ends: Instant,
}

#[derive(Debug, Deserialize)]
struct Installation {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct Given {
    token: String,
    expires_at: DateTime<Utc>,
}

impl Tokens {
    pub(super) fn new(app: App, repository: Repository) -> Self {
        Self {
            app,
            repository,
            held: Mutex::default(),
        }
    }

    /// What a request is sent with: the token that is held, or a new one in good time.
    pub(super) async fn header(&self, wire: &Wire) -> Result<HeaderValue, GitHubError> {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| Instant::now() < held.ends) {
            return Ok(held.header.clone());
        }
        let new = self.ask(wire).await?;
        Ok(held.insert(new).header.clone())
    }

    /// Holds a token no longer that GitHub refused. Another may have a new one already.
    pub(super) async fn forget(&self, refused: &HeaderValue) {
        let mut held = self.held.lock().await;
        held.take_if(|held| held.header == refused);
    }

    async fn ask(&self, wire: &Wire) -> Result<Held, GitHubError> {
        let installation = match self.app.installation {
            Some(id) => id,
            None => self.installation(wire).await?,
        };
        let path = format!("/app/installations/{installation}/access_tokens");
        let wanted = json!({
            "repositories": [self.repository.name()], "permissions": self.app.permissions(),
        });
        // Of two tokens one is used, and both end by themselves.
        let request = Request::post(&path, wanted).repeatable();
        let reply = self.as_app(wire, &request).await?;
        let read = read::<Given>(&request.to_string(), &reply);
        let given = read.map_err(|error| self.explain(error))?;
        // By GitHub's own clock, where it tells.
        let now = date(&reply.headers).unwrap_or_else(Utc::now);
        let lasts = (given.expires_at - now).to_std().unwrap_or_default();
        let header = bearer(&given.token).ok_or_else(|| {
            let reason = "its token holds other than plain symbols".to_owned();
            GitHubError::new(request.to_string(), Cause::Garbled(reason))
        })?;
        Ok(Held {
            header,
            ends: Instant::now() + lasts.saturating_sub(SPARE).max(lasts / 2),
        })
    }

    /// The reply to the App itself. Where it is refused, and GitHub's clock is another than ours, it is the
    /// times in the JWT that were wrong: it is asked once more by GitHub's.
    async fn as_app(&self, wire: &Wire, request: &Request<'_>) -> Result<Reply, GitHubError> {
        let now = Utc::now();
        let reply = wire.follow(request, &self.app.jwt(now)).await?;
        let theirs = date(&reply.headers).filter(|theirs| (*theirs - now).abs() > SKEW);
        match theirs {
            Some(theirs) if reply.status == StatusCode::UNAUTHORIZED => {
                wire.follow(request, &self.app.jwt(theirs)).await
            }
            Some(_) | None => Ok(reply),
        }
    }

    async fn installation(&self, wire: &Wire) -> Result<u64, GitHubError> {
        let path = format!("/repos/{}/installation", self.repository);
        let request = Request::get(&path);
        let reply = self.as_app(wire, &request).await?;
        let read = read::<Installation>(&request.to_string(), &reply);
        Ok(read.map_err(|error| self.explain(error))?.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_refused_without_a_word_of_it() {
        for text in [
            "",
            "hush",
            "-----BEGIN PRIVATE KEY-----\naHVzaA==\n-----END PRIVATE KEY-----",
        ] {
            let reason = App::new(7, None, text, &[]).unwrap_err();
            assert!(
                !reason.contains("hush") && !reason.contains("aHVz"),
                "{reason}"
            );
        }
    }

    #[test]
    fn an_app_shows_nothing_of_its_key() {
        let app = App::new(7, None, testbed::github::App::KEY, &[]).unwrap();
        let line = testbed::github::App::KEY.lines().nth(1).unwrap();
        assert!(!format!("{app:?}").contains(line));
        assert_eq!(app.secrets().mask(&format!("key {line}!")), "key ***!");
    }
}
