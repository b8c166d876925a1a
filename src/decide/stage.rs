use std::time::Duration;

use crate::model::{ANSWERING, Posted, Stage};

/// How far a deployment with these statuses, newest first, has come.
///
/// Our own final word counts, whatever a build's end brings after it: a build that was superseded
/// ends as failed. A build's `success` is none of ours: it says that its steps passed, and another
/// pipeline may have passed the deployment over. So the build that we work in counts; as long as we
/// have said nothing, all that were begun.
pub fn stage(statuses: &[Posted]) -> Stage {
    let ours = statuses.iter().position(|it| it.our_words().is_some());
    let Some(at) = ours else {
        return stage_of_builds(&newest_of_each_build(statuses)).unwrap_or(Stage::Queued);
    };
    let log = statuses[at..].iter().find_map(Posted::log);
    let ours = our_stage(&statuses[at], log);
    if ours.is_final() {
        return ours;
    }
    let mut later = newest_of_each_build(&statuses[..at]);
    later.retain(|it| log.is_none() || it.log().map(build_of) == log.map(build_of));
    match stage_of_builds(&later) {
        // That its build goes on is nothing new.
        None | Some(Stage::Building { .. }) => ours,
        Some(ended) => ended,
    }
}

fn our_stage(posted: &Posted, log: Option<&str>) -> Stage {
    let words = posted.our_words().unwrap_or_default().to_owned();
    let log = log.map(str::to_owned);
    match posted.state.as_str() {
        "success" => Stage::Up {
            url: posted.url().map(str::to_owned),
        },
        "inactive" => Stage::Superseded(words),
        "failure" | "error" => Stage::Failed { words, log },
        _ if words.starts_with(ANSWERING) => Stage::Answering { log },
        _ => Stage::Landing { words, log },
    }
}

/// A build's page, by the page of one of its jobs.
pub fn build_of(log: &str) -> &str {
    log.split('#').next().unwrap_or_default()
}

/// What was said last of each build.
fn newest_of_each_build(statuses: &[Posted]) -> Vec<&Posted> {
    let mut newest: Vec<&Posted> = Vec::new();
    for posted in statuses {
        let build = posted.log().map(build_of);
        if newest
            .iter()
            .all(|known| known.log().map(build_of) != build)
        {
            newest.push(posted);
        }
    }
    newest
}

/// What builds say together: one that goes on, before one that failed, before those that passed.
fn stage_of_builds(builds: &[&Posted]) -> Option<Stage> {
    let stages: Vec<Stage> = builds.iter().map(|posted| build_stage(posted)).collect();
    let find = |wanted: fn(&Stage) -> bool| stages.iter().find(|stage| wanted(stage));
    find(|stage| matches!(stage, Stage::Building { .. }))
        .or(find(Stage::is_final))
        .or(stages.first())
        .cloned()
}

fn build_stage(posted: &Posted) -> Stage {
    let log = posted.log().map(str::to_owned);
    let words = posted.description.clone().unwrap_or_default();
    match posted.state.as_str() {
        "success" => Stage::Passed { log },
        "failure" | "error" => Stage::Failed { words, log },
        "inactive" => Stage::Superseded(words),
        _ => Stage::Building { log },
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
            log_url: Some("https://build#job".into()),
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
        let log = Some("https://build#job".to_owned());
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
        let log = Some("https://build#job".to_owned());
        assert_eq!(failed, Stage::Failed { words, log });
    }

    #[test]
    fn a_pipeline_that_passes_the_deployment_over_says_nothing_of_ours() {
        let other = |state: &str| Posted {
            log_url: Some("https://other".into()),
            ..theirs(state)
        };
        let going = [theirs("pending"), other("pending"), other("success")];
        assert!(
            matches!(of(&going), Stage::Building { log } if log.as_deref() == Some("https://build"))
        );
        let landing = [theirs("pending"), ours("in_progress"), other("success")];
        assert!(matches!(of(&landing), Stage::Landing { .. }));
        let failed = [ours("in_progress"), other("failure")];
        assert!(matches!(of(&failed), Stage::Landing { .. }));
        let both = [theirs("success"), other("success")];
        assert!(matches!(of(&both), Stage::Passed { .. }));
    }

    #[test]
    fn a_job_that_is_run_again_is_under_way_again() {
        let again = [ours("in_progress"), theirs("failure"), ours("in_progress")];
        assert!(matches!(of(&again), Stage::Landing { .. }));
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

    #[test]
    fn a_build_that_something_newer_made_inactive_is_superseded() {
        let superseded = Stage::Superseded("Build #5".into());
        assert_eq!(of(&[theirs("pending"), theirs("inactive")]), superseded);
    }
}
