use crate::model::{Ending, Stage};

/// How the sentence about a deploy that failed begins.
pub const FAILED: &str = "Deploy failed: ";

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
            // Our own status says so itself.
            let words = words.strip_prefix(FAILED).unwrap_or(words);
            let sentence = format!("{FAILED}{words}{}", log.unwrap_or_default());
            (Ending::Failed, "failed", sentence)
        }
        Stage::Queued
        | Stage::Building { .. }
        | Stage::Landing { .. }
        | Stage::Answering { .. }
        | Stage::Passed { .. } => (Ending::Failed, "failed", "The deploy has not ended".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_it_failed_is_said_once() {
        for words in ["hey-new: no image", "Deploy failed: hey-new: no image"] {
            let (words, log) = (words.to_owned(), None);
            let (_, _, sentence) = end_of(&Stage::Failed { words, log });
            assert_eq!(sentence, "Deploy failed: hey-new: no image");
        }
    }
}
