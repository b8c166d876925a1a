use std::{fmt, time::Duration};

/// Why GitHub did not do what was asked. Its text is one line that says what to do.
#[derive(Debug)]
pub struct GitHubError {
    /// As in `GET /repos/acme/hey`.
    request: String,
    cause: Cause,
}

#[derive(Debug)]
pub(super) enum Cause {
    /// A status that is no success, GitHub's message, and the permission that it names.
    Refused {
        status: u16,
        message: String,
        permission: Option<String>,
    },
    /// The rate limit is used up for longer than we wait.
    Limited { wait: Option<Duration> },
    /// No answer, or one that was cut off.
    Unreachable(String),
    /// An answer that is not what the API promises.
    Garbled(String),
    /// GitHub cannot or may not answer a question of GraphQL's, or a part of it.
    Unanswered(String),
    /// GitHub gives the App no token: its status and message, and what to do.
    NoToken(String),
}

impl GitHubError {
    pub(super) fn new(request: impl Into<String>, cause: Cause) -> Self {
        Self {
            request: request.into(),
            cause,
        }
    }

    pub(super) fn endless(path: &str) -> Self {
        Self::new(
            format!("GET {path}"),
            Cause::Garbled("the listing does not end".into()),
        )
    }

    /// Whether GitHub refused with this sentence.
    pub(super) fn says(&self, sentence: &str) -> bool {
        matches!(&self.cause, Cause::Refused { message, .. } if message == sentence)
    }

    /// A refusal of the App itself, and what to do.
    pub(super) fn of_the_app(self, advice: String) -> Self {
        let Cause::Refused {
            status, message, ..
        } = &self.cause
        else {
            return self;
        };
        let reason = format!("({status} {message} to {}): {advice}", self.request);
        Self::new(self.request, Cause::NoToken(reason))
    }

    /// Whether what was asked for may have been done all the same.
    pub fn leaves_doubt(&self) -> bool {
        match self.cause {
            Cause::Refused { status, .. } => status >= 500,
            Cause::Limited { .. } | Cause::Unanswered(_) | Cause::NoToken(_) => false,
            Cause::Unreachable(_) | Cause::Garbled(_) => true,
        }
    }

    /// Whether the same request may be answered later.
    pub fn may_pass(&self) -> bool {
        self.leaves_doubt() || matches!(self.cause, Cause::Limited { .. })
    }

    /// The HTTP status, where GitHub answered with one.
    pub fn status(&self) -> Option<u16> {
        match self.cause {
            Cause::Refused { status, .. } => Some(status),
            Cause::Limited { .. }
            | Cause::Unreachable(_)
            | Cause::Garbled(_)
            | Cause::Unanswered(_)
            | Cause::NoToken(_) => None,
        }
    }
}

impl fmt::Display for GitHubError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = &self.request;
        match &self.cause {
            Cause::Refused {
                status: 401,
                message,
                ..
            } => write!(
                f,
                "GitHub refuses the token (401 {message} to {request}): it is wrong or has expired"
            ),
            Cause::Refused {
                status: 403,
                message,
                permission: Some(permission),
            } => write!(
                f,
                "GitHub answered 403 to {request}: {message}; the token needs {permission}"
            ),
            Cause::Refused {
                status, message, ..
            } => {
                write!(f, "GitHub answered {status} to {request}: {message}")
            }
            Cause::Limited { wait: Some(wait) } => write!(
                f,
                "GitHub's rate limit is used up ({request}): it is free again in {} s",
                wait.as_secs()
            ),
            Cause::Limited { wait: None } => {
                write!(
                    f,
                    "GitHub's rate limit is used up ({request}): try again in a few minutes"
                )
            }
            Cause::Unreachable(reason) => {
                write!(f, "GitHub does not answer {request}: {reason}")
            }
            Cause::Garbled(reason) => {
                write!(f, "GitHub's answer to {request} cannot be read: {reason}")
            }
            Cause::NoToken(reason) => write!(f, "GitHub gives the App no token {reason}"),
            Cause::Unanswered(reason) => write!(f, "GitHub does not tell ({request}): {reason}"),
        }
    }
}

impl std::error::Error for GitHubError {}
