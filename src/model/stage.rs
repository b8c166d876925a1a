/// How far a deployment has come, by all that was posted on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has answered yet.
    Queued,
    /// A deploy build works, and has not come to us yet.
    Building {
        /// The build's page.
        log: Option<String>,
    },
    /// We work on it.
    Landing {
        /// What we said last.
        words: String,
        /// The log.
        log: Option<String>,
    },
    /// Its releases are up; its address is waited for.
    Answering {
        /// The log.
        log: Option<String>,
    },
    /// The build passed without a word of ours.
    Passed {
        /// The build's page.
        log: Option<String>,
    },
    /// It is up.
    Up {
        /// Where it answers; none for an app without an address.
        url: Option<String>,
    },
    /// A newer one took over, or it was not ours to land.
    Superseded(String),
    /// It failed.
    Failed {
        /// What failed.
        words: String,
        /// The log.
        log: Option<String>,
    },
}

impl Stage {
    /// Whether nothing more is to come.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Up { .. } | Self::Superseded(_) | Self::Failed { .. }
        )
    }
}
