use std::fmt;

/// Why the cluster did not do what was asked. Its text is one line that says what to do.
#[derive(Debug)]
pub struct ClusterError {
    /// What was tried, as in `list leases in betas`.
    action: String,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Setup(String),
    Refused { status: u16, message: String },
    Unreachable(String),
    Garbled(String),
}

impl ClusterError {
    pub(super) fn setup(reason: String) -> Self {
        Self {
            action: "read how to reach the cluster".into(),
            cause: Cause::Setup(reason),
        }
    }

    pub(super) fn garbled(action: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            cause: Cause::Garbled(reason.into()),
        }
    }

    pub(super) fn new(action: impl Into<String>, error: kube::Error) -> Self {
        let cause = match error {
            kube::Error::Api(status) => Cause::Refused {
                status: status.code,
                message: status.message,
            },
            kube::Error::SerdeError(reason) => Cause::Garbled(reason.to_string()),
            other => Cause::Unreachable(innermost(&other)),
        };
        Self {
            action: action.into(),
            cause,
        }
    }

    /// Whether the settings are wrong, rather than the cluster unwilling.
    pub fn is_setup(&self) -> bool {
        matches!(self.cause, Cause::Setup(_))
    }

    /// The HTTP status, where the API server answered with one.
    pub fn status(&self) -> Option<u16> {
        match self.cause {
            Cause::Refused { status, .. } => Some(status),
            Cause::Setup(_) | Cause::Unreachable(_) | Cause::Garbled(_) => None,
        }
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => error.to_string(),
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = &self.action;
        match &self.cause {
            Cause::Setup(reason) => write!(f, "failed to {action}: {reason}"),
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
