//! A registry of images, by the OCI distribution API: whether an image is there.

mod challenge;
mod credentials;
mod error;
mod manifest;

use std::{fmt, sync::Mutex, time::Duration};

use anyhow::Context as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::{Client, Response};
use serde::de::DeserializeOwned;

use self::{challenge::Challenge, error::Cause, manifest::Manifest};
pub use self::{credentials::DockerConfig, error::RegistryError};
use super::{patience::Patience, shortly};
use crate::model::{Answer, Image, ImageName, Platform};

/// How long one request may take, its body included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of a manifest or configuration that are read: registries take 4 MiB.
const LARGEST: usize = 4 << 20;

/// The manifest of an image, and of several of which each machine takes its own, as OCI and Docker
/// call them: a registry that is asked for less may answer with a conversion, of another digest.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// What every registry calls an image's content, to be asked for it by that.
const DIGEST: &str = "docker-content-digest";

/// One repository in a registry.
pub struct Registry {
    client: Client,
    name: ImageName,
    docker: DockerConfig,
    patience: Patience,
    /// What the registry was satisfied with, until it no longer is.
    authorization: Mutex<Option<HeaderValue>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// A door to the registry of `name`, which Docker's configuration logs us in to if it asks.
    pub fn new(name: ImageName, docker: DockerConfig, patience: Patience) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("branch-deploys/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("failed to set up the registry's client")?;
        Ok(Self {
            client,
            name,
            docker,
            patience,
            authorization: Mutex::new(None),
        })
    }

    /// The image; none where the registry has none of that name. What it runs on is found out if
    /// `platforms` asks for it, by one or two requests more.
    pub async fn image(&self, platforms: bool) -> Result<Option<Image>, RegistryError> {
        let path = format!("manifests/{}", self.name.reference);
        let Some(head) = self.send(Method::HEAD, &path).await? else {
            return Ok(None);
        };
        let digest = self.digest(head.headers())?;
        let platforms = if platforms {
            self.platforms(&digest).await?
        } else {
            Vec::new()
        };
        Ok(Some(Image { digest, platforms }))
    }

    fn digest(&self, headers: &HeaderMap) -> Result<String, RegistryError> {
        let digest = headers.get(DIGEST).and_then(|value| value.to_str().ok());
        match digest {
            Some(digest) if digest.starts_with("sha") => Ok(digest.to_owned()),
            Some(_) | None => Err(self.error(Cause::Garbled(
                "it tells no digest: is it a registry?".into(),
            ))),
        }
    }

    /// By the digest, so that all is of one image though the tag is moved meanwhile.
    async fn platforms(&self, digest: &str) -> Result<Vec<Platform>, RegistryError> {
        let manifest: Manifest = self.get(&format!("manifests/{digest}")).await?;
        match manifest {
            Manifest::Index(index) => Ok(index.platforms()),
            Manifest::Single(single) => {
                let path = format!("blobs/{}", single.config.digest);
                let config: manifest::Tells = self.get(&path).await?;
                Ok(config.platform().into_iter().collect())
            }
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RegistryError> {
        let garbled = |reason: String| self.error(Cause::Garbled(format!("{path}: {reason}")));
        let answer = self.send(Method::GET, path).await?;
        let answer = answer.ok_or_else(|| garbled("it is not there any more".into()))?;
        self.read(answer, path).await
    }

    /// The body of an answer to `what`, as long as it is of a size that a registry's may have.
    async fn read<T: DeserializeOwned>(
        &self,
        mut answer: Response,
        what: &str,
    ) -> Result<T, RegistryError> {
        let garbled = |reason: String| self.error(Cause::Garbled(format!("{what}: {reason}")));
        let mut body = Vec::new();
        loop {
            let chunk = answer.chunk().await;
            let chunk =
                chunk.map_err(|error| self.error(Cause::Unreachable(super::innermost(&error))))?;
            let Some(chunk) = chunk else { break };
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(garbled("it is too long".into()));
            }
        }
        serde_json::from_slice(&body).map_err(|error| garbled(shortly(error)))
    }

    /// Sends, logs in if that is asked for, and gives none for what is not there.
    async fn send(&self, method: Method, path: &str) -> Result<Option<Response>, RegistryError> {
        let mut answer = self.patiently(&method, path).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let authorization = self.log_in(answer.headers()).await?;
            *self.known() = Some(authorization);
            answer = self.patiently(&method, path).await?;
        }
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(answer)),
            status => {
                // What did not satisfy the registry is not tried again.
                *self.known() = None;
                Err(self.error(Cause::Refused(status.as_u16())))
            }
        }
    }

    /// What satisfies the registry's challenge, by what Docker's configuration has for it.
    async fn log_in(&self, headers: &HeaderMap) -> Result<HeaderValue, RegistryError> {
        let refused = || self.error(Cause::Refused(401));
        let challenge = Challenge::of(headers).ok_or_else(refused)?;
        let credentials = self.docker.credentials(&self.name.registry).await;
        let credentials = credentials.map_err(|error| self.error(Cause::Login(error)))?;
        let secure = challenge.keeps_secrets() || self.name.is_local();
        if credentials.is_some() && !secure {
            let reason = "it wants the password to be sent over plain HTTP";
            return Err(self.error(Cause::Login(anyhow::Error::msg(reason))));
        }
        let answer = match challenge {
            Challenge::Basic => return credentials.and_then(|it| it.basic()).ok_or_else(refused),
            Challenge::Bearer(bearer) => {
                let request = bearer.request(&self.client, credentials.as_ref());
                request.send().await
            }
        };
        let answer =
            answer.map_err(|error| self.error(Cause::Unreachable(super::innermost(&error))))?;
        match answer.status() {
            status if status.is_success() => {}
            status => return Err(self.error(Cause::Refused(status.as_u16()))),
        }
        let token: challenge::Token = self.read(answer, "its token").await?;
        token.bearer().ok_or_else(refused)
    }

    /// Sends until the answer stands.
    async fn patiently(&self, method: &Method, path: &str) -> Result<Response, RegistryError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let outcome = self.once(method, path).await;
            let answer = match &outcome {
                Ok(answer) => Answer::Status(answer.status().as_u16(), asked_wait(answer)),
                Err(_) => Answer::None,
            };
            if self.patience.again(answer, attempt, true).await {
                continue;
            }
            return outcome
                .map_err(|error| self.error(Cause::Unreachable(super::innermost(&error))));
        }
    }

    async fn once(&self, method: &Method, path: &str) -> reqwest::Result<Response> {
        let (base, repository) = (self.name.base_url(), &self.name.repository);
        let url = format!("{base}/v2/{repository}/{path}");
        let mut request = self.client.request(method.clone(), url);
        if path.starts_with("manifests/") {
            request = request.header(header::ACCEPT, MANIFESTS);
        }
        if let Some(authorization) = self.known().clone() {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        request.send().await
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<HeaderValue>> {
        self.authorization
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn error(&self, cause: Cause) -> RegistryError {
        RegistryError::new(&self.name, cause)
    }
}

fn asked_wait(answer: &Response) -> Option<Duration> {
    let value = answer.headers().get(header::RETRY_AFTER)?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
