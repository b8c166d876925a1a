use std::fmt;

use crate::model::ImageName;

/// Why a registry did not tell whether it has an image. Its text is one line that says what to do.
#[derive(Debug)]
pub struct RegistryError {
    registry: String,
    repository: String,
    cause: Cause,
}

#[derive(Debug)]
pub(super) enum Cause {
    /// A status that is no answer.
    Refused(u16),
    /// Docker's configuration could not log us in.
    Login(anyhow::Error),
    /// No answer, or one that was cut off.
    Unreachable(String),
    /// An answer that is not what the API promises.
    Garbled(String),
}

impl RegistryError {
    pub(super) fn new(name: &ImageName, cause: Cause) -> Self {
        Self {
            registry: name.registry.clone(),
            repository: name.repository.clone(),
            cause,
        }
    }

    /// Whether the same question may be answered later.
    pub fn may_pass(&self) -> bool {
        match self.cause {
            Cause::Refused(status) => status == 429 || status >= 500,
            Cause::Unreachable(_) => true,
            Cause::Login(_) | Cause::Garbled(_) => false,
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            registry,
            repository,
            cause,
        } = self;
        match cause {
            Cause::Refused(status @ (401 | 403)) => write!(
                f,
                "the registry {registry} does not let us see {repository} ({status}): docker login \
                 {registry}, as one who may pull it, or is the name misspelt?"
            ),
            Cause::Refused(429) => write!(
                f,
                "the registry {registry} is asked too often (429), of {repository}"
            ),
            Cause::Refused(status) => {
                write!(
                    f,
                    "the registry {registry} answers {status}, of {repository}"
                )
            }
            Cause::Login(error) => {
                write!(f, "failed to log in to the registry {registry}: {error:#}")
            }
            Cause::Unreachable(reason) => {
                write!(f, "the registry {registry} does not answer: {reason}")
            }
            Cause::Garbled(reason) => write!(
                f,
                "what the registry {registry} answers of {repository} cannot be read: {reason}"
            ),
        }
    }
}

impl std::error::Error for RegistryError {}
