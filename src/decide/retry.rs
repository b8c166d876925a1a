use std::time::Duration;

use crate::model::{Answer, Retry};

/// The longest single wait; a server that asks for more is not waited for, and the error says so.
pub const MOST_WAIT: Duration = Duration::from_secs(60);

const ATTEMPTS: u32 = 5;

/// How often a limit is waited for that tells no time, a minute each: GitHub asks for one at least.
const MINUTES: u32 = 2;

/// Whether a request that was answered by `answer` is sent again, after `attempt` attempts.
///
/// What may have been done already is repeated only for requests that change nothing (`safe`);
/// a refusal for the rate limit has done nothing, so it is repeated for every request. GitHub's
/// secondary limits come as 403 or 429 (GitHub's docs, "Best practices for using the REST API").
pub fn retry(answer: Answer, attempt: u32, safe: bool) -> Retry {
    if attempt >= ATTEMPTS {
        return Retry::No;
    }
    match answer {
        Answer::Status(403 | 429, Some(wait)) if wait <= MOST_WAIT => Retry::After(wait),
        Answer::Limited if attempt <= MINUTES => Retry::After(MOST_WAIT),
        Answer::Status(429, None) => Retry::After(backoff(attempt)),
        Answer::Status(502..=504, wait) if safe && wait.is_none_or(|wait| wait <= MOST_WAIT) => {
            Retry::After(wait.unwrap_or(backoff(attempt)))
        }
        Answer::Status(500, _) | Answer::None if safe => Retry::After(backoff(attempt)),
        Answer::Status(..) | Answer::Limited | Answer::None => Retry::No,
    }
}

fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(250 * 2u64.pow(attempt.min(6)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_read_is_repeated_after_faults_and_a_write_is_not() {
        for answer in [
            Answer::None,
            Answer::Status(500, None),
            Answer::Status(503, None),
        ] {
            assert!(
                matches!(retry(answer, 1, true), Retry::After(_)),
                "{answer:?}"
            );
            assert_eq!(retry(answer, 1, false), Retry::No, "{answer:?}");
        }
    }

    #[test]
    fn a_rate_limit_is_waited_for_as_long_as_it_asks_within_bounds() {
        for status in [403, 429] {
            let wait = |wait| retry(Answer::Status(status, Some(wait)), 1, false);
            assert_eq!(wait(7 * SECOND), Retry::After(7 * SECOND));
            assert_eq!(wait(60 * SECOND), Retry::After(60 * SECOND));
            assert_eq!(wait(61 * SECOND), Retry::No);
        }
    }

    #[test]
    fn a_limit_that_tells_no_time_is_waited_for_by_the_minute_and_not_for_ever() {
        let of = |attempt| retry(Answer::Limited, attempt, false);
        assert_eq!([of(1), of(2)], [Retry::After(60 * SECOND); 2]);
        assert_eq!(of(3), Retry::No);
    }

    #[test]
    fn each_wait_that_nobody_asked_for_is_twice_the_one_before() {
        let of = |attempt| retry(Answer::None, attempt, true);
        let waits = [500, 1000, 2000, 4000];
        let waits = waits.map(|it| Retry::After(Duration::from_millis(it)));
        assert_eq!([of(1), of(2), of(3), of(4)], waits);
        assert_eq!(of(5), Retry::No);
        let asked = |seconds| Answer::Status(503, Some(seconds * SECOND));
        assert_eq!(retry(asked(60), 1, true), Retry::After(60 * SECOND));
        assert_eq!(retry(asked(61), 1, true), Retry::No);
    }

    #[test]
    fn refusals_stand() {
        for status in [400, 401, 403, 404, 409, 422] {
            assert_eq!(
                retry(Answer::Status(status, None), 1, true),
                Retry::No,
                "{status}"
            );
        }
    }

    #[test]
    fn nothing_is_repeated_for_ever() {
        assert_eq!(retry(Answer::None, 5, true), Retry::No);
    }
}
