use std::fmt;

/// How a command ended, as its exit status tells: documented in the README, relied upon by pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Done, or nothing to do: 0.
    Done,
    /// Something failed: 1.
    Failed,
    /// Wrong usage or settings, and nothing was touched: 2.
    Usage,
    /// A newer deployment takes over, or the branch is gone: 3.
    Superseded,
    /// Waited as long as the settings allow: 4.
    TimedOut,
    /// Refused on purpose: a brake, the limit of environments, the default branch: 5.
    Refused,
    /// Ended by this signal, after cleaning up: 128 + n.
    Signal(u8),
}

impl Ending {
    /// The process's exit status.
    pub fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Superseded => 3,
            Self::TimedOut => 4,
            Self::Refused => 5,
            Self::Signal(number) => 128 + number,
        }
    }

    /// How a command ends in which both happened: as what needs a person most. A failure hides what
    /// a setting or a brake explains, and that what the next run may find done.
    pub fn worse(self, other: Self) -> Self {
        if other.gravity() > self.gravity() {
            other
        } else {
            self
        }
    }

    fn gravity(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Superseded => 1,
            Self::TimedOut => 2,
            Self::Refused => 3,
            Self::Usage => 4,
            Self::Failed => 5,
            Self::Signal(_) => 6,
        }
    }
}

/// The end of a command before its work is done, with what a person should know.
///
/// Travels as the root of an `anyhow::Error`, so that any depth can end the command with the
/// right status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    /// How the command ends.
    pub ending: Ending,
    /// What, where, and what to do.
    pub message: String,
}

impl Halt {
    /// A settings mistake.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            ending: Ending::Usage,
            message: message.into(),
        }
    }

    /// A refusal on purpose.
    pub fn refused(message: impl Into<String>) -> Self {
        Self {
            ending: Ending::Refused,
            message: message.into(),
        }
    }

    /// A wait that was long enough.
    pub fn timed_out(message: impl Into<String>) -> Self {
        Self {
            ending: Ending::TimedOut,
            message: message.into(),
        }
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Halt {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_of_two_endings_counts_whatever_their_order() {
        let by_gravity = [
            Ending::Done,
            Ending::Superseded,
            Ending::TimedOut,
            Ending::Refused,
            Ending::Usage,
            Ending::Failed,
            Ending::Signal(15),
        ];
        for (place, worse) in by_gravity.into_iter().enumerate() {
            for other in &by_gravity[..place] {
                assert_eq!(worse.worse(*other), worse);
                assert_eq!(other.worse(worse), worse);
            }
        }
    }
}
