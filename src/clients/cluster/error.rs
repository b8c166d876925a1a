use std::fmt;

use crate::clients::{innermost, shortly};

/// Why the cluster did not do what was asked. Its text is one line that says what to do.
#[derive(Debug, Clone)]
pub struct ClusterError {
    /// What was tried, as in `list leases in betas`.
    action: String,
    cause: Cause,
}

#[derive(Debug, Clone)]
enum Cause {
    /// A setting is wrong: the option that it came by, if it was one, and why.
    Setup(Option<&'static str>, String),
    Refused {
        status: u16,
        message: String,
    },
    Unreachable(String),
    Garbled(String),
}

impl ClusterError {
    pub(super) fn setup(option: Option<&'static str>, reason: impl Into<String>) -> Self {
        Self {
            action: "read how to reach the cluster".into(),
            cause: Cause::Setup(option, reason.into()),
        }
    }

    pub(super) fn garbled(action: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            cause: Cause::Garbled(reason.into()),
        }
    }

    /// Whether what a listing was to go on from is there no more.
    pub(super) fn is_expired(&self) -> bool {
        matches!(self.cause, Cause::Refused { status: 410, .. })
    }

    pub(super) fn new(action: impl Into<String>, error: kube::Error) -> Self {
        let cause = match error {
            // A proxy's page, read as the API server's: it tells neither what nor why.
            kube::Error::Api(status) if status.code == 0 => {
                Cause::Garbled("a refusal that is not the API server's own".into())
            }
            kube::Error::Api(status) => Cause::Refused {
                status: status.code,
                message: shortly(status.message),
            },
            kube::Error::SerdeError(reason) => Cause::Garbled(shortly(reason)),
            other => Cause::Unreachable(innermost(&other)),
        };
        Self {
            action: action.into(),
            cause,
        }
    }

    /// Whether what was asked may have been done all the same.
    pub fn is_in_doubt(&self) -> bool {
        match self.cause {
            Cause::Refused { status, .. } => status >= 500,
            Cause::Unreachable(_) | Cause::Garbled(_) => true,
            Cause::Setup(..) => false,
        }
    }

    /// Whether the settings are wrong, rather than the cluster unwilling.
    pub fn is_setup(&self) -> bool {
        matches!(self.cause, Cause::Setup(..))
    }

    /// The option whose value is wrong, where one was given: its name, as in `kubeconfig`.
    pub fn setting(&self) -> Option<&'static str> {
        match self.cause {
            Cause::Setup(option, _) => option,
            Cause::Refused { .. } | Cause::Unreachable(_) | Cause::Garbled(_) => None,
        }
    }

    /// What is wrong, without what was tried.
    pub fn reason(&self) -> &str {
        match &self.cause {
            Cause::Setup(_, reason) | Cause::Unreachable(reason) | Cause::Garbled(reason) => reason,
            Cause::Refused { message, .. } => message,
        }
    }

    /// Whether the same question may be answered later.
    pub fn may_pass(&self) -> bool {
        match self.cause {
            Cause::Refused { status, .. } => status >= 500 || status == 429,
            Cause::Unreachable(_) | Cause::Garbled(_) => true,
            Cause::Setup(..) => false,
        }
    }

    /// The HTTP status, where the API server answered with one.
    pub fn status(&self) -> Option<u16> {
        match self.cause {
            Cause::Refused { status, .. } => Some(status),
            Cause::Setup(..) | Cause::Unreachable(_) | Cause::Garbled(_) => None,
        }
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = &self.action;
        match &self.cause {
            Cause::Setup(_, reason) => write!(f, "failed to {action}: {reason}"),
            Cause::Refused { status: 401, .. } => {
                write!(
                    f,
                    "failed to {action}: the cluster does not know who we are (401)"
                )
            }
            Cause::Refused {
                status: 403,
                message,
            } => write!(
                f,
                "failed to {action}: the cluster refuses (403): {message}; \
                 examples/rbac.yaml lists the rights that are needed"
            ),
            Cause::Refused { status, message } => {
                write!(f, "failed to {action}: {message} ({status})")
            }
            Cause::Unreachable(reason) => {
                write!(
                    f,
                    "failed to {action}: the cluster does not answer: {reason}"
                )
            }
            Cause::Garbled(reason) => write!(f, "failed to {action}: {reason}"),
        }
    }
}

impl std::error::Error for ClusterError {}
