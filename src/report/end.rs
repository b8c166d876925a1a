use crate::model::{Ending, Stage};

/// How a deployment that came to `stage` ended: the status to end with, one word for machines, and
/// the sentence for people.
pub fn end_of(stage: &Stage) -> (Ending, &'static str, String) {
    match stage {
        Stage::Up { url } => {
            let url = url.as_ref().map(|url| format!(" App URL: {url}"));
            let sentence = format!("Deploy success!{}", url.unwrap_or_default());
            (Ending::Done, "success", sentence)
        }
        Stage::Superseded(words) => (Ending::Superseded, "superseded", words.clone()),
        Stage::Failed { words, log } => {
            let log = log.as_ref().map(|log| format!(" (log: {log})"));
            let sentence = format!("Deploy failed: {words}{}", log.unwrap_or_default());
            (Ending::Failed, "failed", sentence)
        }
        Stage::Queued
        | Stage::Building { .. }
        | Stage::Landing { .. }
        | Stage::Answering { .. }
        | Stage::Passed { .. } => (Ending::Failed, "failed", "The deploy has not ended".into()),
    }
}
