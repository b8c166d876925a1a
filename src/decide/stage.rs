use std::time::Duration;

use crate::model::{ANSWERING, Posted, Stage};

/// How far a deployment with these statuses, newest first, has come.
///
/// The newest log counts, whoever told it. Our own final word counts, whatever the build's end brings after it: a build that was superseded
/// ends as failed. A build's `success` is none of ours: it says that its steps passed.
pub fn stage(statuses: &[Posted]) -> Stage {
    let log = statuses.iter().find_map(Posted::log);
    let ours = statuses.iter().find_map(|posted| our_stage(posted, log));
    match (ours, statuses.first()) {
        (Some(ours), _) if ours.is_final() => ours,
        (ours, Some(newest)) => others_stage(newest, log).or(ours).unwrap_or(Stage::Queued),
        (_, None) => Stage::Queued,
    }
}

fn our_stage(posted: &Posted, log: Option<&str>) -> Option<Stage> {
    let words = posted.our_words()?.to_owned();
    let log = log.map(str::to_owned);
    Some(match posted.state.as_str() {
        "success" => Stage::Up {
            url: posted.url().map(str::to_owned),
        },
        "inactive" => Stage::Superseded(words),
        "failure" | "error" => Stage::Failed { words, log },
        _ if words.starts_with(ANSWERING) => Stage::Answering { log },
        _ => Stage::Landing { words, log },
    })
}

/// What a status of somebody else's says, where it says more than ours before it.
fn others_stage(posted: &Posted, log: Option<&str>) -> Option<Stage> {
    if posted.our_words().is_some() {
        return None;
    }
    let log = log.map(str::to_owned);
    let words = posted.description.clone().unwrap_or_default();
    match posted.state.as_str() {
        "success" => Some(Stage::Passed { log }),
        "failure" | "error" => Some(Stage::Failed { words, log }),
        "inactive" => Some(Stage::Superseded(words)),
        _ => Some(Stage::Building { log }),
    }
}

/// What a stage has come to that lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    /// No build has begun: the webhook or the pipeline may be wrong.
    Build,
    /// The build passed, and we said nothing: it does not run us, or not for this app.
    Word,
}

/// Long enough for a webhook and a build's start.
const BUILD: Duration = Duration::from_secs(60);

/// Long enough for a word of ours that crosses the build's own.
const WORD: Duration = Duration::from_secs(20);

/// What should have come by now, after `stage` lasted for a while.
pub fn overdue(stage: &Stage, lasted: Duration) -> Option<Overdue> {
    match stage {
        Stage::Queued if lasted >= BUILD => Some(Overdue::Build),
        Stage::Passed { .. } if lasted >= WORD => Some(Overdue::Word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::describe;

    fn theirs(state: &str) -> Posted {
        Posted {
            state: state.into(),
            description: Some("Build #5".into()),
            log_url: Some("https://build".into()),
            environment_url: Some(String::new()),
        }
    }

    fn ours(state: &str) -> Posted {
        Posted {
            state: state.into(),
            description: Some(describe("words")),
            log_url: Some("https://job".into()),
            environment_url: Some("https://new".into()),
        }
    }

    fn of(oldest_first: &[Posted]) -> Stage {
        let newest_first: Vec<_> = oldest_first.iter().rev().cloned().collect();
        stage(&newest_first)
    }

    #[test]
    fn a_builds_success_is_none_of_ours() {
        let log = Some("https://build".to_owned());
        assert_eq!(of(&[]), Stage::Queued);
        let built = Stage::Building { log: log.clone() };
        assert_eq!(of(&[theirs("pending")]), built);
        let passed = Stage::Passed { log };
        assert_eq!(of(&[theirs("pending"), theirs("success")]), passed);
        let begun = [theirs("pending"), ours("in_progress"), theirs("success")];
        assert_eq!(of(&begun), passed);
    }

    #[test]
    fn releases_that_are_up_are_told_from_an_address_that_answers() {
        let answering = Posted {
            description: Some(describe(&format!("{ANSWERING} https://new"))),
            ..ours("in_progress")
        };
        let log = Some("https://job".to_owned());
        assert_eq!(
            of(&[ours("in_progress"), answering]),
            Stage::Answering { log }
        );
    }

    #[test]
    fn our_final_word_stands_whatever_the_builds_end_brings() {
        let up = Stage::Up {
            url: Some("https://new".into()),
        };
        let superseded = Stage::Superseded("words".into());
        for end in ["success", "failure", "error", "in_progress"] {
            assert_eq!(of(&[ours("success"), theirs(end)]), up, "{end}");
            assert_eq!(of(&[ours("inactive"), theirs(end)]), superseded, "{end}");
        }
    }

    #[test]
    fn a_build_that_fails_before_it_comes_to_us_is_a_failure() {
        let failed = of(&[theirs("pending"), theirs("failure")]);
        assert!(
            matches!(failed, Stage::Failed { words, .. } if words == "Build #5"),
            "the build's own words"
        );
        assert!(of(&[ours("in_progress"), theirs("error")]).is_final());
    }

    #[test]
    fn a_failure_says_what_failed_and_where_its_log_is() {
        let failed = of(&[theirs("pending"), ours("in_progress"), ours("failure")]);
        let words = "words".to_owned();
        let log = Some("https://job".to_owned());
        assert_eq!(failed, Stage::Failed { words, log });
    }

    #[test]
    fn a_build_that_does_not_begin_and_one_that_says_nothing_are_overdue() {
        let seconds = Duration::from_secs;
        let passed = Stage::Passed { log: None };
        assert_eq!(overdue(&Stage::Queued, seconds(59)), None);
        assert_eq!(overdue(&Stage::Queued, seconds(60)), Some(Overdue::Build));
        assert_eq!(overdue(&passed, seconds(19)), None);
        assert_eq!(overdue(&passed, seconds(20)), Some(Overdue::Word));
        let building = Stage::Building { log: None };
        assert_eq!(overdue(&building, seconds(3600)), None);
    }
}
