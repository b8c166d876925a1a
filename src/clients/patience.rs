//! How an HTTP client asks again: by a policy that it is given, and never in silence.

use std::{fmt, sync::Arc, time::Duration};

use tokio::time::{Sleep, sleep};

use crate::model::{Answer, Retry};

/// Whether a request is sent again: by its answer, the attempts so far, and whether it is safe.
pub type Policy = fn(Answer, u32, bool) -> Retry;

/// Who is told of a wait, when it begins.
type Tell = dyn Fn(Duration) + Send + Sync;

/// What is shorter passes unnoticed.
const NOTICED: Duration = Duration::from_secs(2);

/// A policy, and who hears of the waits that it asks for.
#[derive(Clone)]
pub struct Patience {
    policy: Policy,
    tell: Arc<Tell>,
}

impl Patience {
    /// Asks again by `policy`; each wait that a person would notice is told when it begins.
    pub fn new(policy: Policy, tell: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self {
            policy,
            tell: Arc::new(tell),
        }
    }

    /// Whether the request is to be sent again; waits until then.
    pub(super) async fn again(&self, answer: Answer, attempt: u32, safe: bool) -> bool {
        match self.wait(answer, attempt, safe) {
            Some(wait) => {
                wait.await;
                true
            }
            None => false,
        }
    }

    /// The wait, until the request is sent again, which begins now; none if it is not.
    pub(super) fn wait(&self, answer: Answer, attempt: u32, safe: bool) -> Option<Sleep> {
        match (self.policy)(answer, attempt, safe) {
            Retry::No => None,
            Retry::After(wait) => {
                if wait >= NOTICED {
                    (self.tell)(wait);
                }
                Some(sleep(wait))
            }
        }
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patience")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn a_wait_that_is_noticed_is_told_before_it_begins() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&told);
        let policy: Policy = |answer, _, _| match answer {
            Answer::Status(_, Some(wait)) => Retry::After(wait),
            _ => Retry::No,
        };
        let patience = Patience::new(policy, move |wait| hears.lock().unwrap().push(wait));
        let (short, long) = (Duration::from_millis(10), NOTICED);
        for wait in [short, long] {
            assert!(
                patience
                    .again(Answer::Status(429, Some(wait)), 1, true)
                    .await
            );
        }
        assert!(!patience.again(Answer::None, 1, true).await);
        assert_eq!(*told.lock().unwrap(), [long]);
    }
}
