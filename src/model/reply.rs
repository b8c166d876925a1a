use std::{fmt, time::Duration};

/// What asking for an address came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It answered.
    Said(Said),
    /// It did not.
    Silence(Silence),
}

/// An answer of HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Its HTTP status.
    pub status: u16,
    /// Its headers, their names in lower case; what is no text is left out.
    pub headers: Vec<(String, String)>,
    /// The beginning of its body; empty where nobody asked for it.
    pub body: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// Nobody listens there.
    Refused,
    /// Nothing came in this time, or not all of it.
    Late(Duration),
    /// The certificate is for other names, or of nobody whom this machine trusts.
    Certificate(String),
    /// TLS failed otherwise.
    Tls(String),
    /// The connection failed otherwise.
    Connection(String),
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("it refuses connections: nobody listens there"),
            Self::Late(limit) => write!(f, "no answer within {} s", limit.as_secs_f32()),
            Self::Certificate(reason) => write!(f, "its certificate is not accepted: {reason}"),
            Self::Tls(reason) => write!(f, "TLS fails: {reason}"),
            Self::Connection(reason) => write!(f, "the connection fails: {reason}"),
        }
    }
}
