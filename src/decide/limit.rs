use std::time::Duration;

/// How both majors of Helm say that a wait was too long.
const WORDS: [&str; 2] = [
    "timed out waiting for the condition",
    "context deadline exceeded",
];

/// The same of a request that would have had to wait for its turn longer than that, and how long such a wait may
/// be.
const TURN: &str = "would exceed context deadline";
const TURNS: Duration = Duration::from_secs(5);

/// Whether a Helm that failed, and `ran` so long, failed since the `limit` was over that it was given.
///
/// Neither its words prove it (a single request can be too slow, too) nor the clock (each hook has
/// the limit for itself, and something else may fail afterwards): both together do.
pub fn is_timeout(complaint: &str, ran: Duration, limit: Duration) -> bool {
    // Helm counts whole seconds.
    let limit = Duration::from_secs(limit.as_secs().max(1));
    let is_said = WORDS.iter().any(|words| complaint.contains(words));
    (ran >= limit && is_said) || (ran + TURNS >= limit && complaint.contains(TURN))
}

/// Whether a Helm that failed had waited for something that its watcher then took for lost: Helm 4 does so by
/// what the object says of itself, before its time is up.
pub fn has_waited(complaint: &str) -> bool {
    complaint.contains(" not ready. status: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_told_by_words_and_clock_together() {
        let seconds = Duration::from_secs;
        let words = "UPGRADE FAILED: context deadline exceeded";
        assert!(is_timeout(words, seconds(5), seconds(5)));
        assert!(is_timeout(words, seconds(1), Duration::from_millis(1500)));
        assert!(!is_timeout(words, seconds(4), seconds(5)));
        let turn = "client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline";
        assert!(is_timeout(turn, seconds(58), seconds(60)));
        assert!(!is_timeout(turn, seconds(50), seconds(60)));
        assert!(!is_timeout(
            "UPGRADE FAILED: forbidden",
            seconds(9),
            seconds(5)
        ));
    }

    /// As Helm 4.3 says it.
    #[test]
    fn a_watcher_that_gives_up_has_waited() {
        let says = "UPGRADE FAILED: resource Deployment/betas/web not ready. status: Failed, message: \
            Progress deadline exceeded";
        assert!(has_waited(says));
        assert!(!has_waited(
            "UPGRADE FAILED: cannot patch \"web\": field is immutable"
        ));
    }
}
