use std::time::Duration;

/// How both majors of Helm say that a wait was too long.
const WORDS: [&str; 2] = [
    "timed out waiting for the condition",
    "context deadline exceeded",
];

/// Whether a Helm that failed, and `ran` so long, failed since the `limit` was over that it was given.
///
/// Neither its words prove it (a single request can be too slow, too) nor the clock (each hook has
/// the limit for itself, and something else may fail afterwards): both together do.
pub fn is_timeout(complaint: &str, ran: Duration, limit: Duration) -> bool {
    // Helm counts whole seconds.
    let limit = Duration::from_secs(limit.as_secs().max(1));
    ran >= limit && WORDS.iter().any(|words| complaint.contains(words))
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
        assert!(!is_timeout(
            "UPGRADE FAILED: forbidden",
            seconds(9),
            seconds(5)
        ));
    }
}
